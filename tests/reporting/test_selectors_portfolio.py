from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation
from properties.models import Property
from reporting.selectors.portfolio import PortfolioSummary, portfolio_summary, property_summary
from tenancies import selectors as tenancy_selectors
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import PropertyFactory, UnitFactory
from tests.factories.tenancies import LeaseFactory

TODAY = date(2026, 11, 21)


@pytest.fixture
def block(organisation: Organisation) -> Property:
    """Six units, three leases of which two are behind, four work orders of which one is past target."""
    block = PropertyFactory(organisation=organisation)
    units = [
        UnitFactory(organisation=organisation, property=block, label=str(number), status=status)
        for number, status in enumerate(("occupied", "occupied", "notice", "vacant", "vacant", "offline"))
    ]
    for unit, owed, days in ((units[0], "100.10", 5), (units[1], "2000.00", 34), (units[2], "0.00", 0)):
        LeaseFactory(
            organisation=organisation, property=block, unit=unit, arrears_amount=Decimal(owed), arrears_days=days
        )
    for status, due in (
        ("new", TODAY - timedelta(days=3)),
        ("assigned", TODAY),
        ("quoted", None),
        ("done", TODAY - timedelta(days=9)),
    ):
        WorkOrderFactory(organisation=organisation, property=block, status=status, due_on=due)
    return block


@pytest.fixture(autouse=True)
def noise(organisation: Organisation, other_organisation: Organisation) -> None:
    """An archived property, and a rival with everything: neither may count."""
    archived = PropertyFactory(organisation=organisation, status=Property.Status.ARCHIVED)
    UnitFactory(organisation=organisation, property=archived)
    LeaseFactory(organisation=other_organisation, arrears_amount=Decimal("999.00"), arrears_days=99)
    WorkOrderFactory(organisation=other_organisation, property=PropertyFactory(organisation=other_organisation))


def test_every_figure_in_one_query(organisation: Organisation, block: Property, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        summary = portfolio_summary(organisation=organisation, today=TODAY)
    assert summary == PortfolioSummary(
        properties=1,
        units=6,
        occupied=3,
        vacant=2,
        offline=1,
        arrears_tenancies=2,
        arrears_amount=Decimal("2100.10"),
        arrears_oldest_days=34,
        work_orders=3,
        work_orders_past_target=1,
        oldest_target=TODAY - timedelta(days=3),
    )
    assert summary.lettable == 5
    assert summary.vacancy_rate == Decimal("0.4")


def test_a_property_has_the_same_figures(organisation: Organisation, block: Property) -> None:
    other = UnitFactory(organisation=organisation, status="vacant")
    assert property_summary(organisation=organisation, property_id=block.pk, today=TODAY).units == 6
    small = property_summary(organisation=organisation, property_id=other.property_id, today=TODAY)
    assert (small.units, small.vacant, small.arrears_amount, small.work_orders) == (1, 1, Decimal("0.00"), 0)


def test_the_arrears_page_and_the_summary_agree(organisation: Organisation, block: Property) -> None:
    summary = portfolio_summary(organisation=organisation, today=TODAY)
    arrears = tenancy_selectors.arrears_summary(organisation=organisation)
    buckets = tenancy_selectors.arrears_buckets(organisation=organisation)
    assert (summary.arrears_tenancies, summary.arrears_amount) == (arrears.tenancies, arrears.amount)
    assert sum(bucket.amount for bucket in buckets) == summary.arrears_amount


def test_an_empty_organisation_has_zeros_and_no_rate(db: None) -> None:
    empty = Organisation.objects.create(name="New")
    summary = portfolio_summary(organisation=empty, today=TODAY)
    assert (summary.units, summary.properties, summary.arrears_amount) == (0, 0, Decimal("0.00"))
    assert summary.vacancy_rate is None
    assert summary.oldest_target is None


def test_a_property_of_another_organisation_is_not_there(other_organisation: Organisation, block: Property) -> None:
    with pytest.raises(Property.DoesNotExist):
        property_summary(organisation=other_organisation, property_id=block.pk, today=TODAY)
