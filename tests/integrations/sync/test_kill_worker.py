"""A real Celery worker, killed while it syncs: its message comes back, or beat's tick finds the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from redis import Redis

from access.models import User
from config.celery import app
from integrations.models import Connection, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync as carry_out
from integrations.tasks import recover_lost_runs, run_sync
from tests.integrations.sync.conftest import mapping_of
from tests.integrations.sync.digest import differences, digest
from tests.integrations.sync.oracle import check_books, from_mirror
from tests.integrations.sync.tables import check_tables
from tests.support.gate import Gate
from tests.support.snapshot import Snapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DEADLINE_SECONDS = 90
# Between two looks, and between two ticks of beat, which in production come once a minute.
LOOK_SECONDS, TICK_SECONDS = 0.05, 2.0


class Broker:
    """A Redis database of this test's own, with nobody else's messages in it."""

    def __init__(self) -> None:
        address, _, number = settings.REDIS_URL.rpartition("/")
        self.url = f"{address}/{int(number) + 64}"
        self._redis = Redis.from_url(self.url)
        self._redis.flushdb()

    def send(self, task: object, *arguments: str) -> None:
        with app.connection_for_write(url=self.url) as connection:
            task.apply_async(args=arguments, connection=connection)  # type: ignore[attr-defined]

    def close(self) -> None:
        self._redis.flushdb()
        self._redis.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    opened = Broker()
    yield opened
    opened.close()


Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_worker(process_environment: dict[str, str], vendor: SandboxServer, broker: Broker) -> Iterator[Start]:
    """Starts `celery worker` with one pool process, in a process group of its own."""
    started: list[subprocess.Popen[bytes]] = []
    environment = process_environment | {
        "REDIS_URL": broker.url,
        "PROPERTYME_API_URL": vendor.api_url,
        "PROPERTYME_AUTH_URL": vendor.url,
    }

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "--app", "config.celery", "--quiet", "worker"]
        command += ["--pool", "prefork", "--concurrency", "1", "--loglevel", "WARNING"]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        root = Path(__file__).resolve().parent.parent.parent.parent
        started.append(subprocess.Popen(command, cwd=root, env=environment, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _pool_process(worker: subprocess.Popen[bytes]) -> psutil.Process:
    (child,) = psutil.Process(worker.pid).children()
    return child


def _until(reached: Callable[[], bool], what: str, meanwhile: Callable[[], None] | None = None) -> None:
    """Looks again and again; `meanwhile` is what beat does at each of its ticks."""
    end = time.monotonic() + DEADLINE_SECONDS
    tick = time.monotonic()
    while not reached():
        assert time.monotonic() < end, f"still waiting for {what}"
        if meanwhile is not None and time.monotonic() >= tick:
            meanwhile()
            tick = time.monotonic() + TICK_SECONDS
        time.sleep(LOOK_SECONDS)


def test_a_killed_worker_costs_nothing(
    synced: Connection, vendor: SandboxServer, admin_user: User, broker: Broker, start_worker: Start
) -> None:
    lots = vendor.vendor.records("lots")
    mapping_services.unmap(mapping=mapping_of(synced, lots[0]["Id"]), user=admin_user)
    # The sync itself takes back what came in through it.
    sync_services.cancel_run(run=SyncRun.objects.get(connection=synced, status="queued"), user=admin_user)
    vendor.vendor.advance(days=30)
    for row in vendor.vendor.records("receipts", limit=30):
        if row["Type"] == "Rent":
            vendor.vendor.edit("edit_receipt", record=row["Id"], amount="222.22")
    vendor.vendor.edit("cancel_bill")
    run = sync_services.queue_sync(connection=synced, full=True)
    start = Snapshot()

    def finished() -> bool:
        return not SyncRun.objects.filter(connection=synced, status__in=["queued", "running"]).exists()

    # What it must come to: the same work, undisturbed.
    assert carry_out(run.pk).status == "completed"
    clean = digest(synced)
    start.restore()

    gate = Gate(vendor, "/api/v1/bills")
    worker = start_worker()
    broker.send(run_sync, str(run.pk))
    gate.wait()
    # Its process dies in the midst of the run: the message is delivered again, to the next process of the pool.
    _pool_process(worker).kill()
    gate.wait()
    run.refresh_from_db()
    assert run.status == "lost"
    again = SyncRun.objects.get(connection=synced, status="running")
    assert (again.trigger, again.attempt) == ("retry", 2)
    # The whole worker dies, and its message with it, until the visibility time-out: beat's tick does not wait for that.
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    gate.open()
    start_worker()
    _until(finished, "the third attempt", meanwhile=lambda: broker.send(recover_lost_runs))
    attempts = SyncRun.objects.filter(connection=synced, sync_type="full").order_by("attempt")
    assert list(attempts.values_list("attempt", "status")) == [(1, "lost"), (2, "lost"), (3, "completed")]
    assert differences(digest(synced), clean) == {}
    check_tables(synced)
    check_books(synced, from_mirror(synced))
