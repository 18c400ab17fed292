from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache

from access.models import Organisation
from accounting.models import Category, Kind, Transaction
from properties.models import Property
from reporting.selectors import money
from reporting.selectors.money import MonthMoney, money_by_month, month_before
from tests.factories.properties import PropertyFactory

TODAY = date(2026, 11, 21)


@pytest.fixture
def home(organisation: Organisation) -> Property:
    cache.clear()
    return PropertyFactory(organisation=organisation)


def category(organisation: Organisation, code: str, kind: str) -> Category:
    return Category.objects.get_or_create(organisation=organisation, code=code, defaults={"name": code, "kind": kind})[
        0
    ]


def book(
    home: Property, day: date, amount: str, code: str = "rental_income", kind: str = "income", **more: Any
) -> None:
    Transaction.objects.create(
        organisation=home.organisation,
        property=home,
        category=category(home.organisation, code, kind),
        kind=kind,
        occurred_on=day,
        amount=Decimal(amount),
        **{"currency": "AUD", **more},
    )


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 21), 0, date(2026, 11, 1)),
        (date(2026, 1, 31), 1, date(2025, 12, 1)),
        (date(2026, 12, 31), -1, date(2027, 1, 1)),
        (date(2026, 3, 31), 27, date(2023, 12, 1)),
    ],
)
def test_month_before(day: date, months: int, expected: date) -> None:
    assert month_before(day, months) == expected


def test_months_are_whole_net_of_reversals_and_in_one_currency(
    organisation: Organisation, other_organisation: Organisation, home: Property, django_assert_num_queries: Any
) -> None:
    book(home, date(2026, 11, 1), "640.00")
    book(home, date(2026, 11, 30), "640.00")
    book(home, date(2026, 11, 30), "-640.00", status=Transaction.Status.REVERSAL)
    book(home, date(2026, 11, 3), "12.50", code="interest")
    book(home, date(2026, 11, 3), "99.99", code="repairs", kind=Kind.EXPENSE)
    book(home, date(2026, 10, 31), "600.00")
    book(home, date(2026, 11, 3), "7000.00", currency="USD")
    book(home, date(2026, 12, 1), "5.00")
    book(home, date(2026, 8, 31), "7.00")
    book(PropertyFactory(organisation=other_organisation), date(2026, 11, 3), "9.00")
    with django_assert_num_queries(1):
        found = money_by_month(organisation=organisation, today=TODAY, months=3)
    assert found == [
        MonthMoney(date(2026, 9, 1)),
        MonthMoney(date(2026, 10, 1), income=Decimal("600.00"), rent=Decimal("600.00")),
        MonthMoney(date(2026, 11, 1), income=Decimal("652.50"), rent=Decimal("640.00"), expense=Decimal("99.99")),
    ]
    assert found[-1].net == Decimal("552.51")
    assert found[-1].name == "Nov 2026"


def test_one_property_alone(organisation: Organisation, home: Property) -> None:
    book(home, TODAY, "640.00")
    book(PropertyFactory(organisation=organisation), TODAY, "100.00")
    found = money_by_month(organisation=organisation, today=TODAY, months=1, property_id=home.pk)
    assert found == [MonthMoney(date(2026, 11, 1), income=Decimal("640.00"), rent=Decimal("640.00"))]


def test_small_books_are_exact_and_large_ones_at_most_a_minute_old(
    organisation: Organisation, home: Property, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    book(home, TODAY, "1.00")
    money_by_month(organisation=organisation, today=TODAY)
    book(home, TODAY, "2.00")
    assert money_by_month(organisation=organisation, today=TODAY)[-1].income == Decimal("3.00")
    monkeypatch.setattr(money, "EXACT_UP_TO", 1)
    money_by_month(organisation=organisation, today=TODAY)
    with django_assert_num_queries(0):
        assert money_by_month(organisation=organisation, today=TODAY)[-1].income == Decimal("3.00")
    with django_assert_num_queries(1):
        assert money_by_month(organisation=organisation, today=TODAY, property_id=home.pk)[-1].income == Decimal("3.00")
