"""Counts of a run, per resource, as the run row stores and pages show them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

# What each planned action counts as.
COUNTED = {
    "create": "created",
    "update": "updated",
    "void": "updated",
    "unmap": "updated",
    "same": "unchanged",
    "duplicate": "skipped",
    "baseline": "skipped",
    "dismissed": "skipped",
    "gone": "skipped",
    "kept": "skipped",
    "wait": "skipped",
    "skipvoid": "skipped",
    "closed": "conflicted",
    "conflict": "conflicted",
    "unmapped": "unmapped",
    "reject": "failed",
}


@dataclass(slots=True)
class Tally:
    """What a run has seen and done so far. `unmapped` is kept apart from other skips, since a person can fix it.

    `created` counts transactions, `new` records that the mirror did not know.
    """

    resources: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    created: int = 0
    new: int = 0
    income: Decimal = Decimal(0)
    expense: Decimal = Decimal(0)

    def add(self, resource: str, what: str, number: int = 1) -> None:
        if number:
            self.resources[resource][what] += number

    def add_actions(self, resource: str, actions: dict[str, int]) -> None:
        for action, number in actions.items():
            self.add(resource, COUNTED[action], number)

    def merge(self, other: Tally) -> None:
        """Adds what a chunk has counted."""
        for resource, counter in other.resources.items():
            self.resources[resource].update(counter)
        self.created += other.created
        self.new += other.new
        self.income += other.income
        self.expense += other.expense

    def as_json(self) -> dict[str, Any]:
        return {resource: dict(counter) for resource, counter in self.resources.items()}

    def totals(self) -> dict[str, str]:
        return {"income": str(self.income), "expense": str(self.expense)}

    def sum_of(self, what: str) -> int:
        return sum(counter[what] for counter in self.resources.values())
