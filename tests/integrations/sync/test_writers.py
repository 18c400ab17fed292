"""The second writer: by itself, and as a first import uses it."""

from __future__ import annotations

import threading

import pytest

from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncCursor, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import sync as sync_services
from integrations.sync import read
from integrations.sync.runner import run_sync
from integrations.sync.writers import SecondWriter, second_writer
from properties.services import create_property
from tests.integrations.sync.conftest import live, owed, sync
from tests.integrations.sync.oracle import check_books, from_mirror
from tests.integrations.sync.tables import check_tables
from tests.support.small_pages import make_pages_small

RECEIPTS = "/api/v1/dashboards/transactions"
ROWS = 10


def test_it_works_in_a_thread_of_its_own_and_answers_once() -> None:
    def work(item: int) -> tuple[int, str]:
        return item * 2, threading.current_thread().name

    with second_writer(work) as second:
        assert second.take(wait=True) is None
        second.hand(21)
        assert not second.is_free()
        assert second.take(wait=True) == (42, "second-writer")
        assert second.is_free()
        assert second.take(wait=True) is None


def test_what_goes_wrong_there_is_raised_here() -> None:
    with second_writer(lambda item: 1 // item) as second:
        second.hand(0)
        with pytest.raises(ZeroDivisionError):
            second.take(wait=True)
        second.hand(1)
        assert second.take(wait=True) == 1


def test_an_answer_that_is_not_ready_is_not_waited_for() -> None:
    go = threading.Event()
    with second_writer(lambda item: go.wait(60) and item) as second:
        second.hand(5)
        assert second.take(wait=False) is None
        assert not second.is_free()
        go.set()
        assert second.take(wait=True) == 5


def test_it_is_at_rest_when_its_block_is_left() -> None:
    done = []
    go = threading.Event()

    def work(item: int) -> None:
        go.wait(60)
        done.append(item)

    def leave() -> None:
        with second_writer(work) as second:
            second.hand(1)
            go.set()
            raise LookupError

    with pytest.raises(LookupError):
        leave()
    assert done == [1]
    assert "second-writer" not in [thread.name for thread in threading.enumerate()]


@pytest.fixture
def mapped(source: Connection, vendor: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """An agency of which nothing was read yet, with every property mapped, and small chunks."""
    for lot in vendor.vendor.records("lots"):
        PropertyMapping.objects.create(
            organisation=source.organisation,
            connection=source,
            provider_property_id=lot["Id"],
            property=create_property(organisation=source.organisation, name=f"{lot['Id'][:8]} St"),
            state="mapped",
        )
    make_pages_small(monkeypatch.setattr, rows=ROWS)
    return source


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each chunk had that was handed over."""
    sizes: list[int] = []
    hand = SecondWriter.hand

    def noted(self: SecondWriter[read.Batch, read.Landed], batch: read.Batch) -> None:
        sizes.append(batch.seen)
        hand(self, batch)

    monkeypatch.setattr(SecondWriter, "hand", noted)
    return sizes


def _check(source: Connection, vendor: SandboxServer) -> None:
    check_tables(source)
    check_books(source, from_mirror(source))
    assert live(source) == owed(vendor)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("full", [True, False])
def test_a_first_import_by_two_writers_ends_as_by_one(
    mapped: Connection, vendor: SandboxServer, handed: list[int], full: bool
) -> None:
    run = sync(mapped, full=full)
    assert run.status == "completed"
    assert len(handed) > 3
    _check(mapped, vendor)
    payments = ProviderRecord.objects.filter(connection=mapped, resource="payment").count()
    assert (run.counts["payment"]["seen"], run.counts["payment"].get("unchanged", 0)) == (payments, 0)
    assert run.transactions_created == Transaction.objects.filter(sync_run_id=run.pk).count()
    # Once anything is known of a resource, one writer does it.
    handed.clear()
    again = sync(mapped, full=True)
    assert (again.status, again.transactions_created, handed) == ("completed", 0, [])


@pytest.mark.django_db(transaction=True)
def test_an_id_that_is_listed_twice_is_written_once_by_two_writers(
    mapped: Connection, vendor: SandboxServer, handed: list[int]
) -> None:
    vendor.faults.add("overlap_pages", path=RECEIPTS)
    assert sync(mapped, full=True).status == "completed"
    assert handed
    _check(mapped, vendor)


@pytest.mark.django_db(transaction=True)
def test_a_defect_in_the_second_writer_fails_the_run_and_counts_what_stands(
    mapped: Connection, vendor: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_chunk = read.work_chunk

    def fail_there(*args: object, **options: object) -> None:
        if threading.current_thread().name == "second-writer":
            raise ZeroDivisionError
        work_chunk(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(read, "work_chunk", fail_there)
    run = sync(mapped)
    assert run.status == "failed"
    made = Transaction.objects.filter(sync_run_id=run.pk).count()
    assert run.transactions_created == made > 0
    position = SyncCursor.objects.get(connection=mapped, resource="payment").position
    assert position is not None
    assert position % ROWS == 0
    monkeypatch.undo()
    assert sync(mapped).status == "completed"
    _check(mapped, vendor)


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_run_keeps_whole_chunks_of_both(
    mapped: Connection, vendor: SandboxServer, handed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = sync_services.queue_sync(connection=mapped)
    hand = SecondWriter.hand

    def cancel_then_hand(self: SecondWriter[read.Batch, read.Landed], batch: read.Batch) -> None:
        if len(handed) == 2:
            SyncRun.objects.filter(pk=queued.pk).update(cancel_requested=True)
        hand(self, batch)

    monkeypatch.setattr(SecondWriter, "hand", cancel_then_hand)
    run = run_sync(queued.pk)
    assert run.status == "cancelled"
    made = Transaction.objects.filter(sync_run_id=run.pk).count()
    assert run.transactions_created == made
    check_tables(mapped)
    assert sync(mapped).status == "completed"
    _check(mapped, vendor)
