"""When syncs run, that only one runs at a time, and what becomes of those whose worker died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.models import User
from config.celery import app
from core.errors import DomainError
from integrations import tasks
from integrations.models import Connection, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.sync import waiting
from integrations.sync.lock import sync_lock
from integrations.sync.runner import LOST_ATTEMPTS, run_sync
from tests.factories.integrations import ConnectionFactory, SyncRunFactory
from tests.integrations.sync.conftest import live, map_all, owed, sync, work_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def _together(*calls: Callable[[], Any]) -> list[Any]:
    """Each call in a thread of its own, begun at the same moment; their answers."""
    gate, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def work(place: int) -> None:
        try:
            gate.wait()
            answers[place] = calls[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[place]) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def worker_here() -> Iterator[Callable[[], None]]:
    """Once called, every message is carried out where it is sent."""
    yield lambda: app.conf.update(task_always_eager=True, task_eager_propagates=True)
    app.conf.update(task_always_eager=False, task_eager_propagates=False)


def _due(now: datetime, **more: Any) -> Connection:
    return ConnectionFactory(**{"next_sync_at": now - timedelta(minutes=1), "sync_every_minutes": 90, **more})


def test_due_connections_are_claimed_by_moving_their_next_time_on() -> None:
    now = timezone.now()
    due = _due(now)
    others = [
        _due(now, next_sync_at=now + timedelta(minutes=1)),
        _due(now, next_sync_at=None),
        _due(now, auto_sync=False),
        _due(now, status="expired"),
        _due(now, status="revoked"),
        _due(now, status="disconnected"),
    ]
    (run,) = sync_services.claim_due(now=now)
    assert (run.connection_id, run.trigger, run.status) == (due.pk, "schedule", "queued")
    due.refresh_from_db()
    assert due.next_sync_at == now + timedelta(minutes=90)
    assert not SyncRun.objects.filter(connection__in=others).exists()
    assert sync_services.claim_due(now=now) == []


def test_two_ticks_at_once_claim_each_connection_once() -> None:
    now = timezone.now()
    due = [_due(now) for _ in range(12)]
    claimed = _together(*[lambda: sync_services.claim_due(now=now)] * 3)
    assert sorted(run.connection_id for runs in claimed for run in runs) == sorted(item.pk for item in due)
    assert SyncRun.objects.count() == 12


def test_a_tick_leaves_a_connection_that_is_syncing_to_its_next_time() -> None:
    now = timezone.now()
    due = _due(now)
    SyncRunFactory(connection=due, organisation=due.organisation, status="running", finished_at=None)
    assert sync_services.claim_due(now=now) == []
    due.refresh_from_db()
    assert due.next_sync_at == now + timedelta(minutes=90)


def test_a_schedule_reads_everything_once_a_week_and_changes_in_between(synced: Connection) -> None:
    now = timezone.now()
    kinds = []
    for day in (0, 1, 8):
        moment = now + timedelta(days=day)
        Connection.objects.filter(pk=synced.pk).update(next_sync_at=moment)
        (run,) = sync_services.claim_due(now=moment)
        run_sync(run.pk)
        kinds.append((run.sync_type, run.full))
    assert kinds == [("full", True), ("incremental", False), ("full", True)]


def test_one_connection_has_one_running_run() -> None:
    run = SyncRunFactory(status="running", finished_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncRunFactory(connection=run.connection, organisation=run.organisation, status="running", finished_at=None)


def test_a_run_delivered_to_several_workers_is_carried_out_once(source: Connection, vendor: SandboxServer) -> None:
    run = sync_services.queue_sync(connection=source)
    _together(*[lambda: run_sync(run.pk)] * 3)
    run.refresh_from_db()
    assert run.status == "completed"
    assert vendor.requests.count("/api/v1/lots") == 1
    assert run_sync(run.pk).status == "completed"
    assert vendor.requests.count("/api/v1/lots") == 1


def test_a_sync_and_an_apply_of_one_connection_never_work_at_once(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    sync(source)
    first = sync_services.queue_sync(connection=source)
    mapping_services.create_all_missing(
        connection=source, user=admin_user, ids=list(source.mappings.values_list("id", flat=True))
    )
    second = source.runs.get(sync_type="apply")
    _together(lambda: run_sync(first.pk), lambda: run_sync(second.pk))
    # Whoever found the other at work has left its run in the queue.
    assert "completed" in {run.status for run in source.runs.filter(pk__in=[first.pk, second.pk])}
    work_waiting(source)
    assert set(source.runs.values_list("status", flat=True)) == {"completed"}
    assert live(source) == owed(vendor)


def test_while_another_worker_holds_the_lock_a_run_stays_queued(source: Connection, vendor: SandboxServer) -> None:
    run = sync_services.queue_sync(connection=source)
    with sync_lock(source.pk) as free:
        assert free
        assert run_sync(run.pk).status == "queued"
        with sync_lock(source.pk) as free_again:
            assert not free_again
    assert vendor.requests.counts == {}
    assert run_sync(run.pk).status == "completed"


def test_the_lock_is_free_the_moment_it_is_given_back(source: Connection) -> None:
    for turn in range(200):
        with sync_lock(source.pk) as free:
            assert free, turn


def test_a_run_queued_behind_another_follows_it(
    source: Connection, vendor: SandboxServer, admin_user: User, worker_here: Callable[[], None]
) -> None:
    sync(source)
    first = sync_services.queue_sync(connection=source)
    mapping_services.create_all_missing(
        connection=source, user=admin_user, ids=list(source.mappings.values_list("id", flat=True))
    )
    worker_here()
    tasks.run_sync(str(first.pk))
    assert list(source.runs.order_by("id").values_list("sync_type", "status"))[1:] == [
        ("manual", "completed"),
        ("apply", "completed"),
    ]
    assert live(source) == owed(vendor)


def test_a_dead_workers_run_is_lost_and_tried_again_three_times_at_most(source: Connection) -> None:
    run = sync_services.queue_sync(connection=source, full=True)
    for attempt in range(1, LOST_ATTEMPTS + 1):
        SyncRun.objects.filter(pk=run.pk).update(status="running", started_at=timezone.now())
        queued = sync_services.recover_lost(now=timezone.now())
        run.refresh_from_db()
        assert (run.status, run.errors[-1]["code"], run.attempt) == ("lost", "lost", attempt)
        assert run.finished_at is not None
        if attempt < LOST_ATTEMPTS:
            retry = SyncRun.objects.get(status="queued")
            assert (queued, retry.trigger, retry.full) == ([retry.pk], "retry", True)
            run = retry
    assert (queued, SyncRun.objects.count()) == ([], LOST_ATTEMPTS)


def test_a_living_workers_run_is_left_alone_however_long_it_takes(source: Connection) -> None:
    run = sync_services.queue_sync(connection=source)
    long_ago = timezone.now() - timedelta(hours=30)
    SyncRun.objects.filter(pk=run.pk).update(status="running", started_at=long_ago, heartbeat_at=long_ago)
    with sync_lock(source.pk):
        assert sync_services.recover_lost(now=timezone.now()) == []
        run.refresh_from_db()
        assert run.status == "running"
    sync_services.recover_lost(now=timezone.now())
    run.refresh_from_db()
    assert run.status == "lost"


def test_a_lost_message_is_made_up_for(
    source: Connection, vendor: SandboxServer, admin_user: User, worker_here: Callable[[], None]
) -> None:
    run = sync_services.queue_sync(connection=source)
    assert sync_services.recover_lost(now=run.created_at) == []
    worker_here()
    tasks.recover_lost_runs()
    run.refresh_from_db()
    assert run.status == "completed"
    map_all(source, admin_user)
    assert live(source) == owed(vendor)


def test_beat_claims_and_carries_out(source: Connection, worker_here: Callable[[], None]) -> None:
    Connection.objects.filter(pk=source.pk).update(next_sync_at=timezone.now())
    worker_here()
    tasks.dispatch_due_syncs()
    assert source.runs.get().status == "completed"
    source.refresh_from_db()
    assert source.last_sync_at is not None
    assert source.mappings.count() == 8


def test_a_queued_run_is_cancelled_at_once(source: Connection, vendor: SandboxServer, admin_user: User) -> None:
    run = sync_services.queue_sync(connection=source)
    sync_services.cancel_run(run=run, user=admin_user)
    assert run_sync(run.pk).status == "cancelled"
    assert vendor.requests.counts == {}
    with pytest.raises(DomainError):
        sync_services.release_held(run=run, user=admin_user)


def test_a_running_run_stops_at_its_next_chunk_and_keeps_what_is_done(
    source: Connection, vendor: SandboxServer, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(seconds: float) -> None:
        sync_services.cancel_run(run=SyncRun.objects.get(status="running"), user=admin_user)

    monkeypatch.setattr(waiting, "sleep", cancel)
    vendor.faults.add("rate_limited", path="/api/v1/jobtasks", times=1, retry_after=1)
    run = sync(source)
    assert (run.status, run.cancel_requested, run.errors) == ("cancelled", True, [])
    assert source.mappings.count() == 8
    assert not source.records.filter(resource__in=["job", "payment", "bill"]).exists()
    # Every later call keeps to what the provider asked for, so the next sync may wait as well.
    monkeypatch.setattr(waiting, "sleep", lambda seconds: None)
    assert sync(source).status == "completed"
    map_all(source, admin_user)
    assert live(source) == owed(vendor)
