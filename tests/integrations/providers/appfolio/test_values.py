from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import RecordRejected
from integrations.providers.appfolio.values import count, day, moment, money, optional_day, optional_money, text

ZONE = "America/New_York"


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1845.00", "1845.00"), ("-12.5", "-12.50"), ("1,234,567.891", "1234567.89"), ("$40", "40.00"), (".05", "0.05"),
        ("(75.10)", "-75.10"), (" 0.005", "0.01"), (12, "12.00"), (0.1, "0.10"), ("999999999999.99", "999999999999.99"),
    ],
)  # fmt: skip
def test_money(value: Any, amount: str) -> None:
    assert money(value) == Decimal(amount)
    assert money(value).as_tuple().exponent == -2


@pytest.mark.parametrize(
    "value",
    [None, "", "n/a", "1.2.3", "1,23", [], {}, True, float("nan"), 1e300, "1e5", "1000000000000", "٣", "9" * 60],
)
def test_what_is_no_money(value: Any) -> None:
    with pytest.raises(RecordRejected, match=r"\.$"):
        money(value)


def test_money_that_may_be_absent() -> None:
    assert optional_money("") is None
    assert optional_money("0.00") == 0


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-06-03", date(2026, 6, 3)),
        ("06/03/2026", date(2026, 6, 3)),
        ("2026-06-03T02:00:00Z", date(2026, 6, 2)),
        ("2026-06-03T02:00:00", date(2026, 6, 3)),
    ],
)
def test_day(value: str, found: date) -> None:
    assert day(value, ZONE) == found


@pytest.mark.parametrize(
    "value", [None, "", 7, "soon", "2026-02-31", "13/40/2026", "0001-01-01", "9999-12-31T23:59:59Z"]
)
def test_what_is_no_day(value: Any) -> None:
    with pytest.raises(RecordRejected, match=r"\.$"):
        day(value, ZONE)


def test_moments_and_what_may_be_absent() -> None:
    assert optional_day(None, ZONE) is None
    assert moment(None, ZONE) is None
    assert moment("2026-06-03T02:00:00-07:00", ZONE) == datetime(2026, 6, 3, 9, tzinfo=UTC)
    assert moment("2026-06-03T02:00:00", ZONE) == datetime(2026, 6, 3, 6, tzinfo=UTC)
    assert moment("2026-01-03", ZONE) == datetime(2026, 1, 3, 17, tzinfo=UTC)


def test_texts_and_counts() -> None:
    assert [text(" a "), text(7), text(None), text([]), text("abc", 2)] == ["a", "7", "", "", "ab"]
    assert [count("2"), count("1.5"), count(3), count(-1), count("x"), count(None)] == [2, 1, 3, None, None, None]
