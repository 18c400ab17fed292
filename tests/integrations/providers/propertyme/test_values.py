from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import RecordRejected
from integrations.providers.propertyme import values

ZONE = "Australia/Sydney"
T = TypeVar("T")
AMOUNTS = st.decimals(
    min_value=Decimal("-999999999999.99"), max_value=Decimal("999999999999.99"), places=2, allow_nan=False
)


def or_reason(function: Callable[..., T], *arguments: Any) -> T | str:
    """What the function answers, or the reason it refuses with."""
    try:
        return function(*arguments)
    except RecordRejected as refusal:
        return refusal.safe_message


@given(AMOUNTS)
def test_money_survives_json_as_a_number_to_the_cent(amount: Decimal) -> None:
    sent = orjson.loads(orjson.dumps(float(amount)))
    assert values.money(sent) == amount


@given(AMOUNTS)
def test_money_survives_as_text_in_each_way_it_is_written(amount: Decimal) -> None:
    sign = "-" if amount < 0 else ""
    texts = [
        f"{amount}",
        f"{amount:,}",
        f"{sign}${abs(amount):,}",
        f"${amount}",
        f" {amount} ",
        f"{amount}".replace("-", "−"),
    ]
    assert {values.money(text) for text in texts} == {amount}
    assert values.money(f"({abs(amount):,})") == -abs(amount)


@given(AMOUNTS)
def test_money_is_always_exact_to_two_places(amount: Decimal) -> None:
    for sent in (amount, float(amount), str(amount)):
        assert values.money(sent).as_tuple().exponent == -2


@given(st.floats() | st.integers() | st.text() | st.none() | st.booleans() | st.lists(st.integers()))
def test_money_is_a_finite_decimal_or_a_refusal(value: Any) -> None:
    amount = or_reason(values.money, value)
    if isinstance(amount, str):
        assert amount.endswith(".")
    else:
        assert amount.is_finite()
        assert abs(amount) < values.LIMIT


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (450, "450.00"), (450.5, "450.50"), (0.1 + 0.2, "0.30"), (-12.34, "-12.34"), (2.675, "2.68"), (-2.675, "-2.68"),
        (10.005, "10.01"), ("1,234.50", "1234.50"), ("$1,234.50", "1234.50"), ("-$5", "-5.00"), ("A$7.10", "7.10"),
        ("+3", "3.00"), ("(99.95)", "-99.95"), (".5", "0.50"), (Decimal("1.005"), "1.01"),
        (999999999999.99, "999999999999.99"),
    ],
)  # fmt: skip
def test_amounts(value: Any, amount: str) -> None:
    assert str(values.money(value)) == amount


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "PropertyMe sent no amount for this record."),
        (True, "The amount is not a number."),
        ([1], "The amount is not a number."),
        (float("nan"), "The amount nan is not a number."),
        (float("inf"), "The amount inf is not a number."),
        (Decimal("sNaN"), "The amount Decimal('sNaN') is not a number."),
        ("", "The amount '' is not a number."),
        ("1.234,50", "The amount '1.234,50' is not a number."),
        ("12,34.00", "The amount '12,34.00' is not a number."),
        ("1e3", "The amount '1e3' is not a number."),
        ("--5", "The amount '--5' is not a number."),
        ("NaN", "The amount 'NaN' is not a number."),
        (10**12, "The amount 1000000000000 is larger than any amount that can be recorded."),
        ("999999999999.995", "The amount '999999999999.995' is larger than any amount that can be recorded."),
    ],
)
def test_refused_amounts(value: Any, reason: str) -> None:
    with pytest.raises(RecordRejected) as refusal:
        values.money(value)
    assert refusal.value.safe_message == reason


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-01-05T00:00:00Z", ZONE, date(2026, 1, 5)),
        ("2026-01-05T00:00:00", ZONE, date(2026, 1, 5)),
        ("2026-01-05T00:00:00.0000000Z", ZONE, date(2026, 1, 5)),
        ("2026-01-05", ZONE, date(2026, 1, 5)),
        # An instant: 13:00 UTC is midnight in Sydney's summer, 14:00 in its winter.
        ("2026-01-04T13:00:00Z", ZONE, date(2026, 1, 5)),
        ("2026-01-04T12:59:59Z", ZONE, date(2026, 1, 4)),
        ("2026-07-04T13:00:00Z", ZONE, date(2026, 7, 4)),
        ("2026-07-04T14:00:00Z", ZONE, date(2026, 7, 5)),
        ("2026-01-04T16:00:00Z", "Australia/Perth", date(2026, 1, 5)),
        ("2026-01-05T09:30:00+11:00", ZONE, date(2026, 1, 5)),
        ("2026-01-05T23:30:00", ZONE, date(2026, 1, 5)),
        ("2024-02-29T00:00:00Z", ZONE, date(2024, 2, 29)),
        ("1990-01-01T00:00:00Z", ZONE, date(1990, 1, 1)),
        ("2100-12-31T00:00:00Z", ZONE, date(2100, 12, 31)),
    ],
)
def test_days(value: str, zone: str, expected: date) -> None:
    assert values.day(value, zone) == expected


@pytest.mark.parametrize("value", ["soon", "2026-13-01T00:00:00Z", "2026-02-31", 20260105, ["2026-01-05"], {}, True])
def test_refused_days(value: Any) -> None:
    with pytest.raises(RecordRejected) as refusal:
        values.day(value, ZONE)
    assert refusal.value.safe_message.endswith(" is not a date.") or "sent no date" in refusal.value.safe_message


@pytest.mark.parametrize(
    "value", ["1989-12-31", "2101-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
)
def test_days_out_of_range(value: str) -> None:
    with pytest.raises(RecordRejected) as refusal:
        values.day(value, ZONE)
    assert refusal.value.safe_message == f"The date {value!r} lies outside the years 1990 to 2100."


@given(st.text())
def test_a_day_is_a_day_or_a_refusal(value: str) -> None:
    found = or_reason(values.day, value, ZONE)
    if isinstance(found, str):
        assert found.endswith(".")
    else:
        assert values.FIRST_YEAR <= found.year <= values.LAST_YEAR


def test_moments() -> None:
    assert values.moment("2026-01-05T09:30:00+11:00") == datetime(2026, 1, 4, 22, 30, tzinfo=UTC)
    assert values.moment("2026-01-05T09:30:00") == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    assert values.moment(None) is None
    assert values.moment("0001-01-01T00:00:00Z") is None
    for bad in ("soon", 12, "1900-01-01T00:00:00Z"):
        with pytest.raises(RecordRejected):
            values.moment(bad)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (None, "weekly"), ("", "weekly"), ("Weekly", "weekly"), ("Fortnightly", "fortnightly"), ("MONTHLY", "monthly"),
        ("Yearly", "yearly"),
    ],
)  # fmt: skip
def test_periods(theirs: str | None, ours: str) -> None:
    assert values.period(theirs) == ours


def test_an_unknown_period_is_refused_because_the_rent_would_be_wrong() -> None:
    with pytest.raises(RecordRejected) as refusal:
        values.period("Lunar")
    assert refusal.value.safe_message == "The rent period 'Lunar' is not one that can be recorded."


def test_texts_and_counts() -> None:
    assert values.text("  a b  ", 3) == "a b"
    assert values.text(None) == ""
    assert values.text(12) == "12"
    assert [values.count(value) for value in (2, 2.0, -1, None, "2", True)] == [2, 2, None, None, None, None]
