from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation
from properties.models import Unit
from tenancies.models import Lease, Tenant
from tenancies.services.imports import (
    LeaseInput,
    apply_leases,
    lease_status,
    lease_values,
    plan_leases,
    refresh_unit_status,
    roll_statuses,
    update_tenant,
    withdraw_leases,
)
from tests.factories.properties import UnitFactory
from tests.factories.tenancies import LeaseFactory, LeaseTenantFactory, TenantFactory

CONNECTION = uuid.UUID(int=1)
TODAY = date(2026, 1, 10)
FACTS = {
    "name": "Nguyễn, Lan",
    "starts_on": "2025-07-01",
    "ends_on": "2026-06-30",
    "rent_amount": "640.0",
    "rent_period": "weekly",
    "bond_amount": "2560",
    "arrears_amount": "12.5",
    "arrears_days": 3,
}


@pytest.fixture
def unit(organisation: Organisation) -> Unit:
    return UnitFactory(organisation=organisation)


def take_in(unit: Unit, provider_id: str = "tenancy-1", tenant_ref: str = "contact-1", **facts: Any) -> list[str]:
    """Plans and applies one tenancy; the action that was planned."""
    source = LeaseInput(
        provider_id=provider_id,
        property=unit.property,
        unit=unit,
        tenant_name="Lan Nguyễn",
        tenant_ref=tenant_ref,
        tenant_email="lan@tenant.example",
        tenant_phone="0400 000 000",
        values=lease_values({**FACTS, **facts}, today=TODAY),
    )
    plans = plan_leases(organisation=unit.organisation, connection_id=CONNECTION, inputs=[source])
    actions = [plan.action for plan in plans]
    apply_leases(organisation=unit.organisation, provider="propertyme", connection_id=CONNECTION, plans=plans)
    return actions


@pytest.mark.parametrize(
    ("closed", "starts", "vacates", "status"),
    [
        (True, None, None, "ended"),
        (False, None, date(2026, 1, 9), "ended"),
        (False, None, TODAY, "notice"),
        (False, date(2026, 1, 11), None, "pending"),
        (False, TODAY, None, "active"),
    ],
)
def test_a_lease_is_what_its_days_say(closed: bool, starts: date | None, vacates: date | None, status: str) -> None:
    assert lease_status(closed=closed, starts_on=starts, vacates_on=vacates, today=TODAY) == status


def test_a_tenancy_becomes_a_lease_a_tenant_and_an_occupied_unit(unit: Unit) -> None:
    assert take_in(unit) == ["create"]
    lease, tenant = Lease.objects.get(), Tenant.objects.get()
    assert (lease.tenant_names, lease.rent_amount, lease.bond_amount) == (
        "Nguyễn, Lan",
        Decimal("640.0"),
        Decimal("2560.00"),
    )
    assert (lease.arrears_amount, lease.arrears_days, lease.currency) == (Decimal("12.50"), 3, "AUD")
    assert (tenant.name, list(lease.tenants.all())) == ("Lan Nguyễn", [tenant])
    unit.refresh_from_db()
    assert unit.status == Unit.Status.OCCUPIED


def test_the_same_tenancy_again_changes_nothing(unit: Unit) -> None:
    take_in(unit)
    before = Lease.objects.values().get()
    assert take_in(unit) == ["same"]
    assert Lease.objects.values().get() == before
    assert Tenant.objects.count() == 1


def test_a_change_is_taken_over_but_for_what_a_person_edited(unit: Unit) -> None:
    take_in(unit)
    Lease.objects.update(rent_amount="700.00", edited_fields=["rent_amount"])
    assert take_in(unit, rent_amount="650", bond_amount="2600") == ["update"]
    lease = Lease.objects.get()
    assert (lease.rent_amount, lease.bond_amount) == (Decimal("700.00"), Decimal("2600.00"))
    assert take_in(unit, rent_amount="650", bond_amount="2600") == ["conflict"]


def test_a_lease_that_moves_frees_the_unit_it_leaves(unit: Unit, organisation: Organisation) -> None:
    take_in(unit)
    other = UnitFactory(organisation=organisation)
    assert take_in(other) == ["update"]
    unit.refresh_from_db()
    other.refresh_from_db()
    assert (unit.status, other.status) == (Unit.Status.VACANT, Unit.Status.OCCUPIED)


def test_a_tenancy_without_a_contact_still_has_a_tenant(unit: Unit) -> None:
    take_in(unit, tenant_ref="")
    assert Tenant.objects.get().provider_id == "tenancy~tenancy-1"


def test_blank_details_at_the_provider_never_erase_ours(db: None) -> None:
    tenant = TenantFactory(name="Lan", phone="0400 111 111")
    assert update_tenant(tenant=tenant, name="Lan Nguyễn") == {"name": ["Lan", "Lan Nguyễn"]}
    tenant.refresh_from_db()
    assert (tenant.name, tenant.phone) == ("Lan Nguyễn", "0400 111 111")
    assert update_tenant(tenant=tenant, name="Lan Nguyễn") == {}


@pytest.mark.parametrize(
    ("lease", "before", "after"),
    [("notice", "occupied", "notice"), ("ended", "occupied", "vacant"), ("active", "offline", "offline")],
)
def test_a_unit_follows_its_leases_unless_a_person_took_it_off_the_market(
    unit: Unit, lease: str, before: str, after: str
) -> None:
    Unit.objects.update(status=before)
    LeaseFactory(organisation=unit.organisation, property=unit.property, unit=unit, status=lease)
    refresh_unit_status(unit_ids=[unit.pk])
    unit.refresh_from_db()
    assert unit.status == after


def test_leases_move_on_when_their_day_comes(unit: Unit, organisation: Organisation) -> None:
    of = {"organisation": organisation, "property": unit.property, "unit": unit}
    gone = LeaseFactory(**of, status="notice", vacates_on=date(2026, 1, 9))
    next_one = LeaseFactory(**of, status="pending", starts_on=TODAY)
    later = LeaseFactory(**of, status="pending", starts_on=date(2026, 1, 11))
    assert roll_statuses(organisation=organisation, today=TODAY) == 2
    states = dict(Lease.objects.values_list("pk", "status"))
    assert states == {gone.pk: "ended", next_one.pk: "active", later.pk: "pending"}
    unit.refresh_from_db()
    assert unit.status == Unit.Status.OCCUPIED


def test_an_import_is_withdrawn_but_for_what_a_person_edited(unit: Unit, organisation: Organisation) -> None:
    take_in(unit)
    take_in(unit, provider_id="tenancy-2", tenant_ref="contact-2")
    edited = Lease.objects.get(provider_id="tenancy-2")
    Lease.objects.filter(pk=edited.pk).update(edited_fields=["rent_amount"])
    own = TenantFactory(organisation=organisation)
    LeaseTenantFactory(lease=Lease.objects.get(provider_id="tenancy-1"), tenant=own)
    ids = list(Lease.objects.values_list("pk", flat=True))
    assert withdraw_leases(organisation=organisation, lease_ids=ids) == 1
    assert list(Lease.objects.all()) == [edited]
    # A tenant whom a person entered stays; the import's own goes.
    assert set(Tenant.objects.values_list("provider_id", flat=True)) == {"contact-2", ""}
