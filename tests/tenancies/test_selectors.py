from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation
from tenancies import selectors
from tenancies.models import Lease, Tenant
from tests.factories.properties import UnitFactory
from tests.factories.tenancies import LeaseFactory, LeaseTenantFactory, TenantFactory

TODAY = date(2026, 11, 21)


def lease(organisation: Organisation, **fields: Any) -> Lease:
    return LeaseFactory(organisation=organisation, **fields)


@pytest.mark.parametrize(
    ("period", "amount", "weekly"),
    [
        ("weekly", "640.00", "640.00"),
        ("fortnightly", "1280.00", "640.00"),
        ("monthly", "2600.00", "600.00"),
        ("quarterly", "7800.00", "600.00"),
        ("yearly", "31200.01", "600.00"),
    ],
)
def test_rents_are_compared_by_the_week(organisation: Organisation, period: str, amount: str, weekly: str) -> None:
    lease(organisation, rent_amount=Decimal(amount), rent_period=period)
    assert selectors.leases_of(organisation=organisation).get().rent_by_week == Decimal(weekly)


def test_totals_count_rent_of_running_leases_and_arrears_of_all(organisation: Organisation) -> None:
    lease(organisation, rent_amount=Decimal("640.00"), arrears_amount=Decimal("10.10"))
    lease(organisation, rent_amount=Decimal("500.00"), status="notice")
    lease(organisation, rent_amount=Decimal("999.00"), status="ended", arrears_amount=Decimal("5.05"))
    lease(organisation, rent_amount=Decimal("999.00"), status="pending", arrears_amount=Decimal("-40.00"))
    LeaseFactory(arrears_amount=Decimal("7000"))
    assert selectors.lease_totals(selectors.leases_of(organisation=organisation)) == selectors.LeaseTotals(
        leases=4, rent_by_week=Decimal("1140.00"), arrears=Decimal("15.15")
    )


def test_totals_of_nothing_are_zero(organisation: Organisation) -> None:
    assert selectors.lease_totals(selectors.leases_of(organisation=organisation)) == selectors.LeaseTotals(
        0, Decimal("0.00"), Decimal("0.00")
    )


def test_ending_counts_by_moving_out_before_end_of_term(organisation: Organisation) -> None:
    def after(days: int) -> date:
        return TODAY + timedelta(days=days)

    lease(organisation, ends_on=TODAY)
    lease(organisation, ends_on=after(30))
    lease(organisation, ends_on=after(31))
    lease(organisation, ends_on=after(90))
    lease(organisation, ends_on=after(91))
    lease(organisation, ends_on=after(200), vacates_on=after(60), status="notice")
    lease(organisation, ends_on=TODAY - timedelta(days=1))
    lease(organisation, ends_on=after(5), status="ended")
    lease(organisation, ends_on=after(5), status="pending")
    lease(organisation, is_periodic=True)
    LeaseFactory(ends_on=after(5))
    assert selectors.ending_counts(organisation=organisation, today=TODAY) == selectors.EndingCounts(2, 4, 5)
    ending = list(selectors.leases_ending(organisation=organisation, today=TODAY, within=60))
    assert [row.last_day for row in ending] == [TODAY, after(30), after(31), after(60)]


def test_an_ending_lease_knows_whether_the_next_is_signed(organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation)
    first = lease(organisation, unit=unit, property=unit.property, ends_on=TODAY)
    lease(organisation, unit=unit, property=unit.property, status="pending")
    second = lease(organisation, ends_on=TODAY)
    found = {row.pk: row.has_next for row in selectors.leases_ending(organisation=organisation, today=TODAY)}
    assert found == {first.pk: True, second.pk: False}


def test_arrears_fall_into_buckets_that_sum_to_the_summary(organisation: Organisation) -> None:
    for days, amount in (
        (0, "1.00"),
        (30, "2.00"),
        (31, "4.00"),
        (61, "8.00"),
        (90, "16.00"),
        (91, "32.00"),
        (400, "64.00"),
    ):
        lease(organisation, arrears_days=days, arrears_amount=Decimal(amount))
    lease(organisation, arrears_days=50, arrears_amount=Decimal("0.00"))
    LeaseFactory(arrears_days=50, arrears_amount=Decimal("512.00"))
    assert [(row.key, row.tenancies, row.amount) for row in selectors.arrears_buckets(organisation=organisation)] == [
        ("0-30", 2, Decimal("3.00")),
        ("31-60", 1, Decimal("4.00")),
        ("61-90", 2, Decimal("24.00")),
        ("90+", 2, Decimal("96.00")),
    ]
    assert selectors.arrears_summary(organisation=organisation) == selectors.ArrearsSummary(7, Decimal("127.00"), 400)
    assert selectors.arrears_summary(organisation=organisation, more_than_days=90) == selectors.ArrearsSummary(
        2, Decimal("96.00"), 400
    )


def test_no_arrears_are_zeros(organisation: Organisation) -> None:
    assert selectors.arrears_summary(organisation=organisation) == selectors.ArrearsSummary(0, Decimal("0.00"), 0)
    assert [row.tenancies for row in selectors.arrears_buckets(organisation=organisation)] == [0, 0, 0, 0]


def test_rent_by_property_sums_running_leases(organisation: Organisation) -> None:
    first = lease(organisation, rent_amount=Decimal("600.00"))
    lease(
        organisation,
        property=first.property,
        unit=UnitFactory(organisation=organisation),
        rent_amount=Decimal("400.00"),
    )
    other = lease(organisation, status="ended")
    assert selectors.rent_by_property(
        organisation=organisation, property_ids=[first.property_id, other.property_id]
    ) == {first.property_id: Decimal("1000.00")}


def test_current_lease_is_the_running_one_else_the_newest(
    organisation: Organisation, django_assert_num_queries: Any
) -> None:
    tenant = TenantFactory(organisation=organisation)
    for status, year in (("ended", 2024), ("active", 2025), ("pending", 2027)):
        LeaseTenantFactory(tenant=tenant, lease=lease(organisation, status=status, starts_on=date(year, 1, 1)))
    homeless = TenantFactory(organisation=organisation)
    with django_assert_num_queries(2):
        rows = {row.pk: row for row in selectors.tenants_of(organisation=organisation)}
        current = selectors.current_lease(rows[tenant.pk])
        assert current is not None
        assert current.starts_on == date(2025, 1, 1)
        assert current.property.name
        assert selectors.current_lease(rows[homeless.pk]) is None
    Lease.objects.filter(status="active").update(status="ended")
    newest = selectors.current_lease(selectors.get_tenant(organisation=organisation, tenant_id=tenant.pk))
    assert newest is not None
    assert newest.starts_on == date(2027, 1, 1)


def test_another_organisation_sees_nothing(organisation: Organisation, other_organisation: Organisation) -> None:
    row = LeaseTenantFactory(lease=lease(organisation))
    with pytest.raises(Lease.DoesNotExist):
        selectors.get_lease(organisation=other_organisation, lease_id=row.lease.pk)
    with pytest.raises(Tenant.DoesNotExist):
        selectors.get_tenant(organisation=other_organisation, tenant_id=row.tenant.pk)
    assert (
        selectors.get_lease(organisation=organisation, lease_id=row.lease.pk).lease_tenants.all()[0].tenant
        == row.tenant
    )
