"""Syncs of a provider that does not answer, and of one property that does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.breaker import PROPERTY, Breaker, Rules, standings
from integrations.models import CallPart, Connection, SyncCursor
from integrations.sandbox import SandboxServer
from integrations.services.calls import flush_calls
from integrations.shared import shared
from integrations.sync import waiting
from tests.integrations.sync.conftest import found, sync

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "sleep", lambda seconds: None)


def quoted(vendor: SandboxServer) -> dict[str, list[str]]:
    """Jobs with an accepted quotation, by lot."""
    jobs: dict[str, list[str]] = {}
    for row in vendor.vendor.records("jobs", limit=10_000):
        if row.get("QuoteId"):
            jobs.setdefault(row["LotId"], []).append(row["Id"])
    return jobs


def put_back(source: Connection, lot: str) -> None:
    """The time until the property is tried again is over."""
    key = f"pt:breaker:{{{source.pk}}}:{source.pk}:{lot}"
    shared().ask(lambda client: client.hset(key, "retry_at", "0"))


def test_while_the_breaker_is_open_a_sync_ends_with_the_reason_and_asks_nothing(
    source: Connection, vendor: SandboxServer
) -> None:
    later = timezone.now() + timedelta(hours=20)
    Connection.objects.filter(pk=source.pk).update(next_sync_at=later)
    rules = Rules(failures=1, open_seconds=120, recovery=1)
    Breaker(shared(), str(source.pk), rules).tell("bad", reason="GET /v1/lots answered 503.")
    vendor.requests.clear()
    run = sync(source)
    assert (run.status, run.errors[0]["code"], vendor.requests.counts) == ("failed", "provider_down", {})
    assert run.errors[0]["message"].startswith("PropertyMe does not answer, so nothing is asked of it before ")
    source.refresh_from_db()
    assert source.failing_since is not None
    assert source.next_sync_at is not None
    # The schedule asks again when a call is let through, and not a day later.
    (row,) = (standings(shared(), [source.pk]) or {})[str(source.pk)]
    assert row.retry_at is not None
    assert abs(source.next_sync_at - row.retry_at) < timedelta(seconds=0.01)
    shared().ask(lambda client: client.hset(f"pt:breaker:{{{source.pk}}}:{source.pk}", "retry_at", "0"))
    assert sync(source).status == "completed"
    assert standings(shared(), [source.pk]) == {str(source.pk): []}


def test_a_sync_leaves_its_calls_on_the_health_page(source: Connection, vendor: SandboxServer) -> None:
    vendor.faults.add("server_error", path="/api/v1/lots", times=1)
    vendor.requests.clear()
    assert sync(source).status == "completed"
    asked = sum(number for path, number in vendor.requests.counts.items() if path.startswith("/api/"))
    flush_calls()
    rows = CallPart.objects.filter(connection=source)
    assert sum(row.calls for row in rows) == asked
    assert [row.errors for row in rows if row.errors] == [{"transient": 1}]
    assert sum(row.waits for row in rows) == 1


def test_a_property_that_fails_is_set_aside_while_the_rest_is_read(source: Connection, vendor: SandboxServer) -> None:
    jobs = quoted(vendor)
    bad, *others = sorted(jobs, key=lambda lot: len(jobs[lot]))
    vendor.faults.add("server_error", path=f"*{jobs[bad][0]}/quotations")
    vendor.requests.clear()
    for number in (1, 2, 3, 4):
        assert sync(source, full=number == 4).status == "completed"
    asked = vendor.requests.count(f"/api/v1/jobtasks/{jobs[bad][0]}/quotations")
    # A helper's try and three of the reader at first; the reader's three once more for each of two; then none at all.
    assert asked == 10
    mirror = set(source.records.filter(resource="job").values_list("provider_id", flat=True))
    assert not mirror & {jobs[bad][0]}
    assert {job for lot in others for job in jobs[lot]} <= mirror
    assert source.records.filter(missing_since__isnull=False).count() == 0
    assert SyncCursor.objects.get(connection=source, resource="job").value == "0"
    (row,) = (standings(shared(), [source.pk]) or {})[str(source.pk)]
    assert (row.scope, row.state.value) == (f"{source.pk}:{bad}", "open")
    vendor.faults.clear()
    put_back(source, bad)
    assert sync(source).status == "completed"
    assert found(source, "job", jobs[bad][0]).verdict in ("imported", "unmapped")
    assert standings(shared(), [source.pk]) == {str(source.pk): []}
    assert SyncCursor.objects.get(connection=source, resource="job").value != "0"
    assert PROPERTY.failures == 3
