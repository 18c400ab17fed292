"""Receipts and bills as packed 64-bit keys, in the order of their days.

Receipt key: day(20) tenancy(20) number(12). Bill key: day(20) lot(20) kind(5) number(19). A million rows are 12 MB.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

BOND = 4095
MANUAL_RECEIPTS = 3000
JOB_BILL, MANUAL_BILL = 12, 31


class BillKind(NamedTuple):
    """A kind of bill: who sends it, how often, what it costs (dollars) and whether GST is inside."""

    code: int
    role: str
    every: str
    low: int
    high: int
    taxed: bool
    detail: str


BILLS = {
    kind.code: kind
    for kind in (
        BillKind(1, "council", "quarter", 310, 620, False, "Council rates instalment {quarter}"),
        BillKind(2, "water", "quarter", 140, 330, False, "Water and sewerage charges {quarter}"),
        BillKind(3, "insurance", "year", 380, 1450, True, "Landlord insurance renewal {year}"),
        BillKind(4, "strata", "quarter", 480, 1650, True, "Strata levy {quarter} (admin and capital works fund)"),
        BillKind(5, "land_tax", "year", 600, 4200, False, "Land tax assessment {year}"),
        BillKind(6, "agency", "month", 110, 290, True, "Management fee {month}"),
        BillKind(7, "agency", "let", 420, 900, True, "Letting fee, new tenancy"),
        BillKind(8, "advertising", "let", 190, 420, True, "Internet advertising package"),
        BillKind(9, "cleaning", "vacate", 260, 620, True, "Bond clean after vacate"),
        BillKind(10, "gardening", "quarter", 90, 260, True, "Lawn and garden maintenance"),
        BillKind(11, "pest", "year", 180, 340, True, "Annual pest inspection and spray"),
        BillKind(JOB_BILL, "job", "job", 0, 0, True, "Repairs: {job}"),
        BillKind(13, "legal", "rare", 90, 460, False, "Tribunal application fee"),
        BillKind(14, "sundry", "year", 25, 95, True, "Sundry: keys cut and postage"),
        BillKind(15, "smoke", "year", 99, 149, True, "Smoke alarm compliance service"),
        BillKind(MANUAL_BILL, "manual", "manual", 0, 0, True, "Bill"),
    )
}


def receipt_key(day: int, tenancy: int, number: int) -> int:
    """Pack a receipt."""
    return day << 32 | tenancy << 12 | number


def receipt_parts(key: int) -> tuple[int, int, int]:
    """Unpack a receipt: day, tenancy, number."""
    return key >> 32, key >> 12 & 0xFFFFF, key & 0xFFF


def bill_key(day: int, lot: int, kind: int, number: int) -> int:
    """Pack a bill."""
    return day << 44 | lot << 24 | kind << 19 | number


def bill_parts(key: int) -> tuple[int, int, int, int]:
    """Unpack a bill: day, lot, kind, number."""
    return key >> 44, key >> 24 & 0xFFFFF, key >> 19 & 0x1F, key & 0x7FFFF


class Ledger:
    """Keys in the order of their effective day, which an upstream edit of the date may change."""

    def __init__(self, day_shift: int) -> None:
        self._shift = day_shift
        self.days: array[int] = array("l")
        self.keys: array[int] = array("Q")

    def __len__(self) -> int:
        return len(self.keys)

    def extend(self, keys: Iterable[int]) -> None:
        """Add rows, in any order; quick when none of them is older than those present."""
        ordered = sorted(keys)
        if ordered and self.days and self.days[-1] > ordered[0] >> self._shift:
            for key in ordered:
                self.insert(key)
            return
        self.keys.extend(ordered)
        self.days.extend(key >> self._shift for key in ordered)

    def insert(self, key: int, day: int | None = None) -> None:
        """Put one row at its place, by its own day or another."""
        at = key >> self._shift if day is None else day
        index = bisect_right(self.days, at)
        self.days.insert(index, at)
        self.keys.insert(index, key)

    def remove(self, key: int) -> bool:
        """Take a row out, however often it is listed; False when it is not there."""
        found = False
        while (index := self._index(key)) is not None:
            del self.keys[index], self.days[index]
            found = True
        return found

    def move(self, key: int, day: int) -> None:
        """Give a row another effective day."""
        if self.remove(key):
            self.insert(key, day)

    def day(self, key: int) -> int | None:
        """Return the effective day of a row, None when it is not listed."""
        index = self._index(key)
        return None if index is None else self.days[index]

    def _index(self, key: int) -> int | None:
        own = key >> self._shift
        for index in range(bisect_left(self.days, own), bisect_right(self.days, own)):
            if self.keys[index] == key:
                return index
        try:
            return self.keys.index(key)
        except ValueError:
            return None

    def span(self, first: int | None, last: int | None) -> tuple[int, int]:
        """Return the index range of the days first..last, both included."""
        start = 0 if first is None else bisect_left(self.days, first)
        return start, len(self.keys) if last is None else bisect_right(self.days, last)

    def slice(self, start: int, stop: int) -> Iterator[int]:
        """Return a snapshot of the keys in an index range."""
        return iter(self.keys[start:stop])
