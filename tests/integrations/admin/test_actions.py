from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from access.models import Organisation, User
from accounting.models import Transaction
from communications.models import Notification
from integrations.models import Conflict, Connection, ProviderRecord, SyncRun
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import ConflictFactory, ConnectionFactory, ProviderRecordFactory, SyncRunFactory


def do(client: Client, name: str, *records: Model) -> str:
    """Answers the question of an action with yes, and gives the page that follows."""
    options = records[0]._meta
    url = f"/admin/{options.app_label}/{options.model_name}/staff-action/{name}/"
    asked = client.get(url, {"id": [str(record.pk) for record in records]})
    assert asked.status_code == 200
    return client.post(url, {"id": [str(record.pk) for record in records]}, follow=True).content.decode()


@pytest.fixture
def connection(organisation: Organisation) -> Connection:
    return ConnectionFactory(organisation=organisation)


@pytest.mark.parametrize(
    ("name", "kind", "full"),
    [("sync", SyncRun.Type.MANUAL, False), ("sync-fully", SyncRun.Type.FULL, True)],
)
def test_a_sync_is_queued(
    client_staff: Client, staff_user: User, connection: Connection, name: str, kind: str, full: bool
) -> None:
    do(client_staff, name, connection)
    run = SyncRun.objects.get()
    assert (run.connection, run.sync_type, run.full, run.requested_by) == (connection, kind, full, staff_user)
    assert (run.status, run.organisation) == (SyncRun.Status.QUEUED, connection.organisation)


def test_a_sync_under_way_refuses_another(client_staff: Client, connection: Connection) -> None:
    SyncRunFactory(organisation=connection.organisation, connection=connection, status=SyncRun.Status.RUNNING)
    assert "is already under way" in do(client_staff, "sync", connection)
    assert SyncRun.objects.count() == 1


def test_admins_are_asked_to_sign_in_again(client_staff: Client, admin_user: User, connection: Connection) -> None:
    do(client_staff, "ask-to-sign-in", connection)
    connection.refresh_from_db()
    assert connection.status == Connection.Status.EXPIRED
    notice = Notification.objects.get()
    assert (notice.user, notice.email_state) == (admin_user, Notification.EmailState.DUE)


def run_in(connection: Connection, status: str) -> SyncRun:
    return SyncRunFactory(organisation=connection.organisation, connection=connection, status=status)


def test_a_queued_run_is_cancelled_at_once_and_a_running_one_is_asked_to_stop(
    client_staff: Client, connection: Connection
) -> None:
    queued, running = run_in(connection, SyncRun.Status.QUEUED), run_in(connection, SyncRun.Status.RUNNING)
    do(client_staff, "cancel", queued, running)
    queued.refresh_from_db()
    running.refresh_from_db()
    assert queued.status == SyncRun.Status.CANCELLED
    assert (running.status, running.cancel_requested) == (SyncRun.Status.RUNNING, True)


def test_a_held_run_goes_on_as_a_forced_full_sync(client_staff: Client, connection: Connection) -> None:
    held = run_in(connection, SyncRun.Status.HELD)
    do(client_staff, "release", held)
    held.refresh_from_db()
    new = SyncRun.objects.exclude(pk=held.pk).get()
    assert held.status == SyncRun.Status.CANCELLED
    assert (new.full, new.force, new.status) == (True, True, SyncRun.Status.QUEUED)


def test_a_held_run_is_dropped(client_staff: Client, connection: Connection) -> None:
    held = run_in(connection, SyncRun.Status.HELD)
    do(client_staff, "discard", held)
    assert list(SyncRun.objects.values_list("status", flat=True)) == [SyncRun.Status.CANCELLED]


def record_of(connection: Connection, verdict: str, **values: Any) -> ProviderRecord:
    """A remote record that could be read."""
    values.setdefault("facts", {"amount": "640.00"})
    return ProviderRecordFactory(organisation=connection.organisation, connection=connection, verdict=verdict, **values)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("retry", "rejected", "pending"),
        ("dismiss", "unmapped", "dismissed"),
        ("restore", "dismissed", "pending"),
        ("dismiss", "imported", "imported"),
    ],
)
def test_remote_records_are_decided(
    client_staff: Client, staff_user: User, connection: Connection, name: str, before: str, after: str
) -> None:
    record = record_of(connection, before)
    page = do(client_staff, name, record)
    record.refresh_from_db()
    assert record.verdict == after
    assert ("This record is in the books." in page) is (before == "imported")


def test_a_record_that_still_cannot_be_read_says_why(client_staff: Client, connection: Connection) -> None:
    record = record_of(connection, "rejected", facts=None, payload={"Id": "payment-1", "Type": "Rent"})
    page = do(client_staff, "retry", record)
    record.refresh_from_db()
    assert record.verdict == "rejected"
    assert record.reason in unescape(page)
    assert SyncRun.objects.count() == 0


def conflict_over(connection: Connection) -> Conflict:
    entry = TransactionFactory(organisation=connection.organisation, amount=Decimal("640.00"))
    record = record_of(connection, "conflict")
    return ConflictFactory(
        organisation=connection.organisation, connection=connection, record=record, target_id=entry.pk
    )


@pytest.mark.parametrize(
    ("name", "state", "amount"),
    [
        ("keep-ours", Conflict.State.KEPT_OURS, Decimal("640.00")),
        ("take-theirs", Conflict.State.TOOK_THEIRS, Decimal("650.00")),
    ],
)
def test_a_conflict_is_decided(
    client_staff: Client, staff_user: User, connection: Connection, name: str, state: str, amount: Decimal
) -> None:
    conflict = conflict_over(connection)
    do(client_staff, name, conflict)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.decided_by) == (state, staff_user)
    entry = Transaction.objects.get(pk=conflict.target_id)
    assert entry.amount == amount


def test_no_page_of_the_desk_contains_a_token(client_staff: Client, connection: Connection) -> None:
    run_in(connection, SyncRun.Status.FAILED)
    record_of(connection, "unmapped")
    pages = [
        f"/admin/integrations/connection/{connection.pk}/change/",
        f"/admin/integrations/connection/{connection.pk}/history/",
        "/admin/integrations/connection/",
        f"/admin/integrations/connection/staff-action/sync/?id={connection.pk}",
        "/admin/integrations/syncrun/",
        "/admin/integrations/providerrecord/",
    ]
    answers = [client_staff.get(page) for page in pages]
    assert [answer.status_code for answer in answers] == [200] * len(pages)
    text = "".join(answer.content.decode() for answer in answers)
    assert connection.account_name in text
    assert "secret-access-token" not in text
    assert "secret-refresh-token" not in text
