"""Single values of AppFolio's JSON: decimal strings, days, moments, texts. Pure; refusals are sentences for people."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.errors import RecordRejected

CENT = Decimal("0.01")
# What a numeric(14,2) column holds.
LIMIT = Decimal(10) ** 12
FIRST_YEAR, LAST_YEAR = 1990, 2100
_WRITTEN = re.compile(r"([+-]?)\$?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)", re.ASCII)


def money(value: Any, what: str = "amount") -> Decimal:
    """An amount with two decimals, halves away from zero. AppFolio writes decimals as text; reports add commas.

    Raises RecordRejected for what is no amount. A JSON number is taken by its shortest text.
    """
    if value is None or value == "":
        raise RecordRejected(f"AppFolio sent no {what} for this record.")
    if value.__class__ in (int, float):
        value = repr(value)
    if value.__class__ is not str:
        raise RecordRejected(f"The {what} is not a number.")
    text = value.strip()
    in_brackets = text.startswith("(") and text.endswith(")")
    found = _WRITTEN.fullmatch(text[1:-1].strip() if in_brackets else text)
    if found is None or len(text) > 40:
        raise RecordRejected(f"The {what} {value[:40]!r} is not a number.")
    amount = Decimal(found[2].replace(",", "")).quantize(CENT, ROUND_HALF_UP)
    if amount >= LIMIT:
        raise RecordRejected(f"The {what} {value!r:.40} is larger than any amount that can be recorded.")
    return -amount if in_brackets or found[1] == "-" else amount


def optional_money(value: Any, what: str = "amount") -> Decimal | None:
    """The amount, None where there is none."""
    return None if value is None or value == "" else money(value, what)


def day(value: Any, zone: str, what: str = "date") -> date:
    """The calendar day of a date, or of a moment in the given zone. Reports write days as month/day/year, too.

    Raises RecordRejected when it is missing, no date, or outside 1990 to 2100.
    """
    if value is None or value == "":
        raise RecordRejected(f"AppFolio sent no {what} for this record.")
    found = _day(value, zone) if value.__class__ is str else None
    if found is None:
        raise RecordRejected(f"The {what} {value!r:.40} is not a date.")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RecordRejected(f"The {what} {value!r:.40} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def _day(text: str, zone: str) -> date | None:
    try:
        if len(text) == 10 and text[2] == "/":
            return date(int(text[6:]), int(text[:2]), int(text[3:5]))
        if len(text) == 10:
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
        return found.date() if found.tzinfo is None else found.astimezone(ZoneInfo(zone)).date()
    except (ValueError, OverflowError):
        return None


def optional_day(value: Any, zone: str, what: str = "date") -> date | None:
    """The day, None where there is none."""
    return day(value, zone, what) if value else None


def moment(value: Any, zone: str, what: str = "time") -> datetime | None:
    """An instant in UTC, None where there is none. A bare day is its noon, so that it stays that day in every zone."""
    if not value:
        return None
    if value.__class__ is str and len(value) == 10:
        return datetime.combine(day(value, zone, what), time(12), ZoneInfo(zone)).astimezone(UTC)
    day(value, zone, what)
    found = datetime.fromisoformat(value)
    return (found.replace(tzinfo=ZoneInfo(zone)) if found.tzinfo is None else found).astimezone(UTC)


def text(value: Any, most: int = 300) -> str:
    """A text without surrounding blanks, cut to `most` characters; blank for what is no text."""
    if value.__class__ is str:
        return str(value.strip()[:most])
    return str(value)[:most] if value.__class__ is int else ""


def count(value: Any) -> int | None:
    """A whole number that is not negative, from a number or a text ("2", "1.5" counts as 1), else None."""
    if value.__class__ is str and re.fullmatch(r"\d{1,6}(\.\d+)?", value.strip(), re.ASCII):
        value = float(value)
    return int(value) if value.__class__ in (int, float) and 0 <= value < 2**31 else None
