"""Events delivered one to ten times, shuffled, with workers killed on the way: the end is that of the clean order."""

from __future__ import annotations

import copy
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.models import Connection, InboxEvent, SyncRun
from tests.integrations.inbox.conftest import Keeper, Work, states
from tests.integrations.sync.digest import Digest, differences, digest
from tests.integrations.throwaway.upstream import CottageServer
from tests.support.snapshot import Snapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EVENTS = 5_000 if os.environ.get("PROPERTYTRACKER_STEPS") else 300
DEADLINE_SECONDS = 60 + EVENTS / 5
ROOT = Path(__file__).resolve().parent.parent.parent.parent

Lists = dict[str, list[dict[str, Any]]]


def change(lists: Lists, chance: random.Random, number: int) -> tuple[str, int]:
    """One thing that happens at the keeper's, and the doorbell for it."""
    match chance.choice(["let", "let", "repair", "receipt", "receipt", "new", "new", "moved"]):
        case "let":
            row = chance.choice(lists["/lets"])
            row["rent"] = f"{400 + number % 97}.00"
            return "let.changed", row["key"]
        case "repair":
            row = chance.choice(lists["/repairs"])
            row["what"] = f"Salt in lock {number}"
            return "repair.changed", row["key"]
        case "receipt":
            row = chance.choice(lists["/receipts"])
            row["paid"] = f"{300 + number % 211}.{number % 100:02}"
            return "receipt.changed", row["key"]
        case "moved":
            row = chance.choice(lists["/repairs"])
            row["cottage"] = 3 - row["cottage"]
            return "repair.changed", row["key"]
        case _:
            lists["/receipts"].append(
                {"key": 1_000 + number, "cottage": 1, "let": 10, "paid": "410.00", "on": "2025-02-03"}
            )
            return "receipt.changed", 1_000 + number


def state_of(source: Connection) -> Digest:
    """Without the revisions of entries: they tell each step that was seen on the way, not the end."""
    found = digest(source)
    del found["history"]
    return found


class Door:
    """Lets requests through until one is to be caught with its worker; that one waits for its death."""

    def __init__(self, upstream: CottageServer, at: list[int]) -> None:
        self._at, self._count = at, 0
        self._lock = threading.Lock()
        self.caught = threading.Semaphore(0)
        self.free = threading.Event()
        upstream.at_door = self._come

    def _come(self, path: str) -> None:
        with self._lock:
            self._count += 1
            held = self._count in self._at
        if held:
            self.caught.release()
            self.free.wait(DEADLINE_SECONDS)
            self.free.clear()


@pytest.fixture
def start_worker(process_environment: dict[str, str], upstream: CottageServer) -> Iterator[Callable[[], Any]]:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.support.event_worker", upstream.url]
        started.append(subprocess.Popen(command, cwd=ROOT, env=process_environment))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_storm_with_dying_workers_ends_as_the_clean_order_does(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, start_worker: Callable[[], Any]
) -> None:
    beginning, lists = Snapshot(), copy.deepcopy(upstream.lists)

    # The clean order: each event once, in order, worked as it goes.
    chance = random.Random(7)
    payloads = []
    for number in range(EVENTS):
        payloads.append(keeper.event(*change(upstream.lists, chance, number)))
        assert keeper.send(payloads[-1]).status_code == 200
        if number % 50 == 49:
            work()
    work()
    assert states(source) == {"done": EVENTS}
    clean = state_of(source)
    end = upstream.lists

    # The storm: the same things have happened, and the doorbells come as they like.
    beginning.restore()
    upstream.lists = end
    assert lists != end
    deliveries = [payload for payload in payloads for _ in range(chance.randint(1, 10))]
    chance.shuffle(deliveries)
    door = Door(upstream, at=[3, 9])
    workers = [start_worker(), start_worker()]
    kills = 0
    for payload in deliveries:
        assert keeper.send(payload).status_code == 200
        if kills < 2 and door.caught.acquire(blocking=False):
            kills += 1
            _kill(workers)
            door.free.set()
            workers = [start_worker(), start_worker()]
    limit = time.monotonic() + DEADLINE_SECONDS
    while states(source) != {"done": EVENTS}:
        assert time.monotonic() < limit, states(source)
        if kills < 2 and door.caught.acquire(timeout=0.05):
            kills += 1
            _kill(workers)
            door.free.set()
            workers = [start_worker(), start_worker()]
        time.sleep(0.05)
    assert kills == 2
    assert SyncRun.objects.filter(connection=source, status="lost").count() == 2
    assert max(InboxEvent.objects.values_list("attempts", flat=True)) >= 2
    assert differences(state_of(source), clean) == {}


def _kill(workers: list[subprocess.Popen[bytes]]) -> None:
    """One of them is in the middle of a run; both die."""
    for process in workers:
        os.kill(process.pid, signal.SIGKILL)
    for process in workers:
        process.wait()
