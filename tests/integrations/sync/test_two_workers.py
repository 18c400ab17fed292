"""Several workers at once: one sync of a connection at a time, whoever asks and however often; others go on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from tests.integrations.sync.conftest import connect
from tests.integrations.sync.oracle import check_books, from_mirror
from tests.integrations.sync.tables import check_tables
from tests.support.gate import Gate
from tests.support.sync_worker import Workers

pytestmark = pytest.mark.django_db(transaction=True)

BILLS = "/api/v1/bills"


@pytest.fixture
def workers(process_environment: dict[str, str]) -> Iterator[Workers]:
    with Workers(process_environment) as started:
        yield started


def _address(server: SandboxServer) -> dict[str, str]:
    return {"PROPERTYME_API_URL": server.api_url, "PROPERTYME_AUTH_URL": server.url}


def _check(source: Connection) -> None:
    check_tables(source)
    books = from_mirror(source)
    assert books.standing()
    check_books(source, books)


def _changes(vendor: SandboxServer) -> None:
    vendor.vendor.advance(days=20)
    for row in vendor.vendor.records("bills", limit=10):
        vendor.vendor.edit("edit_bill", record=row["Id"], amount="123.45")


def test_a_run_delivered_to_many_workers_is_carried_out_by_one(
    synced: Connection, vendor: SandboxServer, workers: Workers
) -> None:
    _changes(vendor)
    run = sync_services.queue_sync(connection=synced)
    gate = Gate(vendor, BILLS)
    first = workers.start(run.pk, settings=_address(vendor))
    gate.wait()
    others = [workers.start(run.pk, settings=_address(vendor)) for _ in range(7)]
    # They leave while the first is still at its work.
    answers = [workers.finish(pid) for pid in others]
    assert {(answer["signal"], answer["status"]) for answer in answers} == {(0, "running")}
    assert all("fetch" not in answer["counts"] for answer in answers)
    gate.open()
    assert workers.finish(first)["status"] == "completed"
    assert SyncRun.objects.filter(connection=synced, trigger="retry").count() == 0
    _check(synced)


def test_two_workers_that_begin_together_do_the_work_once(
    synced: Connection, vendor: SandboxServer, workers: Workers
) -> None:
    for _ in range(3):
        _changes(vendor)
        run = sync_services.queue_sync(connection=synced)
        pids = [workers.start(run.pk, settings=_address(vendor)) for _ in range(2)]
        answers = [workers.finish(pid) for pid in pids]
        assert [answer["signal"] for answer in answers] == [0, 0]
        assert sum("fetch" in answer["counts"] for answer in answers) == 1
        run.refresh_from_db()
        assert run.status == "completed"
        _check(synced)


def test_twenty_that_start_a_sync_at_once_start_one(
    synced: Connection, vendor: SandboxServer, workers: Workers
) -> None:
    _changes(vendor)
    before = SyncRun.objects.filter(connection=synced).count()
    gate = Gate(vendor, BILLS)
    for _ in range(20):
        workers.start(synced.pk, settings=_address(vendor), queue=True)
    gate.wait()
    # One is at the gate; it is let through once all others have left.
    others = workers.finish_first(19)
    assert [(answer["signal"], answer.get("refused")) for answer in others] == [(0, "already_syncing")] * 19
    gate.open()
    (winner,) = workers.finish_first(1)
    assert winner["status"] == "completed"
    assert SyncRun.objects.filter(connection=synced).count() == before + 1
    _check(synced)


@pytest.fixture
def other_source(
    settings: object, organisation: Organisation, admin_user: User
) -> Iterator[tuple[Connection, SandboxServer]]:
    """A second agency of the same organisation, at a vendor of its own."""
    with SandboxServer(lots=4, years=0.5, seed=9, agencies=1) as server:
        yield connect(server, organisation, admin_user, account="agency-2"), server


def test_one_connection_waits_for_no_other(
    synced: Connection,
    vendor: SandboxServer,
    other_source: tuple[Connection, SandboxServer],
    workers: Workers,
) -> None:
    other, other_vendor = other_source
    _changes(vendor)
    gate = Gate(vendor, BILLS)
    held = sync_services.queue_sync(connection=synced)
    first = workers.start(held.pk, settings=_address(vendor))
    gate.wait()
    # The other agency's sync begins and ends while the first one is under way.
    quick = workers.run(sync_services.queue_sync(connection=other).pk, settings=_address(other_vendor))
    assert quick["status"] == "completed"
    held.refresh_from_db()
    assert held.status == "running"
    gate.open()
    assert workers.finish(first)["status"] == "completed"
    _check(synced)


def test_syncs_of_two_connections_and_people_at_work_never_lock_each_other_out(
    synced: Connection,
    vendor: SandboxServer,
    other_source: tuple[Connection, SandboxServer],
    workers: Workers,
    admin_user: User,
) -> None:
    """Both agencies' properties are mapped to the same few of ours, so that their syncs touch the same units."""
    other, other_vendor = other_source
    workers.run(sync_services.queue_sync(connection=other).pk, settings=_address(other_vendor))
    homes = [row.property for row in PropertyMapping.objects.filter(connection=synced).select_related("property")[:3]]
    rows = list(PropertyMapping.objects.filter(connection__in=[synced, other]).select_related("connection"))

    def remap(turn: int) -> None:
        try:
            for place, row in enumerate(rows[turn % 2 :: 2]):
                mapping_services.map_property(mapping=row, property=homes[(turn + place) % 3], user=admin_user)
        finally:
            connections.close_all()

    for turn in range(3):
        _changes(vendor)
        other_vendor.vendor.advance(days=15)
        pids = []
        for source, server in ((synced, vendor), (other, other_vendor)):
            run = sync_services.queue_sync(connection=source, full=True)
            pids.append(workers.start(run.pk, settings=_address(server)))
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(remap, turn), pool.submit(remap, turn + 1)]:
                done.result(timeout=60)
        assert [workers.finish(pid).get("status") for pid in pids] == ["completed", "completed"]
    for run in SyncRun.objects.filter(status="queued").order_by("id"):
        assert run_sync(run.pk).status == "completed"
    for source in (synced, other):
        _check(source)
    assert Transaction.objects.filter(status="confirmed").count() > 100
