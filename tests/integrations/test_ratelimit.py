"""The limiter against a plain model with its own clock; several processes against a vendor that counts."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from config.embedded import Services
from config.embedded.layout import Layout
from core.ids import uuid7
from integrations.errors import RateLimited
from integrations.gate import CallGate
from integrations.http import HttpClient
from integrations.ratelimit import SLOT_WAIT, Limiter, Place
from integrations.sandbox.wire import Response, json_response
from integrations.shared import Shared, shared
from integrations.specs import RateLimit
from tests.support.callers import STRICT, results, start
from tests.support.recorder import Recorder

LIMITS = (RateLimit(3, 1), RateLimit(5, 4), RateLimit(7, 20), RateLimit(2, 1, concurrent=True))
LEASE, ARRIVAL = 6.0, 2.0


class Forgetful(Limiter):
    """As another process would ask: nothing of its own is remembered, so that Redis alone decides."""

    def take(self) -> Place | float:
        self._own._counted.clear()
        self._own._under_way.clear()
        self._own._held_until = 0.0
        return super().take()


class LimiterMachine(RuleBasedStateMachine):
    """What the limiter grants and refuses is what a list of calls says, at each moment of a made-up clock."""

    @initialize()
    def begin(self) -> None:
        self.now = 1_800_000_000.0
        self.scope = f"machine-{uuid7()}"
        self.limiter = Forgetful(
            shared(), self.scope, LIMITS, lease=LEASE, arrives_within=ARRIVAL, clock=lambda: self.now
        )
        # Per call: its place, when it began and when it ended; a dead one never ends.
        self.calls: list[tuple[Place, float, list[float]]] = []
        self.held_until = 0.0

    def teardown(self) -> None:
        if hasattr(self, "limiter"):
            self.limiter._renewals._held.clear()

    def counted(self, began: float, ended: list[float]) -> float:
        return min([began + ARRIVAL, *ended])

    def expected(self) -> float:
        wait = max(0.0, self.held_until - self.now)
        moments = sorted(self.counted(began, ended) for _, began, ended in self.calls)
        for limit in LIMITS:
            if len(moments) >= limit.calls:
                wait = max(wait, min(moments[-limit.calls], self.now) + limit.seconds - self.now)
        busy = sum(not ended and began + LEASE > self.now for _, began, ended in self.calls)
        return wait if wait > 0 or busy < 2 else SLOT_WAIT

    @rule()
    def take(self) -> None:
        expected = self.expected()
        taken = self.limiter.take()
        if expected > 0:
            assert taken == pytest.approx(expected, abs=1e-4)
        else:
            assert isinstance(taken, Place)
            self.calls.append((taken, self.now, []))

    @precondition(lambda self: any(not ended for _, _, ended in self.calls))
    @rule(pick=st.integers(0, 10))
    def end(self, pick: int) -> None:
        under_way = [call for call in self.calls if not call[2]]
        place, _, ended = under_way[pick % len(under_way)]
        ended.append(self.now)
        self.limiter.give_back(place)

    # Steps in eighths of a second are exact as binary fractions, so that both sides agree on every boundary.
    @rule(eighths=st.sampled_from([1, 2, 5, 8, 9, 16, 40, 81]))
    def pass_time(self, eighths: int) -> None:
        self.now += eighths / 8

    @rule(seconds=st.sampled_from([1, 3]))
    def told_to_wait(self, seconds: int) -> None:
        self.limiter.hold_back(seconds)
        self.held_until = max(self.held_until, self.now + seconds)

    @invariant()
    def no_window_is_ever_exceeded(self) -> None:
        """However late within its time each call reached the vendor, a call that began was within every limit."""
        for number, (_, began, _) in enumerate(self.calls):
            moments = [
                min(began, self.counted(before, [at for at in ended if at <= began]))
                for _, before, ended in self.calls[:number]
            ]
            for limit in LIMITS:
                assert sum(moment > began - limit.seconds for moment in moments) < limit.calls


TestLimiterMachine = LimiterMachine.TestCase
TestLimiterMachine.settings = settings(max_examples=25, stateful_step_count=30, deadline=None, derandomize=True)


def test_own_windows_agree_with_redis() -> None:
    """The part that a process keeps for itself refuses nothing that Redis would grant, and grants what it would."""
    now = [1_800_000_000.0]
    limits = LIMITS[:3]
    one = Limiter(shared(), f"own-{uuid7()}", limits, arrives_within=ARRIVAL, clock=lambda: now[0])
    grants = []
    for _ in range(400):
        taken = one.take()
        if isinstance(taken, Place):
            grants.append(now[0])
            one.give_back(taken)
        now[0] += 0.125
    assert len(grants) == 21
    for limit in limits:
        assert all(b - a >= limit.seconds for a, b in zip(grants, grants[limit.calls :], strict=False))


def test_processes_together_keep_the_windows() -> None:
    limits = [[6, 0.4], [16, 1.6], [3, 0, True]]
    with Recorder() as vendor:
        order = {"redis": django_settings.REDIS_URL, "connection": f"many-{uuid7()}", "url": vendor.url}
        found = results([start(**order, limits=limits, threads=3, calls=4) for _ in range(4)])
        assert found == {"answered": 48}
        assert len(vendor.arrivals) == 48
        assert vendor.most_within(0.4) <= 6
        assert vendor.most_within(1.6) <= 16
        assert vendor.most_under_way <= 3


@pytest.mark.parametrize("limits", [[], [[100, 1]]], ids=["without-limits", "with-limits"])
def test_all_processes_wait_as_the_vendor_told_one(limits: list[list[float]]) -> None:
    class Slowing(Recorder):
        told_at = 0.0

        def answer(self, number: int) -> Response:
            if number > 1:
                return super().answer(number)
            self.told_at = time.monotonic()
            return json_response({}, 429, Retry_After="2")

    with Slowing() as vendor:
        order = {"redis": django_settings.REDIS_URL, "connection": f"told-{uuid7()}", "url": vendor.url}
        gate = CallGate(
            shared(), connection_id=order["connection"], limits=[RateLimit(int(a), b) for a, b in limits]
        )  # fmt: skip
        with HttpClient(vendor.url, gate=gate) as http, pytest.raises(RateLimited):
            http.try_json("/")
        found = results([start(**order, limits=limits, threads=2, calls=2) for _ in range(3)])
        assert found == {"answered": 12}
        assert min(vendor.arrivals[1:]) >= vendor.told_at + 2


def test_the_slot_of_a_killed_holder_becomes_free() -> None:
    scope, limit = f"killed-{uuid7()}", [1, 0, True]
    holder = start(redis=django_settings.REDIS_URL, connection=scope, limits=[limit], hold=True, lease=3)
    limiter = Limiter(shared(), scope, [RateLimit(1, 0, concurrent=True)])
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        assert limiter.take() == SLOT_WAIT
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    ends = time.monotonic() + 60
    while not isinstance(taken := limiter.take(), Place):
        assert time.monotonic() < ends
        time.sleep(taken)
    limiter.give_back(taken)


def test_a_holder_that_lives_renews_its_lease() -> None:
    scope = f"alive-{uuid7()}"
    limiter = Limiter(shared(), scope, [RateLimit(1, 0, concurrent=True)], lease=0.6)
    place = limiter.take()
    assert isinstance(place, Place)

    def lease() -> float:
        return float(shared().ask(lambda client: client.zscore(limiter._slots, place.ident)))

    first, ends = lease(), time.monotonic() + 60
    while lease() < first + 0.6:
        assert time.monotonic() < ends
        time.sleep(0.05)
    limiter.give_back(place)
    thread = limiter._renewals._thread
    assert thread is not None
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def private() -> Iterator[Services]:
    """A Redis of this test's own."""
    with tempfile.TemporaryDirectory(prefix="pt-limit-") as directory:
        Path(directory).chmod(0o755)
        services = Services(Layout(Path(directory) / "local"))
        services.redis.ensure()
        yield services
        services.redis.stop()


def test_calls_go_on_within_the_limits_while_redis_stops_and_starts(private: Services) -> None:
    """A run of 30 calls; Redis stops after ten and is back after twenty."""
    limits = (RateLimit(5, 0.5),)
    with Recorder() as vendor:
        gate = CallGate(
            Shared(private.redis.url(0)), connection_id="away", limits=limits, arrives_within=STRICT
        )  # fmt: skip
        with HttpClient(vendor.url, gate=gate) as http:
            for number in range(30):
                if number == 10:
                    private.redis.stop()
                elif number == 20:
                    private.redis.ensure()
                http.get_json("/")
        assert len(vendor.arrivals) == 30
        assert vendor.most_within(0.5) <= 5
        ends = time.monotonic() + 60
        while not gate.shared.ask(lambda client: client.ping()):
            assert time.monotonic() < ends
            time.sleep(0.05)
        gate.shared.close()
