"""Anything, in any order, at any time: the books stay those that the oracle works out in plain Python.

Hypothesis plays the provider's staff, our own people, the scheduler and dying workers against a small agency over real
HTTP and a real database. PROPERTYTRACKER_STEPS=10000 plays that many steps, others each time.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from integrations.services import mapping
from integrations.services import sync as sync_services
from tests.integrations.sync.agency import Chance
from tests.integrations.sync.doings import People, Provider, Workers

FIRST, LAST = date(2025, 5, 25), date(2025, 7, 20)
PICK = st.integers(0, 999)
CHANCE = st.builds(
    Chance,
    pick=PICK,
    other=PICK,
    amount=st.integers(1, 200_000).map(lambda cents: Decimal(cents) / 100),
    day=st.integers(0, (LAST - FIRST).days).map(lambda number: FIRST + timedelta(days=number)),
    yes=st.booleans(),
    also=st.booleans(),
)
# What happens more often stands here more often.
STEPS = sorted(
    [
        *(name for side in (Provider, People, Workers) for name in vars(side) if not name.startswith("_")),
        *("receipt_edited", "receipt_edited", "bill_edited", "receipt_voided", "bill_voided"),
        *("map", "map", "edit", "edit", "decide", "decide", "decide", "decide", "undone", "previewed"),
    ]
)
EACH = 40


class Machine(Provider, People, Workers, RuleBasedStateMachine):
    """One rule for every step: Hypothesis leaves whole rules out of most examples, and what matters here is the mix."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Provider.__init__(self)
        self.steps = 0

    def teardown(self) -> None:
        self.close()

    @initialize(pick=PICK, number=st.integers(2, 4))
    def first_sync(self, pick: int, number: int) -> None:
        self.carry_out(sync_services.queue_sync(connection=self.source))
        for place in range(number):
            home = self.homes[(pick + place) % len(self.homes)]
            mapping.map_property(mapping=self.mapping(place), property=home, user=self.user)
        self.drain()

    @rule(do=st.sampled_from(STEPS), chance=CHANCE)
    def step(self, do: str, chance: Chance) -> None:
        getattr(self, do)(chance)

    @invariant()
    def sync_now_and_then(self) -> None:
        self.steps += 1
        if self.steps % 5 == 0:
            self.sync(full=self.steps % 15 == 0, scheduled=self.steps % 10 == 0)


WANTED = int(os.environ.get("PROPERTYTRACKER_STEPS", "0"))
PROFILE = settings(
    max_examples=-(-WANTED // EACH) if WANTED else 12,
    stateful_step_count=EACH,
    derandomize=not WANTED,
    database=None,
    deadline=None,
    # Shrinking plays the machine again hundreds of times; the steps as they failed are few enough to read.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_the_books_are_those_of_the_oracle_whatever_happens() -> None:
    run_state_machine_as_test(Machine, settings=PROFILE)
