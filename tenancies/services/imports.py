"""Leases and tenants as a provider describes them. A person's edit of a field wins; a unit follows its lease."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from access.models import Organisation
from core.changes import Changes, differences, split_edited
from properties.models import Property, Unit
from tenancies.models import Lease, LeaseTenant, Tenant


@dataclass(frozen=True, slots=True)
class LeaseInput:
    """A lease at the provider, with the property and unit of ours that it belongs to."""

    provider_id: str
    property: Property
    unit: Unit
    tenant_name: str
    tenant_ref: str
    tenant_email: str
    tenant_phone: str
    values: dict[str, Any]


@dataclass(slots=True)
class LeasePlan:
    """What would happen to one lease. `held` are changes to fields that a person edited: they become a conflict."""

    source: LeaseInput
    lease: Lease | None
    changes: Changes = field(default_factory=dict)
    held: Changes = field(default_factory=dict)

    @property
    def action(self) -> str:
        if self.lease is None:
            return "create"
        return "update" if self.changes else "conflict" if self.held else "same"


def lease_status(*, closed: bool, starts_on: date | None, vacates_on: date | None, today: date) -> str:
    """ended once closed or vacated, pending before its first day, notice while moving out, else active."""
    if closed or (vacates_on and vacates_on < today):
        return Lease.Status.ENDED
    if vacates_on:
        return Lease.Status.NOTICE
    if starts_on and starts_on > today:
        return Lease.Status.PENDING
    return Lease.Status.ACTIVE


def plan_leases(*, organisation: Organisation, connection_id: UUID, inputs: Sequence[LeaseInput]) -> list[LeasePlan]:
    """Compares each lease with ours. One query whatever the number.

    Ours are locked, so that a person who edits one meanwhile waits; hence inside the caller's transaction.
    """
    known = {
        lease.provider_id: lease
        for lease in Lease.objects.select_for_update(of=("self",))
        .filter(
            organisation=organisation,
            connection_id=connection_id,
            provider_id__in=[item.provider_id for item in inputs],
        )
        .order_by("id")
    }
    plans = []
    for item in inputs:
        lease = known.get(item.provider_id)
        plan = LeasePlan(item, lease)
        if lease is None:
            plan.changes = {name: ["", str(value)] for name, value in item.values.items() if value not in (None, "")}
        else:
            wanted = {**item.values, "property_id": item.property.id, "unit_id": item.unit.id}
            plan.changes, plan.held = split_edited(differences(lease, wanted), lease.edited_fields)
        plans.append(plan)
    return plans


def apply_leases(
    *, organisation: Organisation, provider: str, connection_id: UUID, plans: Sequence[LeasePlan]
) -> list[Tenant]:
    """Writes the plans and answers the tenants they created. Each plan's `lease` is set afterwards.

    Runs inside the caller's transaction; the same plans a second time change nothing.
    """
    created, updated = [], []
    # A lease that moves changes the status of the unit it leaves, too.
    units = {plan.lease.unit_id for plan in plans if plan.lease}
    for plan in plans:
        if plan.action == "create":
            plan.lease = Lease(
                organisation=organisation,
                provider=provider,
                connection_id=connection_id,
                provider_id=plan.source.provider_id,
                property=plan.source.property,
                unit=plan.source.unit,
                currency=organisation.currency,
                **plan.source.values,
            )
            created.append(plan.lease)
        elif plan.action == "update" and plan.lease is not None:
            for name in plan.changes:
                setattr(plan.lease, name, _wanted(plan, name))
            updated.append(plan.lease)
    Lease.objects.bulk_create(created, batch_size=500)
    if updated:
        names = {name for plan in plans for name in plan.changes if plan.lease in updated}
        Lease.objects.bulk_update(updated, sorted(names), batch_size=500)
    tenants = _save_tenants(organisation, provider, connection_id, plans)
    refresh_unit_status(unit_ids=units | {plan.lease.unit_id for plan in plans if plan.lease})
    return tenants


def _wanted(plan: LeasePlan, name: str) -> Any:
    if name == "property_id":
        return plan.source.property.id
    if name == "unit_id":
        return plan.source.unit.id
    return plan.source.values[name]


def _save_tenants(
    organisation: Organisation, provider: str, connection_id: UUID, plans: Sequence[LeasePlan]
) -> list[Tenant]:
    wanted = {_tenant_key(plan.source): plan.source for plan in plans}
    known = {
        tenant.provider_id: tenant
        for tenant in Tenant.objects.filter(
            organisation=organisation, connection_id=connection_id, provider_id__in=list(wanted)
        )
    }
    created = [
        Tenant(
            organisation=organisation,
            provider=provider,
            connection_id=connection_id,
            provider_id=key,
            name=source.tenant_name[:200],
            email=source.tenant_email[:254],
            phone=source.tenant_phone[:40],
        )
        for key, source in wanted.items()
        if key not in known
    ]
    Tenant.objects.bulk_create(created, batch_size=500)
    known.update({tenant.provider_id: tenant for tenant in created})
    LeaseTenant.objects.bulk_create(
        [
            LeaseTenant(lease=plan.lease, tenant=known[_tenant_key(plan.source)], is_primary=True)
            for plan in plans
            if plan.lease is not None
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return created


def _tenant_key(source: LeaseInput) -> str:
    # A tenancy without a contact still has a tenant: the tenancy's own id stands for them.
    return source.tenant_ref or f"tenancy~{source.provider_id}"


def update_tenant(*, tenant: Tenant, name: str = "", email: str = "", phone: str = "") -> Changes:
    """Takes over a contact's changed details; blank ones at the provider never erase ours."""
    values = {"name": name[:200], "email": email[:254], "phone": phone[:40]}
    changes = differences(tenant, {key: value for key, value in values.items() if value})
    if changes:
        for key in changes:
            setattr(tenant, key, values[key])
        tenant.save(update_fields=[*changes, "updated_at"])
    return changes


def refresh_unit_status(*, unit_ids: Iterable[UUID]) -> None:
    """Sets each unit to what its leases say. An offline unit stays offline: a person took it off the market."""
    units = list(Unit.objects.filter(id__in=list(unit_ids)).exclude(status=Unit.Status.OFFLINE))
    statuses: dict[UUID, set[str]] = {unit.id: set() for unit in units}
    for unit_id, status in Lease.objects.filter(unit__in=units).values_list("unit_id", "status"):
        statuses[unit_id].add(status)
    changed = []
    for unit in units:
        found = statuses[unit.id]
        status = (
            Unit.Status.OCCUPIED
            if Lease.Status.ACTIVE in found
            else Unit.Status.NOTICE
            if Lease.Status.NOTICE in found
            else Unit.Status.VACANT
        )
        if unit.status != status:
            unit.status = status
            changed.append(unit)
    Unit.objects.bulk_update(changed, ["status"], batch_size=500)


def roll_statuses(*, organisation: Organisation, today: date) -> int:
    """Moves leases whose day has come: pending ones start, vacated ones end. Answers how many moved."""
    due = Lease.objects.filter(organisation=organisation).filter(
        Q(status=Lease.Status.PENDING, starts_on__lte=today)
        | Q(status__in=[Lease.Status.NOTICE, Lease.Status.ACTIVE], vacates_on__lt=today)
    )
    moved = []
    for lease in due:
        lease.status = lease_status(closed=False, starts_on=lease.starts_on, vacates_on=lease.vacates_on, today=today)
        moved.append(lease)
    Lease.objects.bulk_update(moved, ["status"], batch_size=500)
    refresh_unit_status(unit_ids={lease.unit_id for lease in moved})
    return len(moved)


def withdraw_leases(*, organisation: Organisation, lease_ids: Iterable[UUID]) -> int:
    """Takes back leases that an import created and no person has edited since: the undo of an import.

    Their tenants go too, where no other lease names them. Answers how many leases went.
    """
    leases = Lease.objects.filter(organisation=organisation, id__in=list(lease_ids), edited_fields=[])
    units = set(leases.values_list("unit_id", flat=True))
    tenants = list(Tenant.objects.filter(leases__in=leases).values_list("id", flat=True))
    count = leases.count()
    leases.delete()
    Tenant.objects.filter(id__in=tenants, leases__isnull=True).exclude(provider="").delete()
    refresh_unit_status(unit_ids=units)
    return count


def lease_values(facts: dict[str, Any], *, today: date) -> dict[str, Any]:
    """The lease's columns from a normalised tenancy (integrations.records.TenancyRecord as stored)."""
    starts, ends, vacates = (_date(facts.get(name)) for name in ("starts_on", "ends_on", "vacates_on"))
    return {
        "tenant_names": str(facts.get("name") or "")[:300],
        "status": lease_status(closed=bool(facts.get("is_closed")), starts_on=starts, vacates_on=vacates, today=today),
        "starts_on": starts,
        "ends_on": ends,
        "vacates_on": vacates,
        "is_periodic": bool(facts.get("is_periodic")),
        "rent_amount": Decimal(str(facts["rent_amount"])),
        "rent_period": str(facts.get("rent_period") or Lease.RentPeriod.WEEKLY),
        "bond_amount": _decimal(facts.get("bond_amount")),
        "bond_held": _decimal(facts.get("bond_held")),
        "paid_to": _date(facts.get("paid_to")),
        "arrears_amount": _decimal(facts.get("arrears_amount")) or Decimal(0),
        "arrears_days": int(facts.get("arrears_days") or 0),
    }


def _date(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def _decimal(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value)).quantize(Decimal("0.01"))
