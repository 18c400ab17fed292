"""Writes planned leases and jobs through the services of their own layers, and what undo and people need to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from integrations.models import Conflict, Connection, PropertyMapping, ProviderRecord, SyncChange
from integrations.records import Resource
from integrations.sync.people import withdraw_leases
from integrations.sync.plan_entities import Row
from maintenance.services import imports as job_imports
from properties.models import Unit
from tenancies.models import Tenant
from tenancies.services import imports as lease_imports


def apply_leases(source: Connection, rows: Sequence[Row]) -> None:
    """Writes the planned leases with their tenants, and takes back those of no longer mapped properties."""
    planned = [row for row in rows if row.plan is not None]
    _save_new_units(row.plan.source.unit for row in planned)
    tenants = lease_imports.apply_leases(
        organisation=source.organisation,
        provider=source.provider,
        connection_id=source.id,
        plans=[row.plan for row in planned],
    )
    for row in planned:
        row.target_id = row.plan.lease.id
    withdraw_leases(source=source, lease_ids=_leave(rows))
    _note_in_mappings(planned)
    _claim_contacts(source, tenants)


def apply_jobs(source: Connection, rows: Sequence[Row]) -> None:
    """Writes the planned work orders, and takes back those of no longer mapped properties."""
    planned = [row for row in rows if row.plan is not None]
    job_imports.apply_jobs(
        organisation=source.organisation,
        provider=source.provider,
        connection_id=source.id,
        plans=[row.plan for row in planned],
    )
    for row in planned:
        row.target_id = row.plan.order.id
    job_imports.withdraw_jobs(organisation=source.organisation, order_ids=_leave(rows))


def _leave(rows: Sequence[Row]) -> list[UUID]:
    """What records of no longer mapped properties had become; they let go of it."""
    leaving = [row for row in rows if row.action == "unmap"]
    targets = [row.target_id for row in leaving if row.target_id]
    for row in leaving:
        row.target_id = None
    return targets


def _note_in_mappings(rows: Sequence[Row]) -> None:
    """Lease and tenant details into the mapping's metadata; an ended lease never hides the current one."""
    changed: dict[UUID, PropertyMapping] = {}
    for row in rows:
        mapping = row.mapping
        if mapping is None:
            continue
        current = mapping.metadata.get("lease", {}).get("id")
        if row.plan.lease.status == "ended" and current not in (None, row.provider_id):
            continue
        facts = row.facts
        details = {
            "lease": {
                "id": row.provider_id,
                "status": row.plan.lease.status,
                **{
                    name: facts.get(name)
                    for name in ("starts_on", "ends_on", "vacates_on", "rent_amount", "rent_period", "paid_to",
                                 "bond_amount", "arrears_amount", "arrears_days")
                },
            },
            "tenant": {name: facts.get(name) for name in ("name", "email", "phone")},
        }  # fmt: skip
        if mapping.metadata != details:
            mapping.metadata = details
            changed[mapping.id] = mapping
    PropertyMapping.objects.bulk_update(changed.values(), ["metadata"], batch_size=500)


def _claim_contacts(source: Connection, tenants: Sequence[Tenant]) -> None:
    """Contacts that waited for their lease now point at the tenant they became."""
    keys = {tenant.provider_id: tenant.id for tenant in tenants}
    waiting = ProviderRecord.objects.filter(
        connection=source, resource=Resource.CONTACT.value, provider_id__in=list(keys), target_id__isnull=True
    )
    for record in waiting:
        record.target_id, record.verdict, record.reason = keys[record.provider_id], "imported", ""
        record.save(update_fields=["target_id", "verdict", "reason"])


_PUT_TARGETS = """
UPDATE pt_plan p SET transaction_id = t.target FROM unnest(%s::uuid[], %s::uuid[]) AS t(record_id, target)
WHERE p.record_id = t.record_id
"""


def note_targets(cursor: Any, rows: Sequence[Row]) -> None:
    """Tells the chunk's plan what each record became, which is known only once it is written."""
    cursor.execute(_PUT_TARGETS, [[row.record_id for row in rows], [row.target_id for row in rows]])


def log_rows(source: Connection, run_id: UUID, target: str, rows: Sequence[Row]) -> None:
    """Notes for undo what was created and changed; opens, refreshes and closes the cards of held changes."""
    SyncChange.objects.bulk_create(
        [
            SyncChange(
                organisation_id=source.organisation_id,
                run_id=run_id,
                record_id=row.record_id,
                action=row.action,
                target=target,
                target_id=row.target_id,
                changes=row.changes,
            )
            for row in rows
            if row.action in ("create", "update") and row.target_id
        ],
        batch_size=500,
    )
    open_cards = [(row, row.target_id) for row in rows if row.held and row.target_id]
    settled = [row.record_id for row in rows if not row.held]
    Conflict.objects.filter(record_id__in=settled, state=Conflict.State.OPEN).update(
        state=Conflict.State.OBSOLETE, decided_at=timezone.now()
    )
    for row, target_id in open_cards:
        Conflict.objects.update_or_create(
            record_id=row.record_id,
            target_id=target_id,
            state=Conflict.State.OPEN,
            defaults={
                "organisation_id": source.organisation_id,
                "connection": source,
                "target": target,
                "cause": Conflict.Cause.EDITED,
                "changes": row.held,
                "content_hash": row.content_hash,
                "sync_run_id": run_id,
            },
        )


def log_people(source: Connection, run_id: UUID, rows: Sequence[Row]) -> None:
    """Notes for undo what changed of tenants and owners."""
    SyncChange.objects.bulk_create(
        [
            SyncChange(
                organisation_id=source.organisation_id,
                run_id=run_id,
                record_id=row.record_id,
                action="update",
                target="tenant" if isinstance(row.plan, Tenant) else "owner",
                target_id=row.plan.pk,
                changes=row.changes,
            )
            for row in rows
            if row.action == "update"
        ],
        batch_size=500,
    )


def _save_new_units(units: Iterable[Unit]) -> None:
    """A property without a unit gets one with its first lease."""
    Unit.objects.bulk_create({unit.pk: unit for unit in units if unit._state.adding}.values())
