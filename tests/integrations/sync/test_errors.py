"""The error table: what each failure of a provider leads to, told from the run, the connection and the books."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs

import pytest
from django.core import mail
from django.db import IntegrityError

from access.models import User
from communications.models import Notification
from communications.tasks import send_due_emails
from core.errors import DomainError
from integrations.models import Connection, SyncCursor, SyncRun
from integrations.paging import OffsetList
from integrations.sandbox import SandboxServer
from integrations.sync import waiting
from tests.integrations.sync.conftest import live, map_all, owed, sync

pytestmark = pytest.mark.django_db(transaction=True)
RECEIPTS = "/api/v1/dashboards/transactions"
TOKEN = "/connect/token"


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Each wait that a provider causes, not waited; jitter is always at its most, so that waits can be told exactly."""
    waited: list[float] = []
    monkeypatch.setattr(waiting, "sleep", waited.append)
    monkeypatch.setattr("integrations.http.random.uniform", lambda low, high: high)
    return waited


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> int:
    """Receipts come in pages of thirty rows, and each page is a chunk of its own."""
    size = 30
    monkeypatch.setattr("integrations.providers.propertyme.ledger.OffsetList", partial(OffsetList, limit=size))
    monkeypatch.setattr("integrations.sync.pull.CHUNK_ROWS", size)
    monkeypatch.setattr("integrations.sync.read.STEP_BACK", size)
    return size


def _code(run: SyncRun) -> str:
    return ", ".join(problem["code"] for problem in run.errors)


def test_an_expired_token_is_refreshed_once_and_the_sync_goes_on(synced: Connection, vendor: SandboxServer) -> None:
    vendor.vendor.advance(days=10)
    vendor.expire_access_tokens()
    vendor.requests.clear()
    old = synced.access_token
    run = sync(synced)
    synced.refresh_from_db()
    assert (run.status, vendor.requests.count(TOKEN), synced.status) == ("completed", 1, "active")
    assert synced.access_token != old
    assert live(synced) == owed(vendor)


def test_a_token_that_ends_in_the_middle_of_a_read_is_refreshed_too(
    synced: Connection, vendor: SandboxServer, small_pages: int
) -> None:
    fault = vendor.faults.add("unauthorized", path=RECEIPTS, skip=2, times=1)
    run = sync(synced, full=True)
    assert (run.status, fault.hits) == ("completed", 1)
    assert live(synced) == owed(vendor)


def test_a_refused_refresh_expires_the_connection_and_tells_its_admins(
    synced: Connection, vendor: SandboxServer, admin_user: User, agent_user: User
) -> None:
    before = live(synced)
    vendor.expire_access_tokens()
    vendor.faults.add("revoked_grant")
    run = sync(synced)
    synced.refresh_from_db()
    assert (run.status, _code(run), synced.status) == ("failed", "reauth_required", "expired")
    notice = Notification.objects.get()
    assert (notice.user, notice.tone) == (admin_user, "bad")
    assert notice.title == "PropertyMe ended our access: sign in again"
    send_due_emails()
    assert [message.to for message in mail.outbox] == [[admin_user.email]]
    vendor.requests.clear()
    with pytest.raises(DomainError) as refused:
        sync(synced)
    assert (refused.value.code, vendor.requests.counts) == ("not_connected", {})
    assert live(synced) == before


def test_401_to_a_fresh_token_means_that_access_was_revoked(synced: Connection, vendor: SandboxServer) -> None:
    vendor.faults.add("unauthorized", path="/api/v1/*")
    run = sync(synced)
    synced.refresh_from_db()
    assert (run.status, _code(run), synced.status) == ("failed", "reauth_required", "revoked")
    assert Notification.objects.get().title == "PropertyMe withdrew our access: sign in again"


def test_our_own_wrong_credentials_mark_no_connection(synced: Connection, vendor: SandboxServer) -> None:
    vendor.expire_access_tokens()
    vendor.faults.add("invalid_client")
    run = sync(synced)
    synced.refresh_from_db()
    assert (run.status, _code(run), synced.status) == ("failed", "misconfigured", "active")
    assert not Notification.objects.exists()
    vendor.faults.clear()
    assert sync(synced).status == "completed"


def test_an_outage_is_tried_three_times_with_growing_waits_and_writes_nothing(
    synced: Connection, vendor: SandboxServer, naps: list[float]
) -> None:
    vendor.vendor.advance(days=10)
    before, cursors = live(synced), list(SyncCursor.objects.order_by("id").values("resource", "value", "position"))
    vendor.stop()
    run = sync(synced)
    synced.refresh_from_db()
    assert (run.status, _code(run), synced.status) == ("failed", "transient", "active")
    # Two seconds after the first try, four after the second, and no wait after the third.
    assert (sum(naps), run.waited_seconds) == (6.0, 6)
    assert synced.failing_since is not None
    assert live(synced) == before
    assert list(SyncCursor.objects.order_by("id").values("resource", "value", "position")) == cursors
    vendor.start()
    assert sync(synced).status == "completed"
    synced.refresh_from_db()
    assert synced.failing_since is None
    assert live(synced) == owed(vendor)


def test_three_answers_of_a_server_in_trouble_are_enough(synced: Connection, vendor: SandboxServer) -> None:
    vendor.faults.add("server_error", path="/api/v1/lots", status=503)
    vendor.requests.clear()
    assert sync(synced).status == "failed"
    assert vendor.requests.count("/api/v1/lots") == 3
    vendor.faults.clear()
    vendor.faults.add("server_error", path="/api/v1/lots", times=2)
    vendor.requests.clear()
    assert sync(synced).status == "completed"
    assert vendor.requests.count("/api/v1/lots") == 3


@pytest.mark.parametrize(("told", "waited"), [(7, 16), (None, 6)])
def test_a_rate_limit_is_waited_out_as_told_or_with_growing_waits(
    synced: Connection, vendor: SandboxServer, naps: list[float], told: int | None, waited: int
) -> None:
    fault = vendor.faults.add("rate_limited", path="/api/v1/bills", times=2, retry_after=told)
    vendor.vendor.advance(days=10)
    run = sync(synced)
    assert (run.status, fault.hits) == ("completed", 2)
    # Never earlier than told, and at most a second later; without a time two seconds and then four.
    assert (sum(naps), run.waited_seconds) == (waited, waited)
    assert live(synced) == owed(vendor)


def test_a_limit_that_lasts_fails_the_run_and_names_it(
    synced: Connection, vendor: SandboxServer, naps: list[float]
) -> None:
    vendor.faults.add("rate_limited", retry_after=50)
    run = sync(synced)
    assert (run.status, _code(run), run.waited_seconds) == ("failed", "rate_limited", 102)
    assert run.errors[0]["message"] == "The provider asked us to slow down."


def test_a_cancelled_run_ends_its_waiting(
    synced: Connection, vendor: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices: list[float] = []

    def cancel_at_once(seconds: float) -> None:
        slices.append(seconds)
        SyncRun.objects.filter(status="running").update(cancel_requested=True)

    monkeypatch.setattr(waiting, "sleep", cancel_at_once)
    vendor.faults.add("rate_limited", retry_after=100)
    assert sync(synced).status == "cancelled"
    assert slices == [waiting.SLICE_SECONDS]


def test_a_read_that_broke_off_goes_on_where_its_last_chunk_ended(
    source: Connection, vendor: SandboxServer, admin_user: User, small_pages: int
) -> None:
    vendor.faults.add("reset_mid_body", path=RECEIPTS, skip=3)
    run = sync(source)
    assert (run.status, _code(run)) == ("failed", "transient")
    position = SyncCursor.objects.get(connection=source, resource="payment").position
    # Pages are asked for side by side, so that it is not always the fourth that breaks off.
    assert position == run.counts["payment"]["seen"]
    assert position in [pages * small_pages for pages in (1, 2, 3)]
    # Whole chunks are kept, and nothing of the one that broke off.
    assert source.records.filter(resource="payment").count() == position
    vendor.faults.clear()
    vendor.requests.clear()
    assert sync(source).status == "completed"
    asked = [int(parse_qs(entry.query)["Offset"][0]) for entry in vendor.requests.entries if entry.path == RECEIPTS]
    assert len(asked) == len(set(asked))
    # One page is read again, lest a row that left the list meanwhile hide another.
    assert min(asked) == position - small_pages
    assert SyncCursor.objects.get(connection=source, resource="payment").position is None
    map_all(source, admin_user)
    assert live(source) == owed(vendor)


def test_a_full_read_that_broke_off_begins_anew(synced: Connection, vendor: SandboxServer, small_pages: int) -> None:
    vendor.faults.add("reset_mid_body", path=RECEIPTS, skip=3)
    assert sync(synced, full=True).status == "failed"
    gone = vendor.vendor.edit("vanish", resource="receipts")
    vendor.faults.clear()
    run = sync(synced, full=True)
    assert (run.status, run.counts["payment"]["missing"]) == ("completed", 1)
    assert set(live(synced)) - set(owed(vendor)) <= {gone}


@pytest.mark.parametrize("defect", [ZeroDivisionError, IntegrityError])
def test_a_defect_of_ours_fails_the_run_and_keeps_the_details_for_support(
    synced: Connection, vendor: SandboxServer, monkeypatch: pytest.MonkeyPatch, defect: type[Exception]
) -> None:
    def broken(**_: object) -> None:
        raise defect("access_token=abcdefghijklmnop")

    monkeypatch.setattr("integrations.sync.runner.roll_statuses", broken)
    run = sync(synced)
    assert (run.status, _code(run)) == ("failed", "integration_error")
    message = "Something went wrong on our side. What was finished is kept; the sync can be started again."
    assert run.errors[0]["message"] == message
    assert defect.__name__ in run.errors[0]["detail"]
    assert "abcdefghijklmnop" not in run.errors[0]["detail"]
