"""Undoing a run: what the confirm page says is what happens, by reversing entries, and once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from access.models import User
from accounting.models import Transaction
from accounting.services import periods, transactions
from core.errors import DomainError
from integrations.models import Connection, ProviderRecord, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.services.undo import UndoPreview, preview_undo, reverse_everything, undo_run
from integrations.sync.runner import run_sync
from maintenance.models import WorkOrder
from maintenance.services import work_orders
from properties.models import Unit
from tenancies.models import Lease, Tenant
from tenancies.services import leases
from tests.integrations.sync.conftest import (
    balance,
    entry_of,
    found,
    live,
    mapping_of,
    owed,
    rent_of,
    sync,
    work_waiting,
)

pytestmark = pytest.mark.django_db(transaction=True)


def _import_run(source: Connection) -> SyncRun:
    """The run that brought the whole history in."""
    return source.runs.filter(transactions_created__gt=0).order_by("id")[0]


def _undo(run: SyncRun, user: User) -> tuple[UndoPreview, SyncRun]:
    preview = preview_undo(run=run)
    undo = run_sync(undo_run(run=run, user=user).pk)
    undo.refresh_from_db()
    assert (undo.status, undo.errors) == ("completed", [])
    return preview, undo


def _others(undo: SyncRun, what: str) -> int:
    """How many leases, people and jobs an undo put back, or left."""
    return sum(counts.get(what, 0) for name, counts in undo.counts.items() if name != "transaction")


def _remap_all(source: Connection, user: User) -> None:
    for mapping in source.mappings.all():
        if mapping.property is not None:
            mapping_services.map_property(mapping=mapping, property=mapping.property, user=user, unit=mapping.unit)
    work_waiting(source)


def test_the_whole_import_is_undone_and_can_be_made_again(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    before, units = owed(vendor), list(Unit.objects.order_by("id").values_list("status", flat=True))
    run = _import_run(synced)
    preview, undo = _undo(run, admin_user)
    income = sum(line[1] for line in before.values() if line[0] == "income")
    expense = sum(line[1] for line in before.values() if line[0] == "expense")
    assert (preview.reversed.rows, preview.reversed.income, preview.reversed.expense) == (len(before), income, expense)
    assert (preview.kept.rows, preview.blocked.rows) == (0, 0)
    assert (live(synced), balance(synced)) == ({}, {"income": 0, "expense": 0})
    assert undo.counts["transaction"]["updated"] == len(before)
    assert preview.changes["reversed"] == _others(undo, "updated")
    assert (Lease.objects.count(), Tenant.objects.count(), WorkOrder.objects.count()) == (0, 0, 0)
    assert set(Unit.objects.values_list("status", flat=True)) == {"vacant"}
    money = ProviderRecord.objects.filter(connection=synced, resource__in=["payment", "bill"], amount__isnull=False)
    assert set(money.exclude(is_void=True).values_list("verdict", "reason")) == {
        ("dismissed", "Its import was undone.")
    }
    # Dismissed means dismissed: no sync brings it back by itself.
    sync(synced, full=True)
    assert live(synced) == {}
    with pytest.raises(DomainError) as refused:
        undo_run(run=run, user=admin_user)
    assert refused.value.code == "undone"
    with pytest.raises(DomainError) as refused:
        undo_run(run=undo, user=admin_user)
    assert refused.value.code == "not_finished"
    _remap_all(synced, admin_user)
    assert live(synced) == before
    assert list(Unit.objects.order_by("id").values_list("status", flat=True)) == units
    again = Transaction.objects.filter(connection_id=synced.pk, status="confirmed")
    assert {row.provider_transaction_id[-2:] for row in again} == {"~2"}
    assert balance(synced) == {"income": income, "expense": expense}


def test_edited_rows_are_kept_and_exported_and_closed_ones_are_blocked(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    run = _import_run(synced)
    rents = [entry_of(synced, "payment", rent_of(vendor, place)["Id"]) for place in range(3)]
    transactions.edit_transaction(transaction=rents[0], user=admin_user, amount=Decimal("12.34"))
    transactions.mark_exported(organisation=synced.organisation, ids=[rents[1].pk], user=admin_user)
    first = Transaction.objects.order_by("occurred_on", "id")[0]
    periods.close_books(organisation=synced.organisation, through=first.occurred_on, user=admin_user)
    closed = set(Transaction.objects.filter(occurred_on=first.occurred_on).values_list("pk", flat=True))
    order = WorkOrder.objects.order_by("id").first()
    assert order is not None
    work_orders.edit_work_order(work_order=order, title="Looked at by hand")
    lease = Lease.objects.exclude(transactions__in=[row.pk for row in rents[:2]]).order_by("id")[0]
    leases.edit_lease(lease=lease, user=admin_user, tenant_names="By hand")
    before = Transaction.objects.filter(status="confirmed").count()
    preview = preview_undo(run=run)
    rows = {bucket: {row.pk for row in preview.rows(bucket)} for bucket in ("reversed", "kept", "blocked")}
    assert (rows["kept"], preview.kept.rows, preview.kept.income) == ({rents[0].pk}, 1, Decimal("12.34"))
    assert rows["blocked"] == closed | {rents[1].pk}
    assert preview.blocked.rows == len(rows["blocked"])
    assert preview.reversed.rows == len(rows["reversed"]) == before - len(closed) - 2
    undo = run_sync(undo_run(run=run, user=admin_user).pk)
    undo.refresh_from_db()
    standing = Transaction.objects.filter(status="confirmed")
    assert set(standing.values_list("pk", flat=True)) == rows["kept"] | rows["blocked"]
    assert set(Transaction.objects.filter(status="reversed").values_list("pk", flat=True)) == rows["reversed"]
    sums = {"income": Decimal(0), "expense": Decimal(0)}
    for row in standing:
        sums[row.kind] += row.amount
    assert balance(synced) == sums
    # Edited ones stay, and so does a lease under which money stays.
    assert WorkOrder.objects.get().pk == order.pk
    with_money = set(standing.exclude(lease=None).values_list("lease_id", flat=True))
    assert set(Lease.objects.values_list("pk", flat=True)) == with_money | {lease.pk}
    assert preview.changes == {"reversed": _others(undo, "updated"), "kept": _others(undo, "skipped"), "blocked": 0}
    assert undo.counts["transaction"]["updated"] == preview.reversed.rows


def test_what_a_run_changed_is_changed_back(synced: Connection, vendor: SandboxServer, admin_user: User) -> None:
    before = owed(vendor)
    edited, voided, moved, touched = (rent_of(vendor, place) for place in range(4))
    tenancy = edited["TenancyId"]
    lease = Lease.objects.get(provider_id=tenancy)
    tenant = lease.tenants.get()
    rent, name = lease.rent_amount, tenant.name
    vendor.vendor.edit("edit_receipt", record=edited["Id"], amount="3", reference="Wrong")
    vendor.vendor.edit("void_receipt", record=voided["Id"])
    vendor.vendor.edit("edit_receipt", record=moved["Id"], on="2026-06-01")
    vendor.vendor.edit("edit_receipt", record=touched["Id"], amount="4")
    vendor.vendor.edit("change_rent", record=tenancy, amount="999")
    vendor.vendor.edit("patch", resource="contacts", record=tenant.provider_id, fields={"NameText": "Zoë Novak"})
    new = vendor.vendor.edit("add_receipt", tenancy_id=tenancy, amount="70")
    run = sync(synced)
    ours = entry_of(synced, "payment", touched["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("5"))
    lines = entry_of(synced, "payment", edited["Id"])
    preview, undo = _undo(run, admin_user)
    # Two updates, a void, the lease and its tenant go back; the edited one is a person's now; the new one is reversed.
    assert preview.changes == {"reversed": 5, "kept": 1, "blocked": 0}
    assert preview.reversed.rows == 1
    assert undo.counts["transaction"] == {"updated": 4, "skipped": 1}
    expected = {**before, touched["Id"]: ("income", Decimal("5.00"), ours.occurred_on)}
    assert live(synced) == expected
    assert new not in live(synced)
    lines.refresh_from_db()
    lease.refresh_from_db()
    tenant.refresh_from_db()
    assert (lines.amount, lines.reference) == (Decimal(str(edited["Amount"])), edited["Reference"])
    assert [row.reason for row in lines.revisions.order_by("id")] == [
        "Changed in PropertyMe.",
        "A sync run was undone.",
    ]
    assert (lease.rent_amount, tenant.name) == (rent, name)
    assert entry_of(synced, "payment", voided["Id"]).provider_transaction_id == f"{voided['Id']}~2"
    record = found(synced, "payment", edited["Id"])
    assert (record.verdict, record.reason) == ("dismissed", "A change to it was undone; ours stays as it was.")
    sync(synced, full=True)
    assert live(synced) == expected
    _remap_all(synced, admin_user)
    mapped_again = owed(vendor)
    mapped_again[touched["Id"]] = expected[touched["Id"]]
    assert live(synced) == mapped_again


def test_a_change_that_was_changed_again_later_is_kept(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="3")
    first = sync(synced)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="4")
    sync(synced)
    preview, undo = _undo(first, admin_user)
    assert preview.changes == {"reversed": 0, "kept": 1, "blocked": 0}
    assert undo.counts["transaction"]["skipped"] == 1
    assert live(synced) == owed(vendor)


def test_an_undo_that_came_to_nothing_can_be_asked_for_again(synced: Connection, admin_user: User) -> None:
    run = _import_run(synced)
    cancelled = undo_run(run=run, user=admin_user)
    with pytest.raises(DomainError):
        undo_run(run=run, user=admin_user)
    sync_services.cancel_run(run=cancelled, user=admin_user)
    _undo(run, admin_user)
    assert live(synced) == {}


def test_unfinished_runs_and_previews_cannot_be_undone(synced: Connection, admin_user: User) -> None:
    queued = sync_services.queue_sync(connection=synced)
    with pytest.raises(DomainError) as refused:
        undo_run(run=queued, user=admin_user)
    assert refused.value.code == "not_finished"
    run_sync(queued.pk)
    plan = sync_services.queue_preview(connection=synced, user=admin_user)
    run = run_sync(SyncRun.objects.get(plan=plan).pk)
    with pytest.raises(DomainError) as refused:
        undo_run(run=run, user=admin_user)
    assert refused.value.code == "not_finished"


def test_unmapping_and_taking_everything_back_spare_what_a_person_touched(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("9"))
    mapping = mapping_of(synced, rent["LotId"])
    home = mapping.property
    mapping_services.unmap(mapping=mapping, user=admin_user)
    work_waiting(synced)
    left = Transaction.objects.filter(property=home, status="confirmed")
    assert list(left) == [ours]
    reason = "Its property is no longer mapped, but the entry was edited by a person, so it stays."
    assert found(synced, "payment", rent["Id"]).reason == reason
    others = Transaction.objects.filter(status="confirmed").exclude(property=home)
    assert others.exists()
    reverse_everything(connection=synced, user=admin_user)
    work_waiting(synced)
    assert list(live(synced)) == [rent["Id"]]
    assert not synced.mappings.filter(state="mapped").exists()
    assert not Lease.objects.exclude(transactions=ours).exists()
    assert balance(synced)["income"] == Decimal("9.00")
