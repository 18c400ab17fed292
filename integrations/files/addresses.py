"""One-line addresses to parts and back: enough to suggest matches; what cannot be taken apart stays one line."""

from __future__ import annotations

import re

_LINE = re.compile(
    r"(?:(?:unit|apt\.?|apartment|flat|shop|suite|u)\s*)?(?:(?P<unit>[\w-]{1,10})\s*[/,]\s*)?"
    r"(?P<number>\d+\s?[A-Za-z]?(?:\s?[-–]\s?\d+[A-Za-z]?)?)\s+(?P<street>\S.*)",  # people type the dash
    re.IGNORECASE,
)
# "Newtown NSW 2042", "Portland, OR 97201", "Newtown 2042".
_TOWN = re.compile(r"(?P<suburb>[^\d,]+?)(?:[\s,]+(?P<state>[A-Z]{2,3}))?(?:[\s,]+(?P<postcode>[\d][\d\s-]{2,9}))?")
# Polish and other continental towns write the code first: "00-001 Warszawa".
_CODE_FIRST = re.compile(r"(?P<postcode>\d[\d\s-]{2,9}\d)\s+(?P<suburb>[^\d,]+)")


def split(line: str) -> dict[str, str]:
    """Unit, number, street, suburb, state and postcode of a one-line address, those that can be told."""
    first, _, rest = line.partition(",")
    if rest and re.fullmatch(r"\s*(?:(?:unit|apt\.?|flat|shop|suite)\s*)?[\w-]{1,10}\s*", first, re.IGNORECASE):
        # "Unit 4, 18 Acacia Avenue, Newtown": the first comma is behind the unit.
        street, _, rest = rest.partition(",")
        first = f"{first},{street}"
    found = _LINE.fullmatch(first.strip())
    if found is None:
        return {}
    parts = {name: (value or "").strip() for name, value in found.groupdict().items()}
    town = rest.strip()
    match = _CODE_FIRST.fullmatch(town) or _TOWN.fullmatch(town) if town else None
    if match is not None:
        parts |= {name: (value or "").strip() for name, value in match.groupdict().items()}
    return {name: value for name, value in parts.items() if value}


def join(parts: dict[str, str]) -> str:
    """The one line of an address in parts."""
    return ", ".join(part for part in (street_line(parts), town_line(parts)) if part)


def street_line(parts: dict[str, str]) -> str:
    line = f"{parts.get('number', '')} {parts.get('street', '')}".strip()
    unit = parts.get("unit", "")
    return f"{unit}/{line}" if unit and line else line


def town_line(parts: dict[str, str]) -> str:
    return " ".join(parts[name] for name in ("suburb", "state", "postcode") if parts.get(name))
