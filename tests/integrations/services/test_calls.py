"""Counts and breaker events from Redis into PostgreSQL, once, however often they are handed in."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from access.models import AuditEntry, Organisation
from integrations import tasks
from integrations.breaker import EVENTS, PROPERTY, Breaker, Rules
from integrations.callcount import PARTS, CallCount, parts
from integrations.models import CallPart, Connection
from integrations.services import calls as call_services
from integrations.services.calls import Written, flush_calls
from integrations.shared import shared
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(organisation: Organisation) -> Connection:
    return ConnectionFactory(organisation=organisation)


def count(source: Connection, calls: int = 3) -> None:
    counter = CallCount(shared(), str(source.pk))
    for number in range(calls):
        counter.called(0.09, error="transient" if not number else "", use=0.25 * (number + 1))
    counter.waited(1.5)
    counter.refused()
    counter.send()
    counter.send()


def age(seconds: int) -> None:
    """Moves what waits in Redis into the past."""

    def move(client: object) -> bool:
        for name in client.smembers(PARTS):  # type: ignore[attr-defined]
            older = str(int(name) - seconds)
            client.rename(f"pt:calls:{name}", f"pt:calls:{older}")  # type: ignore[attr-defined]
            client.srem(PARTS, name)  # type: ignore[attr-defined]
            client.sadd(PARTS, older)  # type: ignore[attr-defined]
        return True

    shared().ask(move)


def waiting() -> int:
    found = parts(shared())
    assert found is not None
    return len(found[1])


def test_counts_are_written_once_and_dropped_when_their_time_is_over(source: Connection) -> None:
    count(source)
    age(600)
    assert flush_calls() == Written(parts=1)
    row = CallPart.objects.get()
    assert (row.organisation_id, row.connection_id) == (source.organisation_id, source.pk)
    assert (row.calls, row.failed, row.errors) == (3, 1, {"transient": 1})
    assert (row.waits, row.wait_ms, row.refused, row.top_use) == (1, 1500, 1, 750)
    assert row.latency == [0, 0, 3, *[0] * 9]
    assert (waiting(), flush_calls()) == (0, Written())


def test_a_part_under_way_is_written_over_with_all_that_it_holds(source: Connection) -> None:
    for calls in (3, 6):
        count(source)
        tasks.flush_calls()
        assert sum(CallPart.objects.values_list("calls", flat=True)) == calls
    assert waiting() >= 1


def test_a_flush_that_dies_before_its_commit_loses_and_doubles_nothing(
    source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(source)
    age(600)
    Breaker(shared(), str(source.pk), Rules(failures=1)).tell("bad", reason="It hung up.")

    def die(events: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(call_services, "_write_events", die)
        with pytest.raises(KeyboardInterrupt):
            flush_calls()
    assert (CallPart.objects.count(), AuditEntry.objects.count()) == (0, 0)
    # And after its commit, before Redis forgot.
    with monkeypatch.context() as patched:
        patched.setattr(call_services, "_drop", lambda *_: None)
        assert flush_calls() == Written(1, 1)
    assert flush_calls() == Written(1, 0)
    assert (CallPart.objects.get().calls, AuditEntry.objects.count(), waiting()) == (3, 1, 0)
    assert shared().ask(lambda client: client.llen(EVENTS)) == 0


def test_two_flushes_at_once_are_one(source: Connection) -> None:
    count(source)
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [call_services._LOCK])
        found: list[Written] = []

        def other() -> None:
            try:
                found.append(flush_calls())
            finally:
                database.close()

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [call_services._LOCK])
    assert found == [Written()]
    assert flush_calls().parts == 1


def test_opening_and_closing_become_audit_entries_in_words(source: Connection) -> None:
    PropertyMappingFactory(
        organisation=source.organisation, connection=source, provider_property_id="lot-1",
        provider_property_address="1 Cliff Rd",
    )  # fmt: skip
    whole = Breaker(shared(), str(source.pk), Rules(failures=1, open_seconds=0, recovery=1))
    one = Breaker(shared(), f"{source.pk}:lot-1", Rules(failures=1, open_seconds=60, recovery=1))
    whole.tell("bad", reason="GET /v1/lots answered 503.")
    one.tell("bad", reason="It timed out.")
    whole.tell("good", token=whole.ask().token)
    Breaker(shared(), "01890000-0000-7000-8000-000000000000", Rules(failures=1)).tell("bad")
    assert flush_calls().entries == 3
    entries = AuditEntry.objects.order_by("at")
    assert [(entry.action, entry.summary) for entry in entries] == [
        ("breaker.opened", "Calls to PropertyMe stopped. GET /v1/lots answered 503."),
        ("breaker.opened", "PropertyMe: 1 Cliff Rd set aside. It timed out."),
        ("breaker.closed", "PropertyMe answers again; calls go on."),
    ]
    assert {entry.organisation_id for entry in entries} == {source.organisation_id}
    assert entries[1].details["property"] == "lot-1"
    assert "retry_at" in entries[1].details
    assert PROPERTY.recovery == 1


def test_old_parts_are_dropped(source: Connection) -> None:
    for days in (1, 9):
        CallPart.objects.create(
            organisation_id=source.organisation_id, connection=source, begins_at=timezone.now() - timedelta(days=days)
        )
    flush_calls()
    assert CallPart.objects.count() == 1
