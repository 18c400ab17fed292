"""The breaker against a plain model with its own clock; many callers against a vendor that is down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings as django_settings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.ids import uuid7
from integrations import breaker as breakers
from integrations.breaker import EVENTS, Breaker, Rules, State, Verdict, standings, watched
from integrations.sandbox.wire import Response, json_response
from integrations.shared import Shared, shared
from tests.support.callers import results, start
from tests.support.recorder import Recorder

RULES = Rules(failures=3, open_seconds=10, longest=35, recovery=2, probe_seconds=20, memory=1e6)


@dataclass
class Model:
    """The breaker in plain Python."""

    state: str = "closed"
    failures: int = 0
    successes: int = 0
    opens: int = 0
    retry_at: float = 0.0
    probe: str = ""
    probe_until: float = 0.0

    def ask(self, now: float, token: str) -> str:
        if self.state == "closed":
            return "go"
        if self.state == "open":
            if now < self.retry_at:
                return "stop"
            self.state, self.successes, self.probe = "half_open", 0, ""
        if self.probe and now < self.probe_until:
            return "busy"
        self.probe, self.probe_until = token, now + RULES.probe_seconds
        return "probe"

    def tell(self, now: float, outcome: str, token: str) -> str:
        """Answers opened or closed where people are told."""
        if self.state == "closed":
            if outcome == "good":
                self.failures = 0
            elif outcome == "bad":
                self.failures += 1
                if self.failures >= RULES.failures:
                    self.state, self.opens, self.retry_at = "open", 1, now + RULES.open_seconds
                    return "opened"
            return ""
        if self.state == "open" or not token or token != self.probe:
            return ""
        self.probe = ""
        if outcome == "good":
            self.successes += 1
            if self.successes >= RULES.recovery:
                self.__init__()  # type: ignore[misc]
                return "closed"
        elif outcome == "bad":
            self.opens += 1
            self.state = "open"
            self.retry_at = now + min(RULES.longest, RULES.open_seconds * 2 ** (self.opens - 1))
        return ""


class BreakerMachine(RuleBasedStateMachine):
    """Two processes that share a breaker: what each is answered is what the model says."""

    @initialize()
    def begin(self) -> None:
        self.now = 1_800_000_000.0
        self.scope = str(uuid7())
        self.model = Model()
        self.stores = [Shared(django_settings.REDIS_URL) for _ in range(2)]
        self.sides = [Breaker(store, self.scope, RULES, clock=lambda: self.now) for store in self.stores]
        # Tokens of calls under way; blank for calls let through while closed.
        self.under_way: list[str] = []
        self.told: list[str] = []

    @rule(side=st.integers(0, 1))
    def ask(self, side: int) -> None:
        answer = self.sides[side].ask()
        assert answer.verdict == self.model.ask(self.now, answer.token or "?")
        if answer.may_call:
            self.under_way.append(answer.token)
        elif answer.verdict == Verdict.STOP:
            assert answer.until == pytest.approx(self.model.retry_at, abs=1e-4)

    @precondition(lambda self: self.under_way)
    @rule(side=st.integers(0, 1), pick=st.integers(0, 9), outcome=st.sampled_from(["good", "bad", "bad", "none"]))
    def tell(self, side: int, pick: int, outcome: str) -> None:
        token = self.under_way.pop(pick % len(self.under_way))
        told = self.sides[side].tell(outcome, token=token, reason="why")
        event = self.model.tell(self.now, outcome, token)
        self.told += [event] if event else []
        assert told.state == self.model.state

    @precondition(lambda self: self.under_way)
    @rule()
    def die(self) -> None:
        """A process ends without a word."""
        self.under_way.pop()

    @rule(seconds=st.sampled_from([0.5, 10.0, 20.0, 40.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def pages_show_the_state(self) -> None:
        if not hasattr(self, "scope"):
            return
        found = standings(shared(), [self.scope])
        assert found is not None
        rows = found[self.scope]
        assert [row.state.value for row in rows] == (
            [] if self.model.state == "closed" and not self.model.failures else [self.model.state]
        )
        if self.model.state == "closed":
            assert sum(row.failures for row in rows) == self.model.failures
        assert watched(shared(), self.scope) == frozenset(row.scope for row in rows)

    def teardown(self) -> None:
        if hasattr(self, "scope"):
            lines = [line.split("\n") for line in shared().ask(lambda client: client.lrange(EVENTS, 0, -1))]
            for store in self.stores:
                store.close()
            assert [line[1] for line in reversed(lines) if line[2] == self.scope] == self.told


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None, derandomize=True)


class Down(Recorder):
    """A vendor that answers 503 to everything."""

    def answer(self, number: int) -> Response:
        return json_response({"why": "down"}, 503)


def order(url: str, **rules: Any) -> dict[str, Any]:
    return {"redis": django_settings.REDIS_URL, "connection": str(uuid7()), "url": url, "rules": rules}


def test_of_48_callers_in_4_processes_few_reach_a_vendor_that_is_down() -> None:
    with Down() as vendor:
        wanted = order(vendor.url, failures=5, open_seconds=3600, longest=3600)
        found = results([start(**wanted, threads=12, calls=10) for _ in range(4)])
        # The five that open it, and one call under way in each of the three other processes.
        assert 5 <= len(vendor.arrivals) <= 8
        assert found["transient"] == len(vendor.arrivals)
        assert found["provider_down"] == 480 - len(vendor.arrivals)


def test_of_48_callers_in_4_processes_one_probes() -> None:
    wanted = order("", failures=1, open_seconds=0, longest=3600)
    Breaker(shared(), wanted["connection"], Rules(**wanted["rules"])).tell("bad")
    found = results([start(**wanted, probe=True, threads=12) for _ in range(4)])
    assert found == {"probe": 1, "busy": 47}


def test_reasons_are_kept_short_and_on_one_line() -> None:
    scope = str(uuid7())
    Breaker(shared(), scope, Rules(failures=1)).tell("bad", reason="GET /\nanswered 503 " + "x" * 400)
    found = standings(shared(), [scope])
    assert found is not None
    (row,) = found[scope]
    assert (row.state, len(row.reason), "\n" in row.reason) == (State.OPEN, 300, False)
    assert row.since is not None
    assert row.retry_at is not None


def test_without_redis_everything_goes_through() -> None:
    away = Shared("redis://127.0.0.1:1/0")
    breaker = Breaker(away, "any", Rules(failures=1))
    assert breaker.tell("bad").state == State.CLOSED
    assert breaker.ask().verdict == Verdict.GO
    assert (standings(away, ["any"]), watched(away, "any")) == (None, None)
    assert breakers.standings(shared(), []) == {}
