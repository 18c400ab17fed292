"""Single values of Buildium's JSON: money, days, moments, texts. Pure; each refusal is a sentence for people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.errors import RecordRejected

CENT = Decimal("0.01")
# What a numeric(14,2) column holds.
LIMIT = Decimal(10) ** 12
FIRST_YEAR, LAST_YEAR = 1990, 2100


def money(value: Any, what: str = "amount") -> Decimal:
    """An amount with two decimals, halves away from zero.

    Buildium writes JSON numbers, which are read as doubles. Below 10^12 the shortest text of a double is the decimal
    that was sent (it has at most 14 digits, and 15 always survive), so an amount is exact to the cent.
    Raises RecordRejected for anything that is no such number.
    """
    if value is None:
        raise RecordRejected(f"Buildium sent no {what} for this record.")
    if value.__class__ not in (int, float):
        raise RecordRejected(f"The {what} is not a number.")
    amount = Decimal(repr(value))
    if not amount.is_finite():
        raise RecordRejected(f"The {what} is not a number.")
    if not -LIMIT < amount < LIMIT:
        raise RecordRejected(f"The {what} {value!r:.40} is larger than any amount that can be recorded.")
    amount = amount.quantize(CENT, ROUND_HALF_UP)
    if abs(amount) >= LIMIT:
        raise RecordRejected(f"The {what} {value!r:.40} is larger than any amount that can be recorded.")
    return amount


def optional_money(value: Any, what: str = "amount") -> Decimal | None:
    """The amount, None where there is none."""
    return None if value is None else money(value, what)


def day(value: Any, what: str = "date") -> date:
    """A calendar day, which Buildium writes as one. Raises RecordRejected when it is missing, none, or 1990 to 2100."""
    if not value:
        raise RecordRejected(f"Buildium sent no {what} for this record.")
    try:
        found = date.fromisoformat(value[:10])
    except (TypeError, ValueError):
        raise RecordRejected(f"The {what} {value!r:.40} is not a date.") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RecordRejected(f"The {what} {value!r:.40} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def optional_day(value: Any, what: str = "date") -> date | None:
    """The day, None where there is none."""
    return day(value, what) if value else None


def moment(value: Any, what: str = "time") -> datetime | None:
    """An instant in UTC, None where there is none. Raises RecordRejected for what is no time."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise RecordRejected(f"The {what} {value!r:.40} is not a time.") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RecordRejected(f"The {what} {value!r:.40} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def text(value: Any, most: int = 300) -> str:
    """A text without surrounding blanks, cut to `most` characters; blank for what is no text or number."""
    return str(value).strip()[:most] if value.__class__ in (str, int, float) else ""


def part(row: Any, name: str) -> dict[str, Any]:
    """An object inside a row; an empty one where there is none."""
    found = row.get(name) if isinstance(row, dict) else None
    return found if isinstance(found, dict) else {}


def parts(row: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list inside a row; none where there is no list."""
    found = row.get(name) if isinstance(row, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def names_of(lease: Any) -> str:
    """The names of a lease's current tenants."""
    people = (
        f"{text(row.get('FirstName'))} {text(row.get('LastName'))}".strip() for row in parts(lease, "CurrentTenants")
    )
    return ", ".join(name for name in people if name)[:200]
