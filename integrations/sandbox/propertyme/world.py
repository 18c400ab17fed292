"""One agency of the sandbox vendor: its state, its clock, and what was edited upstream."""

from __future__ import annotations

import random
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrations.sandbox.mutations import MUTATIONS, Row
from integrations.sandbox.wire import SandboxError

from .ledger import Ledger
from .model import TICKS_PER_HOUR, Contact, Job, Lot, Tenancy, day_ticks, make_id, mix, read_id
from .operations import find

EPOCH_DAY = date(1970, 1, 1).toordinal()
STEP = 10_000  # one millisecond, so that two edits differ in the dates shown as well
DAY_SPREAD = 1_000_000
RESOURCES = ("lots", "contacts", "tenancies", "balances", "jobs", "quotes", "receipts", "bills")


@dataclass(slots=True)
class Patch:
    """What was changed on one row beyond the model: field values, removed fields, mutations, and when."""

    fields: Row = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    mutations: list[tuple[str, str]] = field(default_factory=list)
    stamp: int = 0


class Clock:
    """Hands out rising stamps: the real time, or the agency's own time when that is ahead."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.last = 0

    def begin(self, today: int, forced: int | None = None) -> int:
        """Return the first stamp of an operation; ``forced`` repeats the one of a replayed operation."""
        real = day_ticks(EPOCH_DAY) + int(self._now() * 10_000_000)
        self.last = forced or max(self.last + STEP, real, day_ticks(today) + 18 * TICKS_PER_HOUR)
        return self.last

    def next(self) -> int:
        """Return the next stamp."""
        self.last += STEP
        return self.last

    def open_day(self, day: int) -> int:
        """Return the base of the stamps of a new day and reserve its room."""
        base = max(self.last + STEP, day_ticks(day) + 9 * TICKS_PER_HOUR)
        self.last = base + DAY_SPREAD
        return base


class Agency:
    """Everything one agency holds. Reads and operations take ``lock``; ``run`` is the only way to change it."""

    def __init__(self, *, index: int, name: str, code: str, seed: int, years: float, today: int) -> None:
        self.index, self.name, self.code = index, name, code
        self.seed = mix(seed, index)
        self.lock = threading.RLock()
        self.clock = Clock()
        self.today = self.genesis = today
        self.first_day = today - round(years * 365)
        self.lots: list[Lot] = []
        self.contacts: list[Contact] = []
        self.suppliers: dict[str, list[int]] = {}
        self.tenancies: list[Tenancy] = []
        self.jobs: list[Job] = []
        self.open_jobs: set[int] = set()
        self.receipts = Ledger(32)
        self.bills = Ledger(44)
        self.patches: dict[tuple[str, str], Patch] = {}
        self.hidden: set[tuple[str, str]] = set()
        self.copies: Counter[tuple[str, str]] = Counter()
        self.day_base: dict[int, int] = {}
        self._open_days: list[int] = []
        self.version = 0
        self.operations = 0
        self.manual = 0
        self.journal: Callable[[int, str, dict[str, Any], int], None] = lambda *_: None
        self.spaces = {
            name: mix(self.seed, 77, number) for number, name in enumerate((*RESOURCES, "folios", "members"))
        }
        self._ids: dict[tuple[str, int], str] = {}
        self.id = make_id(mix(self.seed, 99), 1)
        self.random = random.Random(self.seed)

    # --- ids and stamps -------------------------------------------------------------------------------------------
    def make_id(self, resource: str, number: int) -> str:
        """Return the id of the n-th (or the keyed) record of a resource."""
        if resource in ("receipts", "bills"):
            return make_id(self.spaces[resource], number)
        found = self._ids.get((resource, number))
        if found is None:
            found = make_id(self.spaces["tenancies" if resource == "balances" else resource], number)
            self._ids[resource, number] = found
        return found

    def number(self, resource: str, record_id: str) -> int:
        """Return the index or key behind an id; raises SandboxError when it is not one of this agency's."""
        number = read_id(self.spaces["tenancies" if resource == "balances" else resource], record_id)
        stores: dict[str, Sequence[object]] = {
            "lots": self.lots, "contacts": self.contacts, "tenancies": self.tenancies, "balances": self.tenancies,
            "jobs": self.jobs, "quotes": self.jobs,
        }  # fmt: skip
        if number is None or (resource in stores and number >= len(stores[resource])):
            raise SandboxError(f"No record {record_id!r} in {resource}.")
        return number

    def stamp_of(self, day: int, salt: int) -> int:
        """Return the stamp of something that happened by itself on a day."""
        base = self.day_base.get(day)
        if base is None:
            return day_ticks(day) + 9 * TICKS_PER_HOUR + salt % (8 * TICKS_PER_HOUR)
        return base + salt % DAY_SPREAD

    def day_before_stamp(self, stamp: int) -> int:
        """Return a day such that nothing that happened by itself before it has a stamp above the given one."""
        index = bisect_right(self._open_days, stamp, key=lambda day: self.day_base[day])
        if index:
            return self._open_days[index - 1]
        return min(self.genesis, stamp // (24 * TICKS_PER_HOUR) + 1)

    def open_day(self, day: int) -> None:
        """Move to the next day; its own events are stamped after all earlier ones."""
        self.day_base[day] = self.clock.open_day(day)
        self._open_days.append(day)
        self.today = day

    # --- operations -----------------------------------------------------------------------------------------------
    def run(self, name: str, *, replayed_stamp: int | None = None, **arguments: Any) -> Any:
        """Run one operation of ``operations.OPERATIONS`` and return its result.

        Raises SandboxError for an unknown operation, record or argument; nothing is journalled then.
        """
        operation = find(name, self, arguments)
        with self.lock:
            stamp = self.clock.begin(self.today, replayed_stamp)
            self.random.seed(mix(self.seed, 5, self.operations))
            result = operation(self, **arguments)
            self.operations += 1
            self.version += 1
            self.journal(self.index, name, arguments, stamp)
        return result

    def advance(self, days: int = 1) -> dict[str, int]:
        """Let days pass; return how many receipts, bills, jobs and tenancies came into being."""
        result: dict[str, int] = self.run("advance", days=days)
        return result

    def edit(self, operation: str, /, **arguments: Any) -> Any:
        """Change something upstream; see ``operations.OPERATIONS``."""
        return self.run(operation, **arguments)

    # --- patches --------------------------------------------------------------------------------------------------
    def patch(self, resource: str, record_id: str) -> Patch:
        """Return the patch of a row, newly stamped."""
        patch = self.patches.setdefault((resource, record_id), Patch())
        patch.stamp = self.clock.next()
        return patch

    def finish(self, resource: str, row: Row) -> Row:
        """Apply what was edited to a freshly computed row; removed values (None) are left out as the vendor does."""
        row = {name: value for name, value in row.items() if value is not None}
        patch = self.patches.get((resource, row["Id"])) if self.patches else None
        if patch is None:
            return row
        row.update(patch.fields)
        if "Timestamp" in row:
            row["Timestamp"] = max(row["Timestamp"], patch.stamp)
        for mutation, name in patch.mutations:
            MUTATIONS[mutation](row, name)
        for name in patch.removed:
            row.pop(name, None)
        return row

    def listed(self, resource: str, rows: list[Row]) -> list[Row]:
        """Leave out vanished rows and repeat duplicated ones."""
        if self.hidden:
            rows = [row for row in rows if (resource, row["Id"]) not in self.hidden]
        if self.copies:
            rows = [row for row in rows for _ in range(1 + self.copies.get((resource, row["Id"]), 0))]
        return rows
