"""A process of callers: threads that call one address through the gate. `python -m tests.support.callers '<json>'`.

Prints one JSON object at the end: how many calls were answered, and how the others ended. With `hold` it takes one
place, says so on its first line, and keeps it until it is killed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

from integrations.breaker import Breaker, Rules
from integrations.errors import IntegrationError
from integrations.gate import CallGate
from integrations.http import HttpClient
from integrations.ratelimit import Limiter, Place
from integrations.shared import Shared
from integrations.specs import RateLimit

STRICT = 30.0


def start(**order: Any) -> subprocess.Popen[str]:
    """Starts a process of callers."""
    command = [sys.executable, "-m", "tests.support.callers", json.dumps(order)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def results(processes: list[subprocess.Popen[str]]) -> Counter[str]:
    """The sums of what the processes say at their end."""
    found: Counter[str] = Counter()
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        found.update(json.loads(output.splitlines()[-1]))
    return found


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def call(order: dict[str, Any]) -> Counter[str]:
    """`threads` threads make `calls` calls each, or as many as they can in `seconds`."""
    limits = [RateLimit(*limit) for limit in order.get("limits", [])]
    gate = CallGate(
        Shared(order["redis"]),
        connection_id=order["connection"],
        limits=limits,
        rules=Rules(**order.get("rules", {})),
        arrives_within=STRICT,
    )
    found: Counter[str] = Counter()
    guard = threading.Lock()
    ends = time.monotonic() + order["seconds"] if "seconds" in order else None

    def work() -> None:
        left = order.get("calls", 1)
        while left > 0 if ends is None else time.monotonic() < ends:
            left -= 1
            try:
                http.get_json("/")
                outcome = "answered"
            except IntegrationError as error:
                outcome = error.code
            with guard:
                found[outcome] += 1
            if outcome == "provider_down" and ends is not None:
                time.sleep(0.001)

    with HttpClient(order["url"], gate=gate, attempts=1, pool_size=order["threads"]) as http:
        threads = [threading.Thread(target=work) for _ in range(order["threads"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    gate.close()
    return found


def probe(order: dict[str, Any]) -> Counter[str]:
    """`threads` threads ask a breaker at once whether they may call."""
    breaker = Breaker(Shared(order["redis"]), order["connection"], Rules(**order["rules"]))
    found: Counter[str] = Counter()
    guard = threading.Lock()

    def work() -> None:
        verdict = breaker.ask().verdict.value
        with guard:
            found[verdict] += 1

    threads = [threading.Thread(target=work) for _ in range(order["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def hold(order: dict[str, Any]) -> None:
    limits = [RateLimit(*limit) for limit in order["limits"]]
    taken = Limiter(Shared(order["redis"]), order["connection"], limits, lease=order["lease"]).take()
    say("holding" if isinstance(taken, Place) else "refused")
    threading.Event().wait()


def main() -> None:
    order: dict[str, Any] = json.loads(sys.argv[1])
    if order.get("hold"):
        hold(order)
    say(json.dumps((probe if order.get("probe") else call)(order)))


if __name__ == "__main__":
    main()
