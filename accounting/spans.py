"""Periods that people ask for by name."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from core.formatting import day_text

# The Australian financial year runs from 1 July to 30 June.
_YEAR_BEGINS = 7
PRESETS = [
    ("12-months", "Last 12 months"),
    ("this-month", "This month"),
    ("last-month", "Last month"),
    ("financial-year", "This financial year"),
    ("last-financial-year", "Last financial year"),
    ("all", "All time"),
]


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `start` to `end`, both included; None where it has no limit on that side."""

    label: str
    start: date | None
    end: date | None

    @property
    def words(self) -> str:
        """`1 Jul 2026 to 30 Jun 2027`, `since 22 Nov 2025`, `up to 3 Oct 2026` or `all time`."""
        if self.start and self.end:
            return day_text(self.start) if self.start == self.end else f"{day_text(self.start)} to {day_text(self.end)}"
        if self.start:
            return f"since {day_text(self.start)}"
        return f"up to {day_text(self.end)}" if self.end else "all time"


def preset_span(key: str, today: date) -> Span:
    """The span of one of PRESETS as of `today`; an unknown key means the first.

    The last twelve months have no end, so that a line dated ahead is not hidden.
    """
    labels = dict(PRESETS)
    month = today.replace(day=1)
    year = month.replace(month=_YEAR_BEGINS, year=today.year - (today.month < _YEAR_BEGINS))
    spans = {
        "this-month": (month, month.replace(day=monthrange(month.year, month.month)[1])),
        "last-month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "financial-year": (year, year.replace(year=year.year + 1) - timedelta(days=1)),
        "last-financial-year": (year.replace(year=year.year - 1), year - timedelta(days=1)),
        "all": (None, None),
    }
    if key in spans:
        return Span(labels[key], *spans[key])
    is_leap_day = (today.month, today.day) == (2, 29)
    start = date(today.year - 1, 3, 1) if is_leap_day else today.replace(year=today.year - 1)
    return Span(labels[PRESETS[0][0]], start, None)
