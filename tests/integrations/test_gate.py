"""What calls of a connection pass: breaker, limits, counts; one call at a time until the provider answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as django_settings

from core.ids import uuid7
from integrations.breaker import Breaker, Rules, State, standings
from integrations.callcount import parts
from integrations.errors import NotNow, PropertySetAside, ProviderDown, RateLimited, RemoteGone, TransientError
from integrations.gate import LONGEST_TURN, CallGate, GatedPropertyCalls
from integrations.http import HttpClient, Outcome
from integrations.sandbox.wire import Response, json_response
from integrations.shared import Shared, shared
from integrations.specs import RateLimit
from tests.support.recorder import Recorder


class Vendor(Recorder):
    """Answers with the status that the test sets; holds answers back while `held` is set."""

    status = 200

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.free.set()

    def answer(self, number: int) -> Response:
        self.free.wait(20)
        return json_response({"number": number}, self.status)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as running:
        yield running
        running.free.set()


def gate_for(**options: object) -> CallGate:
    return CallGate(shared(), connection_id=str(uuid7()), label="PropertyMe", **options)  # type: ignore[arg-type]


def client(vendor: Vendor, gate: CallGate, waits: list[float] | None = None) -> HttpClient:
    return HttpClient(vendor.url, gate=gate, attempts=1, sleep=(waits if waits is not None else []).append)


def state_of(gate: CallGate) -> list[tuple[str, State, int]]:
    found = standings(shared(), [gate.connection_id])
    assert found is not None
    return [(row.scope.removeprefix(gate.connection_id), row.state, row.failures) for row in found[gate.connection_id]]


def test_a_provider_that_only_fails_is_left_alone_and_the_reason_kept(vendor: Vendor) -> None:
    gate = gate_for(rules=Rules(failures=3, open_seconds=60))
    vendor.status = 503
    with client(vendor, gate) as http:
        for _ in range(3):
            with pytest.raises(TransientError):
                http.get_json("/lots")
        with pytest.raises(ProviderDown, match="PropertyMe does not answer, so nothing is asked of it before"):
            http.get_json("/lots")
    another = CallGate(shared(), connection_id=gate.connection_id)
    with client(vendor, another) as http, pytest.raises(ProviderDown):
        http.try_json("/lots")
    assert len(vendor.arrivals) == 3
    found = standings(shared(), [gate.connection_id])
    assert found is not None
    assert "GET /lots answered 503" in found[gate.connection_id][0].reason


def test_it_closes_after_as_many_good_probes_as_it_takes(vendor: Vendor) -> None:
    gate = gate_for(rules=Rules(failures=1, open_seconds=0, recovery=2))
    vendor.status = 503
    with client(vendor, gate) as http:
        with pytest.raises(TransientError):
            http.get_json("/")
        vendor.status = 200
        http.get_json("/")
        assert state_of(gate) == [("", State.HALF_OPEN, 1)]
        http.get_json("/")
        assert state_of(gate) == []


def test_a_good_call_makes_the_next_failure_the_first(vendor: Vendor) -> None:
    gate = gate_for(rules=Rules(failures=2))
    with client(vendor, gate) as http:
        for status in (500, 200, 500, 404, 500):
            vendor.status = status
            if status == 200:
                http.get_json("/")
            else:
                with pytest.raises((TransientError, RemoteGone)):
                    http.get_json("/")
    assert state_of(gate) == [("", State.CLOSED, 1)]


def test_calls_that_fail_side_by_side_are_one_failure(vendor: Vendor) -> None:
    gate = gate_for(rules=Rules(failures=4))
    with client(vendor, gate) as http:
        http.get_json("/")
        vendor.status = 500
        vendor.free.clear()
        with ThreadPoolExecutor(6) as pool:
            calls = [pool.submit(http.try_json, "/") for _ in range(6)]
            while vendor.under_way < 6:
                time.sleep(0.005)
            vendor.free.set()
        assert {type(call.exception()) for call in calls} == {TransientError}
    assert state_of(gate) == [("", State.CLOSED, 1)]


def test_until_the_provider_answers_one_call_asks_for_all(vendor: Vendor) -> None:
    gate = gate_for()
    vendor.free.clear()
    with client(vendor, gate) as http, ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(http.try_json, "/") for _ in range(8)]
        while not vendor.arrivals:
            time.sleep(0.005)
        assert gate._is_busy
        assert len(vendor.arrivals) == 1
        vendor.free.set()
        assert len([call.result() for call in calls]) == 8


def test_after_a_failure_helpers_leave_the_call_to_the_reader(vendor: Vendor) -> None:
    gate = gate_for()
    vendor.status = 500
    with client(vendor, gate) as http:
        with pytest.raises(TransientError):
            http.try_json("/")
        with pytest.raises(NotNow):
            http.try_json("/")
        vendor.status = 200
        http.get_json("/")
        http.try_json("/")
    assert len(vendor.arrivals) == 3


def test_waits_for_a_turn_are_announced_and_counted(vendor: Vendor) -> None:
    told: list[float] = []
    gate = gate_for(limits=(RateLimit(2, 1.5),))
    with HttpClient(vendor.url, gate=gate, on_wait=told.append, sleep=time.sleep) as http:
        for _ in range(3):
            http.get_json("/")
    assert len(told) >= 1
    assert sum(told) <= 1.6
    assert vendor.most_within(1.5) == 2
    gate.close()
    found = parts(shared())
    assert found is not None
    (counted,) = [of[gate.connection_id] for of in found[1].values() if gate.connection_id in of]
    assert (counted["calls"], counted["waits"], counted["top"]) == (3, len(told), 1000)
    assert counted["wait_ms"] > 0


def test_a_turn_that_is_far_away_ends_the_run_instead_of_sleeping_through_it(vendor: Vendor) -> None:
    gate = gate_for(limits=(RateLimit(1, LONGEST_TURN * 2),))
    waits: list[float] = []
    with client(vendor, gate, waits) as http:
        http.get_json("/")
        with pytest.raises(RateLimited, match="PropertyMe allows no more calls for now"):
            http.get_json("/")
        with pytest.raises(NotNow):
            http.try_json("/")
    assert waits == []


def test_one_waiting_connection_blocks_no_other(vendor: Vendor) -> None:
    slow, other = gate_for(limits=(RateLimit(1, 60),)), gate_for(limits=(RateLimit(5, 1),))
    asleep, go_on = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        asleep.set()
        go_on.wait(20)
        raise TransientError("woken by the test")

    with HttpClient(vendor.url, gate=slow, sleep=sleep) as first, client(vendor, other) as second:
        first.get_json("/")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(first.get_json, "/")
            assert asleep.wait(20)
            for _ in range(4):
                second.get_json("/")
            go_on.set()
            assert isinstance(waiting.exception(), TransientError)
    assert len(vendor.arrivals) == 5


def test_a_property_that_keeps_failing_is_set_aside_alone(vendor: Vendor) -> None:
    gate = gate_for(rules=Rules(failures=2))
    calls = GatedPropertyCalls(gate)
    with client(vendor, gate) as http:
        for _ in range(3):
            vendor.status = 500
            with pytest.raises(PropertySetAside):
                calls.call("lot-1", lambda: http.get_json("/lot-1"))
        asked = len(vendor.arrivals)
        assert (asked, calls.attempt("lot-1", lambda: http.try_json("/lot-1"))) == (3, None)
        with pytest.raises(PropertySetAside):
            calls.call("lot-1", lambda: http.get_json("/lot-1"))
        assert len(vendor.arrivals) == asked
        vendor.status = 200
        assert calls.call("lot-2", lambda: http.get_json("/lot-2")) == {"number": 4}
        assert calls.attempt("lot-3", lambda: http.try_json("/lot-3")) == {"number": 5}
    # The property counted once against the provider as a whole, and a good call of another wiped that out.
    assert state_of(gate) == [(":lot-1", State.OPEN, 3)]


def test_many_properties_that_begin_to_fail_are_the_provider(vendor: Vendor) -> None:
    gate = gate_for(rules=Rules(failures=3))
    calls = GatedPropertyCalls(gate)
    vendor.status = 500
    with client(vendor, gate) as http:
        for number in range(3):
            with pytest.raises(PropertySetAside):
                calls.call(f"lot-{number}", lambda: http.get_json("/"))
        with pytest.raises(ProviderDown):
            calls.call("lot-9", lambda: http.get_json("/"))
    assert ("", State.OPEN, 3) in state_of(gate)


def test_a_property_comes_back_with_its_first_good_call(vendor: Vendor) -> None:
    gate = gate_for()
    rules = Rules(failures=1, open_seconds=0, recovery=1)
    calls = GatedPropertyCalls(gate, rules)
    Breaker(shared(), f"{gate.connection_id}:lot-1", rules).tell("bad")
    with client(vendor, gate) as http:
        assert calls.call("lot-1", lambda: http.get_json("/")) == {"number": 1}
        Breaker(shared(), f"{gate.connection_id}:lot-1", rules).tell("bad")
        gate._looked_at = float("-inf")
        vendor.status = 404
        with pytest.raises(RemoteGone):
            calls.call("lot-1", lambda: http.get_json("/"))
    assert state_of(gate) == []


def test_without_redis_calls_go_on_and_counts_are_kept_for_later(vendor: Vendor) -> None:
    gate = CallGate(Shared("redis://127.0.0.1:1/0"), connection_id=str(uuid7()), limits=(RateLimit(3, 60),))
    calls = GatedPropertyCalls(gate)
    with client(vendor, gate) as http:
        assert calls.call("lot-1", lambda: http.get_json("/")) == {"number": 1}
        http.get_json("/")
        http.get_json("/")
        # Its own limits it keeps even so.
        with pytest.raises(NotNow):
            http.try_json("/")
    gate.close()
    assert gate.count._sums["calls"] == 3


def test_the_way_of_a_call_asks_redis_a_few_times_a_second_however_many_calls_there_are() -> None:
    now = [0.0]
    store = Shared(django_settings.REDIS_URL)
    asked: list[object] = []
    run = store.run
    store.run = lambda script, keys, arguments: (asked.append(script), run(script, keys, arguments))[1]  # type: ignore[method-assign]
    gate = CallGate(store, connection_id=str(uuid7()), monotonic=lambda: now[0])
    gate.count._monotonic = lambda: now[0]
    gate.count._sent_at = 0.0
    for _ in range(1000):
        gate.before(None)
        gate.after(Outcome(0.01, None))
        now[0] += 0.001
    # Four looks, and the counts once at the end of the second at the earliest.
    assert len(asked) <= 5
    store.close()


def test_a_slow_answer_of_redis_lets_nobody_begin_before_the_vendor_allows_it() -> None:
    ident = str(uuid7())
    told = CallGate(shared(), connection_id=ident)
    told.before(None)
    told.after(Outcome(0.01, RateLimited(retry_after=60)))
    now = [100.0]
    store = Shared(django_settings.REDIS_URL)
    run = store.run

    def slowly(script: object, keys: object, arguments: object) -> object:
        found = run(script, keys, arguments)  # type: ignore[arg-type]
        now[0] += 20
        return found

    store.run = slowly  # type: ignore[method-assign,assignment]
    waits: list[float] = []
    CallGate(store, connection_id=ident, monotonic=lambda: now[0]).before(waits.append)
    store.close()
    assert [round(wait) for wait in waits] == [60]
