from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone as django_timezone

from core import formatting

NOW = datetime(2026, 12, 4, 3, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sydney() -> Iterator[None]:
    formatting.deactivate_currency()
    with django_timezone.override(ZoneInfo("Australia/Sydney")):
        yield
    formatting.deactivate_currency()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1234.5"), "$1,234.50"),
        (Decimal("-228"), "\u2212$228.00"),
        (0, "$0.00"),
        (None, "–"),
        (Decimal("0.005"), "$0.01"),
        (Decimal("-0.005"), "\u2212$0.01"),
        (Decimal("-0.001"), "$0.00"),
        (Decimal("1234567890.12"), "$1,234,567,890.12"),
    ],
)
def test_money_text(value: Decimal | int | None, text: str) -> None:
    assert formatting.money_text(value) == text


def test_money_names_a_foreign_currency_and_not_the_home_one() -> None:
    with formatting.home_currency("AUD"):
        assert formatting.money_text(Decimal(10), "AUD") == "$10.00"
        assert formatting.money_text(Decimal(-10), "USD") == "\u2212US$10.00"
        assert formatting.money_text(Decimal(10), "CHF") == "CHF\u00a010.00"
    with formatting.home_currency("USD"):
        assert formatting.money_text(Decimal(10), "AUD") == "A$10.00"
        assert formatting.money_text(Decimal(10)) == "$10.00"
    with formatting.home_currency("GBP"):
        assert formatting.money_text(Decimal(10)) == "£10.00"


def test_home_currency_is_put_back_after_the_block() -> None:
    formatting.activate_currency("AUD")
    with formatting.home_currency("USD"):
        pass
    assert formatting.money_text(Decimal(1), "USD") == "US$1.00"


def test_plus_stands_before_gains_only() -> None:
    assert formatting.money_text(Decimal(5), plus=True) == "+$5.00"
    assert formatting.money_text(Decimal(0), plus=True) == "$0.00"
    assert formatting.money_text(Decimal(-5), plus=True) == "\u2212$5.00"


def test_whole_amounts_round_half_away_from_zero() -> None:
    assert formatting.money_text(Decimal("78410.50"), places=0) == "$78,411"


@pytest.mark.parametrize(("value", "text"), [(48211, "48,211"), (-3, "\u22123"), (None, "–"), (Decimal("2.5"), "2.5")])
def test_number_text(value: Decimal | int | None, text: str) -> None:
    assert formatting.number_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.056, "5.6\u00a0%"), (Decimal("0.5"), "50\u00a0%"), (0, "0\u00a0%"), (1, "100\u00a0%"), (None, "–")],
)
def test_percent_text(value: Decimal | float | None, text: str) -> None:
    assert formatting.percent_text(value) == text


def test_day_is_the_day_in_the_active_zone() -> None:
    late = datetime(2026, 12, 3, 14, 30, tzinfo=UTC)  # half past one in the morning of the 4th in Sydney
    assert formatting.day_text(late) == "4\u00a0Dec\u00a02026"
    assert formatting.day_text(date(2026, 2, 28)) == "28\u00a0Feb\u00a02026"
    assert formatting.day_text(None) == "–"


def test_full_time_names_the_zone() -> None:
    assert formatting.full_time_text(NOW) == "Fri 4 Dec 2026, 14:02 AEDT"
    assert formatting.full_time_text(date(2026, 12, 4)) == "Friday 4 Dec 2026"


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=3), "3\u00a0min ago"),
        (timedelta(hours=2, minutes=59), "2\u00a0h ago"),
        (timedelta(hours=47), "yesterday"),
        (timedelta(days=3), "3\u00a0days ago"),
        (timedelta(days=14), "20\u00a0Nov\u00a02026"),
        (timedelta(minutes=-10), "in 10\u00a0min"),
        (timedelta(days=-1), "in 1\u00a0day"),
        (timedelta(seconds=-5), "in a moment"),
    ],
)
def test_age_text(gap: timedelta, text: str) -> None:
    assert formatting.age_text(NOW - gap, NOW) == text


def test_age_of_nothing() -> None:
    assert formatting.age_text(None, NOW) == "never"
