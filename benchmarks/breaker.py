"""Calls that reach a dead upstream: 48 callers in 4 processes for 3 seconds; and what the gate costs a good call."""

from __future__ import annotations

import multiprocessing
import threading
import time
from contextlib import suppress
from multiprocessing.synchronize import Barrier

from django.conf import settings

from benchmarks.report import middle, say, table
from core.ids import uuid7
from integrations.breaker import Rules
from integrations.errors import IntegrationError
from integrations.gate import CallGate
from integrations.http import HttpClient, Outcome
from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, json_response
from integrations.shared import Shared

PROCESSES, THREADS, SECONDS = 4, 12, 3.0
# What the other breakers were measured with: five failures open it, for one second.
RULES = Rules(failures=5, open_seconds=1.0, longest=600.0)
GOOD_CALLS = 20_000


def measure_breaker() -> dict[str, float]:
    """`breaker_calls`: requests that the dead upstream received; `gate_us`: microseconds the gate adds to a call."""
    say(f"breaker: {PROCESSES * THREADS} callers in {PROCESSES} processes, {SECONDS:.0f} s, an upstream that is down")
    reached, attempts = _dead_upstream()
    cost = middle([_cost() for _ in range(5)])
    table(
        "breaker",
        ("", "calls"),
        [("attempted by the callers", f"{attempts:,}"), ("reached the upstream", f"{reached:,}")],
    )
    say(f"  a call while all is well: {cost:.1f} µs for the gate")
    return {"breaker_calls": reached, "gate_us": cost}


def _dead_upstream() -> tuple[int, int]:
    reached = 0
    lock = threading.Lock()

    def answer(request: Request) -> Response:
        nonlocal reached
        with lock:
            reached += 1
        return json_response({"why": "down"}, 503)

    listener = Listener(("127.0.0.1", 0), answer)
    threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{listener.server_address[1]}"
    spawn = multiprocessing.get_context("spawn")
    barrier, made = spawn.Barrier(PROCESSES), spawn.Queue()
    connection_id = str(uuid7())
    processes = [
        spawn.Process(target=_callers, args=(url, settings.REDIS_URL, connection_id, barrier, made))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    attempts = sum(made.get(timeout=120) for _ in processes)
    for process in processes:
        process.join()
    listener.stop()
    return reached, attempts


def _callers(url: str, redis_url: str, connection_id: str, barrier: Barrier, made: multiprocessing.Queue[int]) -> None:
    gate = CallGate(Shared(redis_url), connection_id=connection_id, rules=RULES)
    counts = [0] * THREADS

    def work(place: int) -> None:
        while time.monotonic() < ends:
            counts[place] += 1
            with suppress(IntegrationError):
                http.get_json("/")
            # A caller that is refused does something else meanwhile, for a millisecond.
            time.sleep(0.001)

    with HttpClient(url, gate=gate, attempts=1, pool_size=THREADS) as http:
        threads = [threading.Thread(target=work, args=(place,)) for place in range(THREADS)]
        barrier.wait()
        ends = time.monotonic() + SECONDS
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    made.put(sum(counts))


def _cost() -> float:
    """Microseconds of before and after, Redis included, over many good calls."""
    gate = CallGate(Shared(settings.REDIS_URL), connection_id=str(uuid7()))
    outcome = Outcome(0.05, None)
    begin = time.perf_counter()
    for _ in range(GOOD_CALLS):
        gate.before(None)
        gate.after(outcome)
    return (time.perf_counter() - begin) / GOOD_CALLS * 1_000_000
