"""What an agency holds, as compactly as 20,000 lots need it, and the arithmetic of ids, days and stamps.

Days are proleptic ordinals (``date.toordinal``), money is integer cents, stamps are .NET ticks (100 ns since year 1).
Receipts and bills are not objects: one 64-bit key says everything that was decided when the row came into being, and
the rest is computed from the key (``ledger.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

TICKS_PER_DAY = 864_000_000_000
TICKS_PER_HOUR = 36_000_000_000
MASK = (1 << 64) - 1
ODD = 0x9E3779B97F4A7C15
INVERSE = pow(ODD, -1, 1 << 64)
PERIODS = ("Weekly", "Fortnightly", "Monthly")
WEEKLY, FORTNIGHTLY, MONTHLY = range(3)


def mix(*values: int) -> int:
    """Return a well-spread 64-bit number that depends on all values and on nothing else."""
    state = 0x243F6A8885A308D3
    for value in values:
        state = ((state ^ value) * ODD) & MASK
        state ^= state >> 29
        state = (state * 0xBF58476D1CE4E5B9) & MASK
        state ^= state >> 32
    return state


def make_id(space: int, number: int) -> str:
    """Return a UUID that holds a 64-bit number, reversibly; ``space`` keeps agencies and kinds apart."""
    scrambled = ((number ^ space) * ODD) & MASK
    hexed = f"{scrambled:016x}"
    tail = (scrambled >> 31 ^ scrambled ^ space >> 40) & 0xFFFFFF
    return f"{space & 0xFFFFFFFF:08x}-{hexed[:4]}-4{hexed[4:7]}-a{hexed[7:10]}-{hexed[10:]}{tail:06x}"


def read_id(space: int, text: str) -> int | None:
    """Return the number inside an id made by ``make_id`` for the same space, else None."""
    parts = text.split("-")
    if len(parts) != 5 or parts[0] != f"{space & 0xFFFFFFFF:08x}" or len(text) != 36:
        return None
    try:
        scrambled = int(parts[1] + parts[2][1:] + parts[3][1:] + parts[4][:6], 16)
    except ValueError:
        return None
    number = ((scrambled * INVERSE) & MASK) ^ space
    return number if make_id(space, number) == text else None


@lru_cache(maxsize=8192)
def iso_day(day: int) -> str:
    """Return a day as the vendor writes it."""
    return f"{date.fromordinal(day).isoformat()}T00:00:00Z"


def iso_stamp(stamp: int) -> str:
    """Return the moment of a stamp, to the millisecond."""
    days, rest = divmod(stamp, TICKS_PER_DAY)
    seconds, ticks = divmod(rest, 10_000_000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{date.fromordinal(days + 1).isoformat()}T{clock}.{ticks // 10_000:03d}Z"


def day_ticks(day: int) -> int:
    """Return the stamp of a day's midnight."""
    return (day - 1) * TICKS_PER_DAY


@lru_cache(maxsize=4096)
def add_months(day: int, months: int) -> int:
    """Return the same day of a later month, or that month's last day."""
    start = date.fromordinal(day)
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    following = date(year + month // 12, month % 12 + 1, 1).toordinal()
    return min(date(year, month, 1).toordinal() + start.day - 1, following - 1)


@dataclass(slots=True)
class Lot:
    """A managed property."""

    index: int
    place: int
    unit: str
    number: str
    street: str
    building: str
    kind: str
    bedrooms: int
    bathrooms: int
    cars: int
    rent_week: int
    created: int
    owner: int
    manager: int
    stamp: int
    suburb: str = ""
    tenancy: int | None = None
    next_let: int | None = None
    archived: int | None = None
    archived_stamp: int = 0


@dataclass(slots=True)
class Contact:
    """An owner, tenant or supplier."""

    index: int
    role: str
    first: str
    last: str
    company: str
    created: int
    stamp: int
    trade: str = ""
    archived: bool = False
    partner: str = ""

    @property
    def reference(self) -> str:
        """The name as lists show it."""
        if self.company:
            return self.company
        return f"{self.last}, {self.first}" + (f" & {self.partner}" if self.partner else "")


@dataclass(slots=True)
class Tenancy:
    """A lease with what was paid on it so far."""

    index: int
    lot: int
    contact: int
    start: int
    agreement_end: int
    vacate: int
    rent: int
    period: int
    growth: int
    payer: int
    stamp: int
    bond: int
    paid_periods: int = 0
    paid_cents: int = 0
    last_paid: int = 0
    closed: int | None = None
    halted: bool = False
    past_rents: dict[int, int] = field(default_factory=dict)

    def period_start(self, number: int) -> int:
        """Return the first day of the n-th rent period."""
        if self.period == MONTHLY:
            return add_months(self.start, number)
        return self.start + number * (7 if self.period == WEEKLY else 14)

    def rent_for(self, number: int) -> int:
        """Return the cents due for the n-th period; the rent rises once a year, rounded to five dollars."""
        if number in self.past_rents:
            return self.past_rents[number]
        return self.rent_after((self.period_start(number) - self.start) // 365)

    def rent_after(self, years: int) -> int:
        """Return the cents due a period so many years after the start."""
        if years <= 0 or not self.growth:
            return self.rent
        return round(self.rent * (1 + self.growth / 100) ** years / 500) * 500


@dataclass(slots=True)
class Job:
    """A maintenance job with the plan of its life: the days on which its status changes."""

    index: int
    lot: int
    tenancy: int | None
    supplier: int
    template: int
    created: int
    amount: int
    plan: list[tuple[int, str]] = field(default_factory=list)
    quoted: int | None = None
    accepted: int | None = None
    stamp: int = 0

    def status(self, today: int) -> str:
        """Return the status on a day."""
        return [name for day, name in self.plan if day <= today][-1]

    def changed(self, today: int) -> int:
        """Return the day of the last status change."""
        return max(day for day, _ in self.plan if day <= today)

    @property
    def billed(self) -> int | None:
        """The day the supplier's bill arrives, when the work gets done."""
        return next((day for day, name in self.plan if name == "Finished"), None)
