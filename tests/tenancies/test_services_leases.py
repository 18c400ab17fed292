from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation, User
from core.errors import DomainError
from properties.models import Unit
from tenancies.models import Lease
from tenancies.services import leases, units
from tests.factories.properties import UnitFactory
from tests.factories.tenancies import LeaseFactory


@pytest.fixture
def lease(organisation: Organisation) -> Lease:
    unit = UnitFactory(organisation=organisation, status=Unit.Status.OCCUPIED)
    return LeaseFactory(
        organisation=organisation,
        unit=unit,
        property=unit.property,
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
    )


def test_an_edit_keeps_the_names_of_what_really_changed(lease: Lease, admin_user: User) -> None:
    edited = leases.edit_lease(
        lease=lease, user=admin_user, rent_amount=Decimal("655.00"), ends_on=date(2026, 12, 31), is_periodic=False
    )
    assert edited.rent_amount == Decimal("655.00")
    assert edited.edited_fields == ["rent_amount"]
    again = leases.edit_lease(lease=lease, user=admin_user, starts_on=None)
    assert again.edited_fields == ["rent_amount", "starts_on"]


def test_an_edit_without_a_change_writes_nothing(
    lease: Lease, admin_user: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):  # savepoint, locking read, release
        unchanged = leases.edit_lease(lease=lease, user=admin_user, rent_amount=Decimal("640.00"))
    assert unchanged.edited_fields == []


def test_notice_moves_lease_and_unit_and_back(lease: Lease, admin_user: User) -> None:
    edited = leases.edit_lease(lease=lease, user=admin_user, vacates_on=date(2026, 12, 1))
    unit = Unit.objects.get()
    assert (edited.status, unit.status) == (Lease.Status.NOTICE, Unit.Status.NOTICE)
    assert edited.edited_fields == ["status", "vacates_on"]
    edited = leases.edit_lease(lease=lease, user=admin_user, vacates_on=None)
    unit.refresh_from_db()
    assert (edited.status, unit.status) == (Lease.Status.ACTIVE, Unit.Status.OCCUPIED)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rent_amount": Decimal("0")}, "rent_not_positive"),
        ({"ends_on": date(2025, 12, 31)}, "lease_ends_before_it_starts"),
        ({"vacates_on": date(2025, 12, 31)}, "vacates_before_it_starts"),
        ({"bond_amount": Decimal("-1")}, "bond_negative"),
    ],
)
def test_what_cannot_be_is_refused(lease: Lease, admin_user: User, fields: Any, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        leases.edit_lease(lease=lease, user=admin_user, **fields)
    assert refused.value.code == code
    assert Lease.objects.get().edited_fields == []


def test_following_the_source_forgets_the_edits(lease: Lease, admin_user: User) -> None:
    leases.edit_lease(lease=lease, user=admin_user, rent_amount=Decimal("655.00"))
    assert leases.follow_source(lease=lease, user=admin_user).edited_fields == []
    assert Lease.objects.get().rent_amount == Decimal("655.00")


def test_an_offline_unit_stays_offline_until_a_person_puts_it_back(lease: Lease, admin_user: User) -> None:
    unit = units.take_offline(unit=lease.unit, user=admin_user)
    leases.edit_lease(lease=lease, user=admin_user, vacates_on=date(2026, 12, 1))
    unit.refresh_from_db()
    assert unit.status == Unit.Status.OFFLINE
    assert units.put_back(unit=unit, user=admin_user).status == Unit.Status.NOTICE


def test_units_follow_their_leases(organisation: Organisation, lease: Lease) -> None:
    LeaseFactory(organisation=organisation, unit=lease.unit, property=lease.property, status="notice")
    free = UnitFactory(organisation=organisation, status=Unit.Status.OCCUPIED)
    LeaseFactory(organisation=organisation, unit=free, property=free.property, status="ended")
    Unit.objects.filter(pk=lease.unit.pk).update(status=Unit.Status.VACANT)
    units.follow_leases(units=Unit.objects.all())
    assert dict(Unit.objects.values_list("pk", "status")) == {lease.unit.pk: "occupied", free.pk: "vacant"}
