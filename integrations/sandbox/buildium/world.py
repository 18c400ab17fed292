"""One agency at Buildium: its records in the API's own shape, when each was touched, and the passing of its days."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from integrations.sandbox.wire import SandboxError

Row = dict[str, Any]
KINDS = (
    "rentals", "units", "owners", "tenants", "leases", "rents", "transactions", "tasks", "workorders", "bills",
    "vendors", "glaccounts",
)  # fmt: skip
DAY = timedelta(days=1)


class World:
    """Everything one agency holds. Reads and changes take ``lock``.

    Days, and what happens on them, follow from the seed alone, so that a world that is built again to the same day has
    the same records with the same ids.
    """

    def __init__(self, *, account: int, name: str, seed: int, first_day: date) -> None:
        self.account, self.name, self.seed = account, name, seed
        self.lock = threading.RLock()
        self.today = self.first_day = first_day
        self.tables: dict[str, dict[int, Row]] = {kind: {} for kind in KINDS}
        self.of_lease: dict[int, list[Row]] = defaultdict(list)
        self.touched: dict[tuple[str, int], datetime] = {}
        self._numbers = {kind: itertools.count(10_000 * place + 1001) for place, kind in enumerate(KINDS, start=1)}
        # What is going on and is no record: of each unit when it is let next, of each lease what it pays.
        self.next_let: dict[int, date] = {}
        self.current: dict[int, int] = {}
        self.habits: dict[int, Row] = {}
        self.plans: list[tuple[date, str, int]] = []
        self.is_live = False
        self._last = datetime(2000, 1, 1, tzinfo=UTC)
        self.journal: Callable[[int, str, dict[str, Any], int], None] = lambda *_: None

    def random(self, *words: object) -> random.Random:
        """Chance that is the same each time for the same words."""
        return random.Random(f"{self.seed}/{self.account}/" + "/".join(map(str, words)))

    # --- records --------------------------------------------------------------------------------------------------
    def add(self, kind: str, row: Row) -> Row:
        """Give a row the next id of its kind and keep it."""
        row["Id"] = next(self._numbers[kind])
        self.tables[kind][row["Id"]] = row
        if kind == "transactions":
            self.of_lease[row["LeaseId"]].append(row)
        self.touch(kind, row)
        return row

    def touch(self, kind: str, row: Row) -> None:
        """Note that a row changed now."""
        stamp = self.now()
        self.touched[kind, row["Id"]] = stamp
        if "LastUpdatedDateTime" in row:
            row["LastUpdatedDateTime"] = instant(stamp)

    def get(self, kind: str, ident: object) -> Row:
        """A row by id. Raises SandboxError where there is none."""
        found = self.tables[kind].get(int(str(ident)))
        if found is None:
            raise SandboxError(f"No record {ident!r} among the {kind}.")
        return found

    def remove(self, kind: str, row: Row) -> None:
        """Forget a row: it is not listed any more."""
        del self.tables[kind][row["Id"]]
        if kind == "transactions":
            self.of_lease[row["LeaseId"]].remove(row)

    def rows(self, kind: str) -> list[Row]:
        """All rows of a kind in the order of their ids."""
        return list(self.tables[kind].values())

    # --- time -----------------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        """A stamp: noon of the day while history is made, then the real time or the agency's, whichever is later."""
        noon = datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)
        if not self.is_live:
            return noon
        real = datetime.fromtimestamp(int(time.time()), UTC)
        self._last = max(self._last + timedelta(seconds=1), real, noon)
        return self._last

    def advance(self, days: int, live: Callable[[World], None]) -> None:
        """Let days pass; ``live`` is what happens on each."""
        for _ in range(days):
            self.today += DAY
            live(self)


def instant(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
