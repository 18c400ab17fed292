from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import RecordRejected
from integrations.providers.buildium.values import day, moment, money, optional_day, optional_money, part, parts, text


@given(st.integers(-(10**14) + 1, 10**14 - 1))
def test_every_amount_of_cents_survives_the_wire(cents: int) -> None:
    """As the shared HTTP client reads it: a JSON number by orjson."""
    sent = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    assert money(orjson.loads(sent)) == Decimal(cents) / 100
    assert money(orjson.loads(f'{{"Amount": {sent}}}')["Amount"]).as_tuple().exponent == -2


@given(st.lists(st.integers(-(10**9), 10**9), max_size=40))
def test_sums_are_exact(cents: list[int]) -> None:
    sent = orjson.loads(b"[%s]" % b",".join(b"%.2f" % (one / 100) for one in cents))
    assert sum((money(one) for one in sent), Decimal(0)) == Decimal(sum(cents)) / 100


@pytest.mark.parametrize(
    ("value", "found"), [(1500, "1500.00"), (0.1 + 0.2, "0.30"), (2.675, "2.68"), (-2.675, "-2.68"), (1e3, "1000.00")]
)
def test_amounts(value: Any, found: str) -> None:
    assert str(money(value)) == found


@pytest.mark.parametrize(
    "value", [None, "12.00", True, [], {}, float("nan"), float("inf"), 1e12, -1e12, 999_999_999_999.999]
)
def test_what_is_no_amount_is_refused(value: Any) -> None:
    with pytest.raises(RecordRejected) as refusal:
        money(value, "rent")
    assert refusal.value.safe_message.endswith(".")
    assert "rent" in refusal.value.safe_message


def test_days_and_moments() -> None:
    assert day("2026-01-05") == date(2026, 1, 5)
    assert optional_day(None) is None
    assert optional_money(None) is None
    assert moment("2026-01-05T17:30:00Z") == datetime(2026, 1, 5, 17, 30, tzinfo=UTC)
    assert moment("2026-01-05T17:30:00-06:00") == datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    assert moment("2026-01-05T17:30:00") == datetime(2026, 1, 5, 17, 30, tzinfo=UTC)
    assert moment("") is None


@pytest.mark.parametrize("value", ["", None, "2026-02-30", "soon", 20_260_105, "0001-01-01", "2101-01-01"])
def test_what_is_no_day_is_refused(value: Any) -> None:
    with pytest.raises(RecordRejected, match=r"\.$"):
        day(value)


@pytest.mark.parametrize("value", ["soon", 7, "1889-01-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(RecordRejected, match=r"\.$"):
        moment(value)


def test_parts_of_a_row() -> None:
    assert text("  Oak St ", 3) == "Oak"
    assert [text(None), text(True), text({}), text(7)] == ["", "", "", "7"]
    assert part({"A": {"B": 1}}, "A") == {"B": 1}
    assert [part({"A": []}, "A"), part(None, "A"), part({}, "A")] == [{}, {}, {}]
    assert parts({"A": [{"B": 1}, None, 3]}, "A") == [{"B": 1}]
    assert [parts({"A": {}}, "A"), parts(None, "A")] == [[], []]
