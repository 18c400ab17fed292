"""A person acts in the very moment in which a sync works the same records: nothing is lost, and the person wins."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from access.models import User
from accounting.models import Transaction
from accounting.services import periods, transactions
from integrations.models import Conflict, Connection
from integrations.sandbox import SandboxServer
from integrations.services import conflicts
from integrations.services import mapping as mapping_services
from integrations.services import records as record_services
from integrations.services import sync as sync_services
from maintenance.models import WorkOrder
from maintenance.services.work_orders import edit_work_order
from properties.services import create_property
from tenancies.models import Lease
from tenancies.services.leases import edit_lease
from tests.integrations.sync.conftest import entry_of, found, live, mapping_of, owed, rent_of, sync, work_waiting
from tests.integrations.sync.oracle import check_books, from_mirror
from tests.integrations.sync.tables import check_tables
from tests.support.paused import PausedSync

pytestmark = pytest.mark.django_db(transaction=True)


def _writes_mirror(sql: str) -> bool:
    return "INSERT INTO integrations_providerrecord AS r" in sql


def _writes_books(sql: str) -> bool:
    return sql.lstrip().startswith("UPDATE accounting_transaction t SET updated_at = now(), occurred_on")


def _announces(sql: str) -> bool:
    """The statement that begins a resource: of the first one, before anything is planned."""
    return sql.startswith('UPDATE "integrations_syncrun" SET "stage"')


class _WritesReceipts:
    """The statement that writes the mirror once receipts were planned."""

    planned = False

    def __call__(self, sql: str) -> bool:
        self.planned = self.planned or "is_baseline" in sql
        return self.planned and _writes_mirror(sql)


def test_a_property_mapped_while_its_receipts_are_written_gets_all_of_them(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    run = sync_services.queue_sync(connection=source)
    # The receipts are planned already, as those of a property that is not mapped.
    paused = PausedSync(run.pk, _WritesReceipts())
    lot = rent_of(vendor)["LotId"]
    home = create_property(organisation=source.organisation, name="1 Own St")
    paused.meanwhile(
        lambda: mapping_services.map_property(mapping=mapping_of(source, lot), property=home, user=admin_user)
    )
    work_waiting(source)
    check_tables(source)
    books = from_mirror(source)
    assert len(books.standing()) > 5
    check_books(source, books)


def test_a_property_unmapped_while_it_is_read_keeps_nothing(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    lot = rent_of(vendor)["LotId"]
    vendor.vendor.advance(days=20)
    paused = PausedSync(sync_services.queue_sync(connection=synced).pk, _WritesReceipts())
    paused.meanwhile(lambda: mapping_services.unmap(mapping=mapping_of(synced, lot), user=admin_user))
    work_waiting(synced)
    check_tables(synced)
    check_books(synced, from_mirror(synced))


def test_a_dismissal_in_the_midst_of_an_update_stays(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    sync(source)
    rent = rent_of(vendor)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="5")
    paused = PausedSync(sync_services.queue_sync(connection=source).pk, _WritesReceipts())
    record = found(source, "payment", rent["Id"])
    paused.meanwhile(lambda: record_services.dismiss_record(record=record, user=admin_user))
    assert found(source, "payment", rent["Id"]).verdict == "dismissed"


def test_an_edit_in_the_midst_of_an_update_is_not_overwritten(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="5")
    paused = PausedSync(sync_services.queue_sync(connection=synced).pk, _writes_books)
    paused.meanwhile(lambda: transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("77")))
    ours.refresh_from_db()
    assert (ours.amount, ours.edited_by) == (Decimal("77.00"), admin_user)
    # The provider changes it once more: now a person decides.
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="6")
    sync(synced)
    assert Conflict.objects.get(connection=synced, state="open").changes == {"amount": ["77.00", "6.00"]}


def test_a_lease_edited_in_the_midst_of_its_update_keeps_the_edit(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    lease = Lease.objects.get(connection_id=synced.pk, provider_id=rent["TenancyId"])
    vendor.vendor.edit("change_rent", record=rent["TenancyId"], amount="500")
    run = sync_services.queue_sync(connection=synced)
    paused = PausedSync(run.pk, lambda sql: sql.startswith('UPDATE "tenancies_lease"'))
    paused.meanwhile(lambda: edit_lease(lease=lease, user=admin_user, rent_amount=Decimal("444")))
    lease.refresh_from_db()
    assert (lease.rent_amount, lease.edited_fields) == (Decimal("444.00"), ["rent_amount"])


def test_a_work_order_edited_in_the_midst_of_its_update_keeps_the_edit(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    order = WorkOrder.objects.filter(connection_id=synced.pk).exclude(status="cancelled").latest("opened_at")
    vendor.vendor.edit("set_job_status", record=order.provider_id, status="Rejected")
    run = sync_services.queue_sync(connection=synced)
    paused = PausedSync(run.pk, lambda sql: sql.startswith('UPDATE "maintenance_workorder"'))
    paused.meanwhile(lambda: edit_work_order(work_order=order, status="done"))
    order.refresh_from_db()
    assert (order.status, order.edited_fields) == ("done", ["status"])


def test_an_export_in_the_midst_of_an_update_has_one_amount(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="5")
    paused = PausedSync(sync_services.queue_sync(connection=synced).pk, _writes_books)
    exported: list[Decimal] = []

    def export() -> None:
        transactions.mark_exported(organisation=synced.organisation, user=admin_user, ids=[ours.pk])
        exported.append(Transaction.objects.get(pk=ours.pk).amount)

    paused.meanwhile(export)
    ours.refresh_from_db()
    assert [ours.amount] == exported


def test_a_card_decided_while_its_record_changes_again_is_not_lost(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("100"))
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    card = Conflict.objects.get(connection=synced, state="open")
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="300")
    paused = PausedSync(sync_services.queue_sync(connection=synced).pk, _WritesReceipts())
    paused.meanwhile(lambda: conflicts.resolve_conflict(conflict=card, user=admin_user, take_theirs=True))
    sync(synced)
    assert live(synced) == owed(vendor)


def test_books_closed_while_a_sync_runs_are_closed_to_it(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    name = vendor.vendor.edit("add_receipt", amount="9", on="2026-06-10")
    # The run has begun, with books that were open.
    paused = PausedSync(sync_services.queue_sync(connection=synced).pk, _announces)
    paused.meanwhile(
        lambda: periods.close_books(organisation=synced.organisation, through=date(2026, 6, 15), user=admin_user)
    )
    assert found(synced, "payment", name).verdict == "conflict"
    assert not Transaction.objects.filter(provider_transaction_id=name).exists()
