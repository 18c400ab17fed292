"""The parts of a street line, which matching compares."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBER = r"(?P<number>\d+[a-z]?(?:\s*[-–]\s*\d+[a-z]?)?)"
_WORD = r"(?:unit|apartment|apt|flat|suite|shop|villa|townhouse|u)\.?\s*"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # 4/18 Acacia Avenue; Unit 4/18 …; Unit 4, 18 …
        rf"^(?:{_WORD})?(?P<unit>\w{{1,6}})\s*/\s*{_NUMBER}\s+(?P<street>\S.*)$",
        rf"^{_WORD}(?P<unit>\w{{1,6}})\s*,?\s+{_NUMBER}\s+(?P<street>\S.*)$",
        rf"^{_NUMBER}\s+(?P<street>\S.*)$",
    )
)


class StreetParts(NamedTuple):
    """Unit, number and street of an address; blank where the line does not say."""

    unit_number: str
    street_number: str
    street: str


def split_street_line(text: str) -> StreetParts:
    """`4/18 Acacia Avenue` gives 4, 18 and Acacia Avenue; a line in another shape is all street."""
    line = " ".join(text.split())
    for pattern in _PATTERNS:
        found = pattern.match(line)
        if found:
            parts = found.groupdict()
            number = re.sub(r"\s*[-–]\s*", "-", parts["number"])
            return StreetParts(parts.get("unit") or "", number[:20], parts["street"][:120])
    return StreetParts("", "", line[:120])
