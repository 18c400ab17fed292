"""From a doorbell to the books: fetched once, worked by the engine, tried again, left to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from access.models import User
from accounting.models import Transaction
from communications.models import Notification
from integrations import registry, tasks
from integrations.breaker import Breaker, Rules, standings
from integrations.inbox.changes import note_changes
from integrations.inbox.work import MOST_IDS, errands
from integrations.models import Connection, InboxEvent, ProviderRecord, SyncRun
from integrations.records import Resource
from integrations.services import inbox as inbox_services
from integrations.services import sync as sync_services
from integrations.services import undo as undo_services
from integrations.shared import shared
from integrations.sync.lock import sync_lock
from integrations.sync.runner import run_sync
from integrations.sync.work import chunk
from tenancies.models import Lease
from tests.integrations.inbox.conftest import Keeper, Work, hurry, states
from tests.integrations.throwaway import SPEC, WEBHOOKS
from tests.integrations.throwaway.upstream import CottageServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The HTTP client's own waits between attempts."""
    monkeypatch.setattr("integrations.sync.waiting.sleep", lambda seconds: None)


def test_ten_deliveries_are_one_fetch_and_one_effect(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    upstream.lists["/receipts"].append({"key": 32, "cottage": 1, "let": 10, "paid": "415.50", "on": "2025-01-20"})
    payload = keeper.event("receipt.changed", 32)
    for _ in range(10):
        keeper.send(payload)
        work()
    assert upstream.asked == ["/receipts?keys=32"]
    event = InboxEvent.objects.get(connection=source)
    assert (event.state, event.attempts, event.outcome) == ("done", 1, "Fetched again: it had changed.")
    run = SyncRun.objects.get(connection=source, sync_type="events")
    assert (run.status, run.trigger, event.runs) == ("completed", "event", [str(run.pk)])
    assert run.counts == {"payment": {"seen": 1, "created": 1}}
    entry = Transaction.objects.get(sync_run_id=run.pk)
    assert str(entry.amount) == "415.50"
    record = ProviderRecord.objects.get(connection=source, provider_id="32")
    assert (event.records, record.target_id, record.verdict) == ([str(record.pk)], entry.pk, "imported")


def test_what_an_event_did_can_be_undone(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, admin_user: User
) -> None:
    upstream.lists["/receipts"].append({"key": 32, "cottage": 1, "let": 10, "paid": "415.50", "on": "2025-01-20"})
    keeper.ring("receipt.changed", 32)
    work()
    run = SyncRun.objects.get(connection=source, sync_type="events")
    assert run_sync(undo_services.undo_run(run=run, user=admin_user).pk).status == "completed"
    assert Transaction.objects.get(sync_run_id=run.pk).reversed_by is not None


def test_several_doorbells_of_one_record_coalesce(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    for rent in ("420.00", "430.00", "440.00"):
        upstream.lists["/lets"][0]["rent"] = rent
        keeper.ring("let.changed", 10)
        keeper.ring("repair.changed", 20)
    work()
    assert upstream.asked == ["/lets?keys=10", "/repairs?keys=20"]
    assert states(source) == {"done": 6}
    assert str(Lease.objects.get(connection_id=source.pk).rent_amount) == "440.00"


def test_out_of_order_the_newest_wins(keeper: Keeper, source: Connection, upstream: CottageServer, work: Work) -> None:
    older, newer = keeper.event("let.changed", 10), keeper.event("let.changed", 10)
    upstream.lists["/lets"][0]["rent"] = "450.00"
    for payload in (newer, older):
        keeper.send(payload)
        work()
    assert str(Lease.objects.get(connection_id=source.pk).rent_amount) == "450.00"
    outcomes = InboxEvent.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["Fetched again: it had changed.", "Fetched again: nothing had changed."]


def test_a_record_that_is_gone_is_marked_and_kept(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    upstream.lists["/lets"].clear()
    keeper.ring("let.changed", 10)
    keeper.ring("let.changed", 999)
    work()
    record = ProviderRecord.objects.get(connection=source, resource="tenancy")
    assert (record.verdict, record.missing_since is not None) == ("missing", True)
    assert Lease.objects.filter(connection_id=source.pk).count() == 1
    assert list(InboxEvent.objects.order_by("id").values_list("outcome", flat=True)) == [
        "The provider no longer lists it; what it became is kept.",
        "The provider has no such record any more.",
    ]


def test_an_event_without_a_records_id_reads_what_changed(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    upstream.lists["/invoices"].append({"key": 41, "cottage": 2, "sum": "12.00", "on": "2025-03-01", "for": "Key"})
    keeper.ring("invoices.changed", 7)
    work()
    assert upstream.asked == ["/invoices?since="] or upstream.asked == ["/invoices"]
    assert ProviderRecord.objects.get(connection=source, provider_id="41").verdict == "imported"
    assert InboxEvent.objects.get().outcome == "What had changed was read."


def test_an_adapter_that_cannot_fetch_reads_what_changed(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = replace(SPEC, adapter="tests.integrations.throwaway.client.PlainCottageAdapter")
    monkeypatch.setitem(registry.PROVIDERS, SPEC.slug, plain)
    upstream.lists["/lets"][0]["rent"] = "460.00"
    keeper.ring("let.changed", 10)
    work()
    assert upstream.asked == ["/lets"]
    assert str(Lease.objects.get(connection_id=source.pk).rent_amount) == "460.00"


def test_three_attempts_with_growing_waits_then_a_person(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, admin_user: User
) -> None:
    upstream.cursed.add("10")
    keeper.ring("let.changed", 10)
    for attempt, wait in ((1, 2), (2, 4)):
        before = timezone.now()
        work()
        event = InboxEvent.objects.get(connection=source)
        assert (event.state, event.attempts) == ("queued", attempt)
        assert event.due_at is not None
        assert timedelta(seconds=wait) <= event.due_at - before
        assert event.due_at - timezone.now() <= timedelta(seconds=wait)
        # Not before it is due.
        assert inbox_services.queue_run(connection_id=source.pk) is None
        hurry(source)
    work()
    event.refresh_from_db()
    assert (event.state, event.attempts, event.due_at) == ("person", 3, None)
    assert event.cause == "The provider did not answer properly."
    notice = Notification.objects.get(user=admin_user)
    assert notice.title == "Cottage Keeper: an event could not be worked"
    assert notice.url == f"/settings/integrations/cottage/events/?connection={source.pk}&state=person"
    assert [run.status for run in SyncRun.objects.filter(sync_type="events")] == ["failed"] * 3
    source.refresh_from_db()
    assert source.failing_since is None


def test_while_the_provider_is_left_alone_an_event_waits_and_loses_no_attempt(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    breaker = Breaker(shared(), str(source.pk), Rules(failures=1))
    breaker.tell("bad", reason="GET /lets answered 503")
    keeper.ring("let.changed", 10)
    work()
    event = InboxEvent.objects.get(connection=source)
    assert (event.state, event.attempts) == ("queued", 0)
    found = standings(shared(), [source.pk])
    assert found is not None
    retry_at = found[str(source.pk)][0].retry_at
    assert event.due_at is not None
    assert retry_at is not None
    # The moment travels as seconds, so that it may differ by a hair.
    assert abs(event.due_at - retry_at) < timedelta(seconds=1)
    hurry(source)
    work()
    assert states(source) == {"done": 1}


def test_one_bad_record_holds_up_no_other(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    upstream.cursed.add("11")
    upstream.lists["/lets"][0]["rent"] = "470.00"
    keeper.ring("let.changed", 11)
    keeper.ring("let.changed", 10)
    keeper.ring("repair.changed", 20)
    work()
    assert states(source) == {"queued": 2, "done": 1}
    hurry(source)
    work()
    assert states(source) == {"queued": 1, "done": 2}
    hurry(source)
    work()
    assert states(source) == {"person": 1, "done": 2}
    assert str(Lease.objects.get(connection_id=source.pk).rent_amount) == "470.00"


def test_being_asked_to_slow_down_is_no_attempt_and_loses_nothing(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    upstream.troubles = [(429, 500)]
    keeper.ring("let.changed", 10)
    keeper.ring("repair.changed", 20)
    work()
    events = InboxEvent.objects.filter(connection=source)
    assert [(event.state, event.attempts) for event in events] == [("queued", 0), ("queued", 0)]
    assert all(event.due_at and event.due_at > timezone.now() + timedelta(seconds=490) for event in events)
    # Nothing more is asked of a vendor that wants to be left alone.
    assert len(upstream.asked) == 1
    hurry(source)
    work()
    assert states(source) == {"done": 2}


def test_events_wait_for_a_new_sign_in(keeper: Keeper, source: Connection, upstream: CottageServer, work: Work) -> None:
    Connection.objects.filter(pk=source.pk).update(access_token="bad", refresh_token="bad")
    keeper.ring("let.changed", 10)
    work()
    source.refresh_from_db()
    assert source.status in ("expired", "revoked")
    event = InboxEvent.objects.get(connection=source)
    assert (event.state, event.attempts) == ("queued", 0)
    assert inbox_services.sweep(now=timezone.now()) == []
    tokens = upstream.oauth.grant_directly("7")
    Connection.objects.filter(pk=source.pk).update(
        status="active", access_token=tokens["access_token"], refresh_token=tokens["refresh_token"]
    )
    assert inbox_services.sweep(now=timezone.now()) == [source.pk]
    work()
    assert states(source) == {"done": 1}


def test_the_sweep_finds_what_nobody_was_told_of_and_what_the_dead_left(keeper: Keeper, source: Connection) -> None:
    keeper.ring("let.changed", 10)
    assert inbox_services.sweep(now=timezone.now()) == [source.pk]
    InboxEvent.objects.update(state="working", attempts=1)
    assert inbox_services.sweep(now=timezone.now()) == [source.pk]
    tasks.work_events(str(source.pk))
    event = InboxEvent.objects.get()
    assert (event.state, event.attempts) == ("done", 2)
    assert inbox_services.sweep(now=timezone.now()) == []


def test_an_event_that_kills_its_workers_is_left_to_a_person(keeper: Keeper, source: Connection, work: Work) -> None:
    keeper.ring("let.changed", 10)
    InboxEvent.objects.update(state="working", attempts=3)
    work()
    assert InboxEvent.objects.get().cause == "The worker stopped each time while it worked this event."


def test_events_wait_for_a_sync_that_is_under_way_and_people_may_sync_meanwhile(
    keeper: Keeper, source: Connection
) -> None:
    keeper.ring("let.changed", 10)
    with sync_lock(source.pk) as free:
        assert free
        tasks.work_events(str(source.pk))
        run = SyncRun.objects.get(sync_type="events")
        assert run.status == "queued"
        # A further doorbell joins the run that waits.
        keeper.ring("repair.changed", 20)
        tasks.work_events(str(source.pk))
        assert SyncRun.objects.filter(sync_type="events").count() == 1
        asked = sync_services.queue_sync(connection=source)
    assert run_sync(run.pk).status == "completed"
    assert states(source) == {"done": 2}
    assert run_sync(asked.pk).status == "completed"


def test_order_is_kept_where_the_vendor_promises_it(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.PROVIDERS, SPEC.slug, replace(SPEC, webhooks=replace(WEBHOOKS, ordered=True)))
    upstream.cursed.add("10")
    keeper.ring("let.changed", 10)
    work()
    keeper.ring("repair.changed", 20)
    work()
    assert list(InboxEvent.objects.order_by("id").values_list("state", "attempts")) == [("queued", 1), ("queued", 0)]
    upstream.cursed.clear()
    hurry(source)
    work()
    assert states(source) == {"done": 2}


def test_a_worker_goes_on_until_nothing_is_due(
    keeper: Keeper, source: Connection, upstream: CottageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.inbox.work.MOST_EVENTS", 2)
    for _ in range(5):
        keeper.ring("let.changed", 10)
    tasks.work_events(str(source.pk))
    assert states(source) == {"done": 5}
    assert SyncRun.objects.filter(sync_type="events", status="completed").count() == 3


def test_errands_hold_at_most_so_many_ids() -> None:
    events = [InboxEvent(resource="job", fetch_ids=[str(number)], attempts=1) for number in range(MOST_IDS + 5)]
    found = list(errands([*events, *events], by_id=True))
    assert [(len(errand.ids), len(errand.events)) for errand in found] == [(MOST_IDS, 2 * MOST_IDS), (5, 10)]
    assert [item for errand in found for item in errand.ids] == [str(number) for number in range(MOST_IDS + 5)]


def test_a_replay_works_events_again_and_a_dry_run_only_says_so(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, admin_user: User
) -> None:
    upstream.cursed.add("10")
    keeper.ring("let.changed", 10)
    for event, key in (("weather.changed", 1), ("invoices.changed", 40)):
        keeper.ring(event, key)
    for _ in range(3):
        work()
        hurry(source)
    upstream.cursed.clear()
    rows = InboxEvent.objects.all()
    common = {"connection": source, "user": admin_user, "events": rows}
    plan = inbox_services.replay_events(**common, dry_run=True)
    assert (plan.events, plan.fetches, plan.reads) == (2, {"tenancy": 1}, ["bill"])
    assert plan.skipped == {"points at nothing that we keep": 1}
    assert states(source) == {"person": 1, "ignored": 1, "done": 1}
    assert inbox_services.replay_events(**common) == plan
    assert Notification.objects.get(user=admin_user).read_at is not None
    work()
    assert states(source) == {"done": 2, "ignored": 1}
    event = InboxEvent.objects.get(topic="let.changed")
    assert (event.attempts, event.replays, event.replayed_by, event.cause) == (1, 1, admin_user, "")


def test_an_event_that_became_known_can_be_replayed(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper.ring("let.renamed", 10)
    known = {**WEBHOOKS.events, "let.renamed": WEBHOOKS.events["let.changed"]}
    monkeypatch.setitem(registry.PROVIDERS, SPEC.slug, replace(SPEC, webhooks=replace(WEBHOOKS, events=known)))
    plan = inbox_services.replay_events(connection=source, user=None, events=InboxEvent.objects.all())
    assert plan.fetches == {"tenancy": 1}
    work()
    assert upstream.asked == ["/lets?keys=10"]


def test_the_changes_of_a_pull_become_events(source: Connection, upstream: CottageServer) -> None:
    record = ProviderRecord.objects.get(connection=source, resource="tenancy")
    run = SyncRun.objects.filter(connection=source).first()
    assert run is not None
    for _ in range(2):
        with chunk(source.pk) as cursor:
            cursor.execute(
                "INSERT INTO pt_work SELECT id, resource, provider_id, content_hash, payload, facts, property_ref,"
                " related_ref, label, amount, occurred_on, is_void, '', verdict, generation, target_id, false"
                " FROM integrations_providerrecord WHERE id = %s",
                [record.pk],
            )
            cursor.execute(
                "INSERT INTO pt_plan SELECT record_id, 'update', 'imported', '', 1, NULL, '', NULL, NULL, NULL, '',"
                " NULL, '', NULL, NULL, NULL, '', '', '', false, '', '', '{}' FROM pt_work"
            )
            note_changes(cursor, source=source, resource=Resource.TENANCY, run_id=run.pk)
    event = InboxEvent.objects.get(connection=source)
    assert (event.source, event.state, event.name, event.resource_ref) == ("pull", "done", "tenancy.changed", "10")
    assert (event.runs, event.records, event.body) == ([str(run.pk)], [str(record.pk)], None)


def test_a_first_sync_is_no_event(source: Connection) -> None:
    source.last_sync_at = None
    with database.cursor() as cursor:
        assert note_changes(cursor, source=source, resource=Resource.JOB, run_id=source.pk) == 0
