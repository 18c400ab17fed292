from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from access.models import Organisation
from core.ids import uuid7
from properties.models import Unit
from tenancies.models import Lease, Tenant
from tenancies.services import imports
from tests.factories.properties import PropertyFactory, UnitFactory
from tests.factories.tenancies import LeaseFactory

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("closed", "starts_on", "vacates_on", "status"),
    [
        (False, date(2026, 1, 1), None, "active"),
        (False, None, None, "active"),
        (False, date(2026, 11, 21), None, "active"),
        (False, date(2026, 11, 22), None, "pending"),
        (False, date(2026, 1, 1), date(2026, 11, 21), "notice"),
        (False, date(2026, 1, 1), date(2026, 11, 20), "ended"),
        (True, date(2026, 1, 1), None, "ended"),
    ],
)
def test_status_of_a_lease(closed: bool, starts_on: date | None, vacates_on: date | None, status: str) -> None:
    found = imports.lease_status(closed=closed, starts_on=starts_on, vacates_on=vacates_on, today=TODAY)
    assert found == status


def _input(organisation: Organisation, unit: Unit, **facts: Any) -> imports.LeaseInput:
    values = {"rent_amount": "640.00", "rent_period": "weekly", "name": "Nguyễn, Lan", **facts}
    return imports.LeaseInput(
        provider_id="T1",
        property=unit.property,
        unit=unit,
        tenant_name="Nguyễn, Lan",
        tenant_ref="C1",
        tenant_email="lan@tenant.example",
        tenant_phone="",
        values=imports.lease_values(values, today=TODAY),
    )


@pytest.mark.django_db
def test_the_same_lease_twice_is_one_lease_and_one_tenant(organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation, property=PropertyFactory(organisation=organisation))
    source = uuid7()
    for expected in ("create", "same"):
        plans = imports.plan_leases(
            organisation=organisation, connection_id=source, inputs=[_input(organisation, unit)]
        )
        assert [plan.action for plan in plans] == [expected]
        imports.apply_leases(organisation=organisation, provider="propertyme", connection_id=source, plans=plans)
    assert Lease.objects.count() == Tenant.objects.count() == 1
    unit.refresh_from_db()
    assert unit.status == Unit.Status.OCCUPIED


@pytest.mark.django_db
def test_a_field_that_a_person_edited_is_held_back(organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation, property=PropertyFactory(organisation=organisation))
    source = uuid7()
    plans = imports.plan_leases(organisation=organisation, connection_id=source, inputs=[_input(organisation, unit)])
    imports.apply_leases(organisation=organisation, provider="propertyme", connection_id=source, plans=plans)
    Lease.objects.update(rent_amount="700.00", edited_fields=["rent_amount"])
    changed = _input(organisation, unit, rent_amount="650.00", ends_on="2027-01-31")
    (plan,) = imports.plan_leases(organisation=organisation, connection_id=source, inputs=[changed])
    assert plan.held == {"rent_amount": ["700.00", "650.00"]}
    assert plan.changes == {"ends_on": ["", "2027-01-31"]}


@pytest.mark.django_db
def test_an_offline_unit_stays_offline(organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation)
    unit = UnitFactory(organisation=organisation, property=home, status=Unit.Status.OFFLINE)
    LeaseFactory(organisation=organisation, property=home, unit=unit)
    imports.refresh_unit_status(unit_ids=[unit.id])
    unit.refresh_from_db()
    assert unit.status == Unit.Status.OFFLINE


@pytest.mark.django_db
def test_leases_move_when_their_day_comes(organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation)
    unit = UnitFactory(organisation=organisation, property=home)
    starting = LeaseFactory(
        organisation=organisation, property=home, unit=unit, status="pending", starts_on=date(2026, 11, 21)
    )
    ending = LeaseFactory(
        organisation=organisation, property=home, unit=unit, status="notice", vacates_on=date(2026, 11, 20)
    )
    assert imports.roll_statuses(organisation=organisation, today=TODAY) == 2
    starting.refresh_from_db()
    ending.refresh_from_db()
    assert (starting.status, ending.status) == ("active", "ended")
    assert imports.roll_statuses(organisation=organisation, today=TODAY) == 0
