"""What the state machine found, one example each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from access.models import User
from accounting.models import Transaction
from accounting.services import periods, transactions
from core.errors import DomainError
from integrations.models import Conflict, Connection, ProviderRecord, SyncCursor, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import conflicts, undo
from integrations.services import mapping as mapping_services
from integrations.services import records as record_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from properties.models import Unit
from properties.services import create_property
from tests.integrations.sync.conftest import (
    bill_of,
    entry_of,
    found,
    live,
    mapping_of,
    owed,
    rent_of,
    sync,
    work_waiting,
)
from tests.integrations.sync.tables import check_tables
from tests.support.dying import dying_at

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_receipt_that_was_void_when_first_seen_is_imported_once_it_is_not(
    synced: Connection, vendor: SandboxServer
) -> None:
    tenancy = rent_of(vendor)["TenancyId"]
    name = vendor.vendor.edit("add_receipt", tenancy_id=tenancy, amount="321")
    vendor.vendor.edit("void_receipt", record=name)
    sync(synced)
    assert found(synced, "payment", name).reason == "Voided at the provider before it was imported."
    vendor.vendor.edit("patch", resource="receipts", record=name, fields={"IsVoid": False})
    sync(synced)
    assert entry_of(synced, "payment", name).amount == Decimal("321.00")
    assert live(synced) == owed(vendor)


def test_a_receipt_that_turns_out_to_be_a_bond_leaves_the_books_and_comes_back_as_rent(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])

    def retype(name: str) -> ProviderRecord:
        vendor.vendor.edit("patch", resource="receipts", record=rent["Id"], fields={"Type": name})
        sync(synced)
        check_tables(synced)
        return found(synced, "payment", rent["Id"])

    bond = retype("Bond")
    ours.refresh_from_db()
    assert (ours.status, bond.reason) == ("reversed", "This is a Bond, not rent; only rent is income.")
    assert retype("Deposit").verdict == "dismissed"
    assert retype("Rent").verdict == "imported"
    assert live(synced) == owed(vendor)
    retype("Bond")
    record_services.restore_record(record=retype("Deposit"), user=admin_user)
    work_waiting(synced)
    assert retype("Rent").verdict == "imported"
    assert live(synced) == owed(vendor)


def test_a_day_that_does_not_exist_stops_no_later_sync(synced: Connection, vendor: SandboxServer) -> None:
    rent = rent_of(vendor)
    newest = SyncCursor.objects.get(connection=synced, resource="payment").value
    fields = {"TransactionDate": "2026-06-31T00:00:00Z"}
    vendor.vendor.edit("patch", resource="receipts", record=rent["Id"], fields=fields)
    sync(synced)
    assert found(synced, "payment", rent["Id"]).verdict == "rejected"
    assert SyncCursor.objects.get(connection=synced, resource="payment").value == newest
    name = vendor.vendor.edit("add_receipt", amount="77")
    assert sync(synced).status == "completed"
    assert entry_of(synced, "payment", name).amount == Decimal("77.00")


def test_a_dismissal_outlives_a_void_at_the_provider(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    sync(source)
    rent = rent_of(vendor)
    record_services.dismiss_record(record=found(source, "payment", rent["Id"]), user=admin_user)
    vendor.vendor.edit("void_receipt", record=rent["Id"])
    sync(source)
    vendor.vendor.edit("patch", resource="receipts", record=rent["Id"], fields={"IsVoid": False})
    sync(source)
    assert found(source, "payment", rent["Id"]).verdict == "dismissed"


def test_a_unit_is_vacant_once_its_lease_moved_to_another_property(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    mapping = mapping_of(synced, rent["LotId"])
    old = Unit.objects.get(property=mapping.property)
    assert old.status == "occupied"
    home = create_property(organisation=synced.organisation, name="9 Other St")
    mapping_services.map_property(mapping=mapping, property=home, user=admin_user)
    work_waiting(synced)
    moved = SyncRun.objects.filter(connection=synced, sync_type="apply").latest("id")
    old.refresh_from_db()
    assert (old.status, Unit.objects.get(property=home).status) == ("vacant", "occupied")
    undo.undo_run(run=moved, user=admin_user)
    work_waiting(synced)
    old.refresh_from_db()
    assert (old.status, Unit.objects.get(property=home).status) == ("occupied", "vacant")
    check_tables(synced)


def test_tenants_contact_cards_wait_again_once_their_lease_is_undone(synced: Connection, admin_user: User) -> None:
    run = SyncRun.objects.get(connection=synced, sync_type="apply")
    undo.undo_run(run=run, user=admin_user)
    work_waiting(synced)
    cards = ProviderRecord.objects.filter(connection=synced, resource="contact", facts__is_tenant=True)
    assert set(cards.values_list("verdict", "target_id")) == {("unmapped", None)}
    check_tables(synced)


def test_unmapping_is_carried_out_even_when_the_record_vanishes_meanwhile(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    mapping_services.unmap(mapping=mapping_of(synced, rent["LotId"]), user=admin_user)
    vendor.vendor.edit("vanish", resource="receipts", record=rent["Id"])
    # The sync comes before the work that the unmapping queued.
    assert sync(synced, full=True).status == "completed"
    assert found(synced, "payment", rent["Id"]).verdict == "unmapped"
    assert live(synced).keys() & {rent["Id"]} == set()
    check_tables(synced)


def test_deciding_an_old_card_does_not_settle_what_was_read_since(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("100"))
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="300")
    plan = sync_services.queue_preview(connection=synced, user=admin_user)
    run_sync(SyncRun.objects.get(plan=plan).pk)
    conflicts.resolve_conflict(
        conflict=Conflict.objects.get(connection=synced, state="open"), user=admin_user, take_theirs=True
    )
    assert found(synced, "payment", rent["Id"]).verdict == "pending"
    sync(synced)
    assert live(synced) == owed(vendor)


def test_theirs_cannot_be_taken_into_an_entry_that_a_person_reversed(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("100"))
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    card = Conflict.objects.get(connection=synced, state="open")
    transactions.reverse_transaction(transaction=ours, user=admin_user, reason="Not ours")
    with pytest.raises(DomainError, match="reversed meanwhile"):
        conflicts.resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    ours.refresh_from_db()
    assert ours.amount == Decimal("100.00")
    assert conflicts.resolve_conflict(conflict=card, user=admin_user, take_theirs=False).state == "ours"
    check_tables(synced)


def test_a_card_decided_after_unmapping_does_not_keep_the_entry(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    periods.close_books(organisation=synced.organisation, through=ours.occurred_on, user=admin_user)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    card = Conflict.objects.get(connection=synced, state="open")
    periods.reopen_books(organisation=synced.organisation, through=None, user=admin_user)
    mapping_services.unmap(mapping=mapping_of(synced, rent["LotId"]), user=admin_user)
    conflicts.resolve_conflict(conflict=card, user=admin_user, take_theirs=False)
    work_waiting(synced)
    ours.refresh_from_db()
    assert (ours.status, found(synced, "payment", rent["Id"]).verdict) == ("reversed", "unmapped")


def test_an_entry_leaves_with_its_property_although_theirs_moved_into_closed_books(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    periods.close_books(organisation=synced.organisation, through=date(2026, 5, 1), user=admin_user)
    assert ours.occurred_on > date(2026, 5, 1)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], on="2026-04-20")
    sync(synced, full=True)
    mapping_services.unmap(mapping=mapping_of(synced, rent["LotId"]), user=admin_user)
    work_waiting(synced)
    ours.refresh_from_db()
    assert ours.status == "reversed"


def test_a_lost_scheduled_sync_is_retried_as_a_scheduled_one(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    bill = bill_of(vendor)
    mapping_services.set_auto_sync(mapping=mapping_of(synced, bill["LotId"]), user=admin_user, auto_sync=False)
    name = vendor.vendor.edit("add_bill", lot_id=bill["LotId"], amount="12")
    run = sync_services.queue_sync(connection=synced, trigger="schedule")
    with dying_at(40):
        run_sync(run.pk)
    (retry,) = sync_services.recover_lost(now=timezone.now())
    assert run_sync(retry).status == "completed"
    assert found(synced, "bill", name).reason == "Automatic sync is off for its property."
    assert Transaction.objects.filter(provider_transaction_id=name).count() == 0


def test_a_cancelled_sync_is_not_retried_when_its_worker_dies(synced: Connection, admin_user: User) -> None:
    run = sync_services.queue_sync(connection=synced)
    with dying_at(40):
        run_sync(run.pk)
    sync_services.cancel_run(run=run, user=admin_user)
    assert sync_services.recover_lost(now=timezone.now()) == []
    run.refresh_from_db()
    assert run.status == "cancelled"


def test_a_preview_whose_worker_died_too_often_is_marked_as_failed(synced: Connection, admin_user: User) -> None:
    plan = sync_services.queue_preview(connection=synced, user=admin_user)
    for _ in range(3):
        (queued,) = SyncRun.objects.filter(plan=plan, status="queued")
        with dying_at(30):
            run_sync(queued.pk)
        sync_services.recover_lost(now=timezone.now())
    plan.refresh_from_db()
    assert (plan.status, SyncRun.objects.filter(plan=plan, status="queued").count()) == ("failed", 0)


class TestAnInterruptedRead:
    """Rows of the list of receipts that were kept before a read ended early are not read again, but none is skipped."""

    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from tests.support.small_pages import make_pages_small

        make_pages_small(monkeypatch.setattr, rows=20)

    @pytest.fixture(autouse=True)
    def small_step_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("integrations.sync.read.STEP_BACK", 20)

    def _broken_off(self, source: Connection, vendor: SandboxServer, *, full: bool) -> SyncRun:
        """A read that ends with the provider being down after three pages of receipts."""
        fault = vendor.faults.add("not_json", path="/api/v1/dashboards/transactions", skip=3)
        run = sync(source, full=full)
        vendor.faults.clear(fault.id)
        assert run.status == "failed"
        return run

    @pytest.fixture(autouse=True)
    def no_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("integrations.http.BACKOFF_BASE", 0.001)

    def test_it_goes_on_where_it_ended(self, source: Connection, vendor: SandboxServer) -> None:
        self._broken_off(source, vendor, full=False)
        position = SyncCursor.objects.get(connection=source, resource="payment").position
        # Pages are asked for side by side, so that it is not always the fourth that breaks off.
        assert position in (20, 40, 60)
        vendor.requests.clear()
        sync(source)
        offsets = [entry.query for entry in vendor.requests.entries if entry.path.endswith("/transactions")]
        assert f"Offset={position - 20}&" in offsets[0], "one page is read again"
        self._check_all(source, vendor)

    def test_rows_that_vanish_meanwhile_hide_no_others(self, source: Connection, vendor: SandboxServer) -> None:
        self._broken_off(source, vendor, full=False)
        for row in vendor.vendor.records("receipts", limit=5):
            vendor.vendor.edit("vanish", resource="receipts", record=row["Id"])
        sync(source)
        self._check_all(source, vendor)

    def test_a_full_read_begins_anew_and_sees_what_is_gone(self, synced: Connection, vendor: SandboxServer) -> None:
        rent = rent_of(vendor)
        vendor.vendor.edit("vanish", resource="receipts", record=rent["Id"])
        self._broken_off(synced, vendor, full=True)
        sync(synced, full=True)
        assert found(synced, "payment", rent["Id"]).verdict == "missing"

    def test_a_full_read_that_ended_early_moves_no_later_one(self, synced: Connection, vendor: SandboxServer) -> None:
        self._broken_off(synced, vendor, full=True)
        name = vendor.vendor.edit("add_receipt", amount="77")
        sync(synced)
        assert entry_of(synced, "payment", name).amount == Decimal("77.00")

    def test_a_held_read_that_is_let_on_marks_what_is_gone(
        self, synced: Connection, vendor: SandboxServer, admin_user: User
    ) -> None:
        rows = vendor.vendor.records("receipts", limit=10_000)
        for row in rows[: len(rows) // 2]:
            vendor.vendor.edit("vanish", resource="receipts", record=row["Id"])
        held = sync(synced, full=True)
        assert held.status == "held"
        released = run_sync(sync_services.release_held(run=held, user=admin_user).pk)
        assert released.status == "completed"
        gone = ProviderRecord.objects.filter(connection=synced, resource="payment", missing_since__isnull=False)
        assert gone.count() == len(rows) // 2

    def _check_all(self, source: Connection, vendor: SandboxServer) -> None:
        known = set(
            ProviderRecord.objects.filter(connection=source, resource="payment").values_list("provider_id", flat=True)
        )
        assert {row["Id"] for row in vendor.vendor.records("receipts", limit=10_000)} <= known
