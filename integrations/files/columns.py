"""Which column of a file is which field of ours: suggestions, and what the file says about its dates and money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz

from integrations.files.kinds import Field, KindOfFile, Type
from integrations.files.tables import Row
from integrations.files.values import (
    DECIMAL_COMMA,
    MONTH_FIRST,
    Cell,
    comparable,
    decimal_of,
    order_of,
    plain,
)

# Below this likeness a heading is another word: "Rent" and "Agent" have 67.
ALIKE = 86
EXAMPLES = 3


def suggest(kind: KindOfFile, headings: Sequence[str]) -> dict[str, str]:
    """{field: heading}, each heading used once, the surest first; fields without a likely heading are left out."""
    scored: list[tuple[float, int, int, str, str]] = []
    for order, field in enumerate(kind.fields):
        for place, heading in enumerate(headings):
            score = _likeness(field, heading)
            if score >= ALIKE:
                scored.append((-score, order, place, field.name, heading))
    found: dict[str, str] = {}
    for _, _, _, name, heading in sorted(scored):
        if name not in found and heading not in found.values():
            found[name] = heading
    return found


def _likeness(field: Field, heading: str) -> float:
    text = comparable(heading)
    if text in (comparable(field.label), comparable(field.name)):
        return 102
    best = 0.0
    for place, alias in enumerate(field.aliases):
        # An earlier alias is the better one: "Tenant" before "Name".
        best = max(best, 101 - place / 100 if text == comparable(alias) else min(99, fuzz.ratio(text, alias)))
    return max(best, min(99, fuzz.ratio(text, comparable(field.label))))


def remembered(columns: Mapping[str, str], headings: Sequence[str]) -> dict[str, str]:
    """What a person matched before, found in this file whatever the case and order of its headings."""
    here = {comparable(heading): heading for heading in headings}
    return {name: here[comparable(heading)] for name, heading in columns.items() if comparable(heading) in here}


def missing(kind: KindOfFile, columns: Mapping[str, str]) -> list[str]:
    """What has to be matched and is not, in words."""
    lacking = [field.label for field in kind.fields if field.required and field.name not in columns]
    groups = [group for group in kind.one_of if not any(name in columns for name in group)]
    return lacking + [" or ".join(kind.field(name).label for name in group) for group in groups]


class Evidence:
    """What the cells of a file say about the order of its dates and its decimal mark, column by column."""

    def __init__(self, width: int) -> None:
        self._orders: list[dict[str, int]] = [{} for _ in range(width)]
        self._marks: list[dict[str, int]] = [{} for _ in range(width)]
        self._examples: list[list[str]] = [[] for _ in range(width)]

    def look(self, cells: Row) -> None:
        for place, cell in enumerate(cells[: len(self._orders)]):
            if not isinstance(cell, str) or not cell:
                self._keep(place, cell)
                continue
            for found, counts in ((order_of(cell), self._orders[place]), (decimal_of(cell), self._marks[place])):
                if found:
                    counts[found] = counts.get(found, 0) + 1
            self._keep(place, cell)

    def _keep(self, place: int, cell: Cell) -> None:
        kept = self._examples[place]
        if len(kept) < EXAMPLES and (text := plain(cell)[:60]) and text not in kept:
            kept.append(text)

    def as_json(self) -> dict[str, Any]:
        return {"orders": self._orders, "marks": self._marks, "examples": self._examples}


def settled(
    kind: KindOfFile, headings: Sequence[str], columns: Mapping[str, str], profile: Mapping[str, Any], *, part: str
) -> str:
    """What the matched columns say together: an order of dates (`part` orders) or a decimal mark (`part` marks).

    "ask" where what is written can be read in two ways; blank where nothing in the file depends on it.
    """
    wanted = Type.DATE if part == "orders" else Type.MONEY
    counts: dict[str, int] = {}
    for field in kind.fields:
        heading = columns.get(field.name, "")
        if field.type == wanted and heading in headings:
            for found, number in profile[part][list(headings).index(heading)].items():
                counts[found] = counts.get(found, 0) + number
    either = counts.pop("either", 0)
    if counts:
        return max(counts, key=lambda key: counts[key])
    return "ask" if either else ""


def usual_order(region: str) -> str:
    """How dates are written in a country."""
    return "mdy" if region in MONTH_FIRST else "dmy"


def usual_decimal(region: str) -> str:
    """The decimal mark of a country."""
    return "," if region in DECIMAL_COMMA else "."


def used_twice(columns: Mapping[str, str]) -> list[str]:
    """Headings that were chosen for more than one field."""
    seen: Iterable[str] = columns.values()
    chosen = list(seen)
    return sorted({heading for heading in chosen if chosen.count(heading) > 1})
