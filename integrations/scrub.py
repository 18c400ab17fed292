"""Takes forbidden fields out of a provider's rows. Which ones, each provider's edge.py says."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

Row = dict[str, Any]
_NESTED = frozenset({dict, list})


def scrubber(is_dropped: Callable[[str], bool]) -> Callable[[Row], Row]:
    """A function that answers the row without the fields that `is_dropped` names, at any depth.

    It changes the row in place, because it is ours and the path is hot.
    """

    @lru_cache(maxsize=1024)
    def to_drop(names: tuple[str, ...]) -> tuple[str, ...]:
        # Rows of a list share a handful of layouts, so the names are judged once a layout and not once a row.
        return tuple(name for name in names if is_dropped(name))

    def scrub(row: Row) -> Row:
        for name in to_drop(tuple(row)):
            del row[name]
        if not _NESTED.isdisjoint(map(type, row.values())):
            scrub_values(row.values())
        return row

    def scrub_values(values: Any) -> None:
        for value in values:
            if value.__class__ is dict:
                scrub(value)
            elif value.__class__ is list:
                scrub_values(value)

    return scrub
