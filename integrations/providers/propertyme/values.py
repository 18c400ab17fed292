"""Single values of PropertyMe's JSON: money, days, moments, texts. Pure; each refusal is a sentence for people."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from integrations.errors import RecordRejected

CENT = Decimal("0.01")
# What a numeric(14,2) column holds. A double holds every amount of cents below it exactly enough for repr().
LIMIT = Decimal(10) ** 12
FIRST_YEAR, LAST_YEAR = 1990, 2100
_WRITTEN = re.compile(r"([+-]?)\s*(?:A\$|NZ\$|\$)?\s*([+-]?)((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)", re.ASCII)
_PERIODS = {
    "weekly": "weekly",
    "week": "weekly",
    "fortnightly": "fortnightly",
    "fortnight": "fortnightly",
    "monthly": "monthly",
    "month": "monthly",
    "quarterly": "quarterly",
    "quarter": "quarterly",
    "yearly": "yearly",
    "annually": "yearly",
    "year": "yearly",
}


def money(value: Any, what: str = "amount") -> Decimal:
    """An amount with two decimals, halves away from zero.

    JSON numbers arrive as doubles; below 10^12 the shortest text of one is what was sent. Texts may carry a sign, a
    dollar sign and thousands commas. Raises RecordRejected for anything else.
    """
    kind = value.__class__
    if kind is float:
        if -1e11 < value < 1e11:
            # Nearly every amount: two decimals that give the very same double back. Half the time of quantize().
            short = f"{value:.2f}"
            if float(short) == value:
                return Decimal(short)
        amount = Decimal(repr(value))
    elif kind is int or kind is Decimal:
        amount = Decimal(value)
    elif kind is str:
        amount = _written(value, what)
    elif value is None:
        raise RecordRejected(f"PropertyMe sent no {what} for this record.")
    else:
        raise RecordRejected(f"The {what} is not a number.")
    if not amount.is_finite():
        raise RecordRejected(f"The {what} {value!r} is not a number.")
    if not -LIMIT < amount < LIMIT:
        raise RecordRejected(f"The {what} {value!r:.40} is larger than any amount that can be recorded.")
    amount = amount.quantize(CENT, ROUND_HALF_UP)
    if amount >= LIMIT or amount <= -LIMIT:
        raise RecordRejected(f"The {what} {value!r:.40} is larger than any amount that can be recorded.")
    return amount


def optional_money(value: Any, what: str = "amount") -> Decimal | None:
    """The amount, None where there is none."""
    return None if value is None else money(value, what)


def _written(value: str, what: str) -> Decimal:
    text = value.strip().replace("\u2212", "-")
    in_brackets = text.startswith("(") and text.endswith(")")
    if in_brackets:
        text = text[1:-1].strip()
    found = _WRITTEN.fullmatch(text)
    if found is None or (found[1] and found[2]):
        raise RecordRejected(f"The {what} {value[:40]!r} is not a number.")
    amount = Decimal(found[3].replace(",", ""))
    return -amount if in_brackets or "-" in (found[1], found[2]) else amount


@lru_cache(maxsize=16_384)
def _day(text: str, zone: str) -> date | None:
    try:
        if len(text) == 10 or text[10:19] == "T00:00:00":
            # A bare date, or midnight: PropertyMe writes calendar days this way, whatever zone letter follows.
            return date.fromisoformat(text[:10])
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment.date()
        return moment.astimezone(ZoneInfo(zone)).date()
    except ValueError:
        return None


def day(value: Any, zone: str, what: str = "date") -> date:
    """The calendar day a value means in the agency's zone (see NOTES.md, "Days").

    Raises RecordRejected when it is missing, no date, or outside 1990 to 2100.
    """
    if value is None or value == "":
        raise RecordRejected(f"PropertyMe sent no {what} for this record.")
    found = _day(value, zone) if value.__class__ is str else None
    if found is None:
        raise RecordRejected(f"The {what} {value!r:.40} is not a date.")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RecordRejected(f"The {what} {value!r:.40} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def optional_day(value: Any, zone: str, what: str = "date") -> date | None:
    """The day, None where there is none: absent, or the first or last day that .NET can write."""
    if not value or (value.__class__ is str and value[:4] in ("0001", "9999")):
        return None
    return day(value, zone, what)


def moment(value: Any, what: str = "time") -> datetime | None:
    """An instant in UTC, None where there is none. Raises RecordRejected for what is no time."""
    if not value or (value.__class__ is str and value[:4] in ("0001", "9999")):
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise RecordRejected(f"The {what} {value!r:.40} is not a time.") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RecordRejected(f"The {what} {value!r:.40} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def period(value: Any) -> str:
    """A rent period in our words; weekly where none is given. Raises RecordRejected for one that is not known."""
    if not value:
        return "weekly"
    found = _PERIODS.get(str(value).strip().lower())
    if found is None:
        raise RecordRejected(f"The rent period {value!r:.40} is not one that can be recorded.")
    return found


def text(value: Any, most: int = 300) -> str:
    """A text without surrounding blanks, cut to `most` characters; blank for what is no text."""
    if value.__class__ is str:
        return value.strip()[:most]
    return "" if value is None else str(value).strip()[:most]


def count(value: Any) -> int | None:
    """A whole number that is not negative, else None."""
    if value.__class__ in (int, float) and 0 <= value < 2**31:
        return int(value)
    return None
