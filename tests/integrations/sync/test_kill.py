"""kill -9 at any point of a sync, then a retry: the books end as if nothing had happened."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.db import connection
from django.utils import timezone

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from properties.services import create_property
from tests.integrations.sync.conftest import connect, sync, work_waiting
from tests.integrations.sync.digest import differences, digest
from tests.integrations.sync.oracle import check_books, from_mirror
from tests.integrations.sync.tables import check_tables
from tests.support.snapshot import Snapshot
from tests.support.sync_worker import Point, Workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SEED, ROWS = 20_26, 6
# How many of the 25 deaths fall on each kind of point; the first and the last statement of a sync come on top.
DEATHS = {"fetch": 2, "fetched": 2, "statement": 6, "executed": 3, "copying": 3, "commit": 4, "committed": 3}


@pytest.fixture
def workers(process_environment: dict[str, str]) -> Iterator[Workers]:
    with Workers(process_environment) as started:
        yield started


@dataclass(frozen=True)
class Scene:
    """A connection with one sync queued, and the provider to read it from."""

    source: Connection
    run: SyncRun
    server: SandboxServer

    @property
    def address(self) -> dict[str, str]:
        return {"PROPERTYME_API_URL": self.server.api_url, "PROPERTYME_AUTH_URL": self.server.url}


def _agency() -> SandboxServer:
    return SandboxServer(lots=5, years=0.5, seed=5, agencies=1)


def _map(source: Connection, lots: list[str], user: User) -> None:
    for lot in lots:
        home = create_property(organisation=source.organisation, name=f"{lot[:8]} St")
        mapping = PropertyMapping.objects.get(connection=source, provider_property_id=lot)
        mapping_services.map_property(mapping=mapping, property=home, user=user)


def _first_import(server: SandboxServer, source: Connection, user: User) -> SyncRun:
    """Nothing was read yet; the mappings are there, as from a person who prepared them."""
    for lot in server.vendor.records("lots"):
        home = create_property(organisation=source.organisation, name=f"{lot['Id'][:8]} St")
        PropertyMapping.objects.create(
            organisation=source.organisation, connection=source, provider_property_id=lot["Id"], property=home,
            state="mapped",
        )  # fmt: skip
    return sync_services.queue_sync(connection=source)


def _everything_changes(server: SandboxServer, source: Connection, user: User) -> SyncRun:
    """Most was imported; since then much changed at the provider, and the rest of the properties was just mapped."""
    sync(source)
    lots = sorted(lot["Id"] for lot in server.vendor.records("lots"))
    _map(source, lots[:4], user)
    work_waiting(source)
    _map(source, lots[4:], user)
    for queued in SyncRun.objects.filter(connection=source, status="queued"):
        sync_services.cancel_run(run=queued, user=user)
    vendor = server.vendor
    receipts = [row["Id"] for row in vendor.records("receipts", limit=9_999) if row["Type"] == "Rent"]
    bills = [row["Id"] for row in vendor.records("bills", limit=9_999)]
    for place in range(0, len(receipts), 3):
        vendor.edit("edit_receipt", record=receipts[place], amount=100 + place)
    for place in range(1, len(receipts), 6):
        vendor.edit("void_receipt", record=receipts[place])
    for place in range(2, len(receipts), 20):
        vendor.edit("vanish", resource="receipts", record=receipts[place])
    for place in range(0, len(bills), 5):
        vendor.edit("edit_bill", record=bills[place], amount=50 + place, detail="Blocked drain")
    for place in range(1, len(bills), 9):
        vendor.edit("cancel_bill", record=bills[place])
    vendor.edit("end_tenancy")
    vendor.advance(days=20)
    return sync_services.queue_sync(connection=source, full=True)


Prepare = Callable[[SandboxServer, Connection, User], SyncRun]


@pytest.fixture(params=[_first_import, _everything_changes], ids=["first import", "everything changes"])
def scene(
    request: pytest.FixtureRequest, settings: object, organisation: Organisation, admin_user: User
) -> Iterator[Scene]:
    prepare: Prepare = request.param
    with _agency() as server:
        for name in ("PROPERTYME_API_URL", "PROPERTYME_AUTH_URL"):
            setattr(settings, name, server.api_url if "API" in name else server.url)
        source = connect(server, organisation, admin_user)
        yield Scene(source, prepare(server, source, admin_user), server)


def _points(counts: dict[str, int]) -> list[Point]:
    """25 points, the same each time, spread over the whole of a sync that counted this much."""
    dice = random.Random(SEED)
    chosen: list[Point] = [("statement", 1), ("executed", counts["executed"])]
    for event, number in DEATHS.items():
        # One in each stretch, so that the beginning, the middle and the end all have their deaths.
        stretch = counts[event] / number
        chosen += [(event, 1 + int(stretch * (place + dice.random()))) for place in range(number)]
    return chosen


_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"


def _sessions() -> set[int]:
    """The sessions at the database, our own among them: earlier tests of the same run may have left some of theirs."""
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        return {row[0] for row in cursor.fetchall()}


def _bury(living: set[int]) -> None:
    """Waits until the database has noticed the deaths: nobody is there who was not there before the workers."""
    end = time.monotonic() + 60
    while _sessions() - living:
        assert time.monotonic() < end, "sessions of dead workers are still open"
        time.sleep(0.005)


def _check_whole_chunks(scene: Scene, waiting: dict[str, int]) -> None:
    """What a dead worker left consists of whole chunks: its entries are those it had counted in the same commits."""
    check_tables(scene.source)
    run = SyncRun.objects.get(pk=scene.run.pk)
    made = Transaction.objects.filter(sync_run_id=run.pk, reverses=None).count()
    left = {
        resource: ProviderRecord.objects.filter(connection=scene.source, resource=resource, verdict="pending").count()
        for resource in waiting
    }
    if left == waiting:
        assert made == run.transactions_created
    for resource, number in left.items():
        assert number == 0 or (waiting[resource] - number) % ROWS == 0


def _recover(scene: Scene, workers: Workers) -> None:
    """What the next tick of beat and the workers do."""
    for run_id in sync_services.recover_lost(now=timezone.now()):
        assert workers.run(run_id, settings=scene.address, rows=ROWS)["status"] == "completed"
    assert not SyncRun.objects.filter(connection=scene.source, status__in=["queued", "running"]).exists()


def test_kill_at_25_points_of_one_sync_and_retry_ends_in_identical_books(scene: Scene, workers: Workers) -> None:
    start, living = Snapshot(), _sessions()
    waiting = {
        resource: ProviderRecord.objects.filter(connection=scene.source, resource=resource, verdict="pending").count()
        for resource in ("payment", "bill")
    }
    clean_run = workers.run(scene.run.pk, settings=scene.address, rows=ROWS)
    assert (clean_run["status"], clean_run["signal"]) == ("completed", 0)
    assert clean_run["counts"]["copying"] >= 12, "a sync of many chunks"
    clean = digest(scene.source)
    check_tables(scene.source)
    check_books(scene.source, from_mirror(scene.source))
    points = _points(clean_run["counts"])
    assert len(points) == 25
    seen = set()
    for point in points:
        start.restore()
        death = workers.run(scene.run.pk, settings=scene.address, rows=ROWS, die=point)
        assert death["signal"] == signal.SIGKILL, f"{point} was not reached"
        _bury(living)
        seen.add(SyncRun.objects.get(pk=scene.run.pk).status)
        _check_whole_chunks(scene, waiting)
        _recover(scene, workers)
        assert differences(digest(scene.source), clean) == {}, point
        check_tables(scene.source)
    # Before the worker took the run, in its midst, and after its last word.
    assert seen == {"queued", "running", "completed"}
