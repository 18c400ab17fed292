"""A run that would do something drastic is held until a person has looked at it."""

from __future__ import annotations

import pytest

from access.models import User
from core.errors import DomainError
from integrations.errors import RunHeld
from integrations.models import Connection, ProviderRecord, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import sync as sync_services
from integrations.sync.guard import check_sweep
from integrations.sync.runner import run_sync
from tests.integrations.sync.conftest import live, owed, rent_of, sync

pytestmark = pytest.mark.django_db(transaction=True)
RECEIPTS = "/api/v1/dashboards/transactions"


def _missing(source: Connection, resource: str) -> int:
    return ProviderRecord.objects.filter(connection=source, resource=resource, missing_since__isnull=False).count()


def _release(run: SyncRun, user: User) -> SyncRun:
    done = run_sync(sync_services.release_held(run=run, user=user).pk)
    done.refresh_from_db()
    run.refresh_from_db()
    return done


@pytest.mark.parametrize(
    ("path", "resource"),
    [(RECEIPTS, "payment"), ("/api/v1/bills", "bill"), ("/api/v1/jobtasks", "job"), ("/api/v1/tenancies", "tenancy")],
)
def test_an_empty_answer_where_many_records_were_holds_a_full_sync(
    synced: Connection, vendor: SandboxServer, admin_user: User, path: str, resource: str
) -> None:
    before = live(synced)
    known = ProviderRecord.objects.filter(connection=synced, resource=resource).count()
    vendor.faults.add("empty_list", path=path)
    run = sync(synced, full=True)
    reason = f"PropertyMe answered with no {resource} records at all, where {known} were known. Nothing was changed."
    assert (run.status, run.held_reason[: len(reason)]) == ("held", reason)
    assert (run.errors, _missing(synced, resource), live(synced)) == ([], 0, before)
    vendor.faults.clear()
    again = sync(synced, full=True)
    assert (again.status, _missing(synced, resource)) == ("completed", 0)
    assert live(synced) == owed(vendor)


def test_a_released_run_marks_what_is_gone_and_keeps_the_books(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    before = live(synced)
    payments = ProviderRecord.objects.filter(connection=synced, resource="payment")
    known = payments.count()
    gone = known // 5 + 1
    for _ in range(gone):
        vendor.vendor.edit("vanish", resource="receipts", record=rent_of(vendor)["Id"])
    run = sync(synced, full=True)
    assert run.status == "held"
    assert run.held_reason.startswith(f"{gone} of {known} payment records are no longer listed by PropertyMe.")
    assert (_missing(synced, "payment"), live(synced)) == (0, before)
    done = _release(run, admin_user)
    assert (done.status, done.full, done.force, done.requested_by) == ("completed", True, True, admin_user)
    assert (done.counts["payment"]["missing"], _missing(synced, "payment")) == (gone, gone)
    assert run.status == "cancelled"
    assert live(synced) == before
    with pytest.raises(DomainError) as refused:
        sync_services.release_held(run=run, user=admin_user)
    assert refused.value.code == "not_held"


def test_a_fifth_gone_is_marked_without_asking(synced: Connection, vendor: SandboxServer) -> None:
    known = ProviderRecord.objects.filter(connection=synced, resource="payment").count()
    for _ in range(known // 5):
        vendor.vendor.edit("vanish", resource="receipts", record=rent_of(vendor)["Id"])
    run = sync(synced, full=True)
    assert (run.status, run.counts["payment"]["missing"]) == ("completed", known // 5)


def test_a_discarded_hold_leaves_everything_and_is_asked_again(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    vendor.faults.add("empty_list", path=RECEIPTS)
    run = sync(synced, full=True)
    sync_services.discard_held(run=run, user=admin_user)
    run.refresh_from_db()
    assert (run.status, _missing(synced, "payment")) == ("cancelled", 0)
    assert sync(synced, full=True).status == "held"
    # Reading changes only, an empty answer is nothing unusual.
    assert sync(synced).status == "completed"


def test_a_preview_is_held_too(synced: Connection, vendor: SandboxServer, admin_user: User) -> None:
    vendor.faults.add("empty_list", path="/api/v1/tenancies")
    plan = sync_services.queue_preview(connection=synced, user=admin_user)
    run = run_sync(SyncRun.objects.get(plan=plan).pk)
    run.refresh_from_db()
    plan.refresh_from_db()
    assert (run.status, plan.status) == ("held", "failed")
    assert plan.error.startswith("PropertyMe answered with no tenancy records at all")


def test_a_held_connection_that_was_lost_is_not_released(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    vendor.faults.add("empty_list", path="/api/v1/tenancies")
    run = sync(synced)
    Connection.objects.filter(pk=synced.pk).update(status="revoked")
    with pytest.raises(DomainError) as refused:
        sync_services.release_held(run=run, user=admin_user)
    assert refused.value.code == "not_connected"
    run.refresh_from_db()
    assert run.status == "held"


@pytest.mark.parametrize(
    ("known", "seen", "missing", "held"),
    [
        (0, 0, 0, False),
        (1, 0, 1, True),
        (4, 3, 1, False),
        (4, 1, 3, False),
        (5, 4, 1, False),
        (5, 3, 2, True),
        (100, 80, 20, False),
        (100, 79, 21, True),
    ],
)
def test_few_records_may_go_one_by_one(known: int, seen: int, missing: int, held: bool) -> None:
    def check() -> None:
        check_sweep(label="PropertyMe", resource="bill", known=known, seen=seen, missing=missing)

    if held:
        with pytest.raises(RunHeld):
            check()
    else:
        check()
