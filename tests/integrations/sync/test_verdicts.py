"""Every remote record has one verdict with a reason, and only the right ones reach the books."""

from __future__ import annotations

from decimal import Decimal

import pytest

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, ProviderRecord
from integrations.sandbox import SandboxServer
from integrations.sandbox.mutations import ASTRAL, RTL
from integrations.services import mapping as mapping_services
from integrations.services import records as record_services
from tests.integrations.sync.conftest import (
    connect,
    entry_of,
    found,
    live,
    map_all,
    mapping_of,
    owed,
    rent_of,
    sync,
    work_waiting,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_imported_records_are_what_the_vendor_lists(synced: Connection, vendor: SandboxServer) -> None:
    assert live(synced) == owed(vendor)
    assert set(ProviderRecord.objects.filter(connection=synced).values_list("verdict", "reason")) == {
        ("imported", ""),
        ("imported", "A supplier: named on the bills and jobs that we import."),
        ("dismissed", "Voided at the provider before it was imported."),
        ("dismissed", "This is a Bond, not rent; only rent is income."),
    }
    rent = rent_of(vendor)
    line = entry_of(synced, "payment", rent["Id"])
    assert (line.kind, line.category.code, line.status) == ("income", "rental_income", "confirmed")
    assert not line.is_derived
    assert line.category_reason == "Rent received, as PropertyMe records it."
    assert line.lease is not None
    assert line.lease.provider_id == rent["TenancyId"]
    job_bill = next(row for row in vendor.vendor.records("bills", limit=1000) if row.get("JobTaskId"))
    repair = entry_of(synced, "bill", job_bill["Id"])
    assert (repair.kind, repair.category.code, repair.job_ref) == (
        "expense",
        "repairs_and_maintenance",
        job_bill["JobTaskId"],
    )


def test_unmapped_ignored_and_unlisted_properties_say_so(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    vendor.vendor.edit("patch", resource="receipts", record=rent["Id"], fields={"LotId": "nowhere"})
    sync(source)
    assert found(source, "payment", rent["Id"]).reason == "It names a property that the provider has not listed."
    other = rent_of(vendor, 1)
    waiting = found(source, "payment", other["Id"])
    assert (waiting.verdict, waiting.reason) == ("unmapped", "Its property is not mapped yet.")
    mapping_services.ignore_mapping(mapping=mapping_of(source, other["LotId"]), user=admin_user)
    work_waiting(source)
    waiting.refresh_from_db()
    assert (waiting.verdict, waiting.reason) == ("unmapped", "You chose to ignore this property.")
    assert Transaction.objects.count() == 0


def test_a_dismissed_record_stays_out_until_its_mapping_changes(
    source: Connection, vendor: SandboxServer, admin_user: User, organisation: Organisation
) -> None:
    sync(source)
    rent = rent_of(vendor)
    record = found(source, "payment", rent["Id"])
    record_services.dismiss_record(record=record, user=admin_user, reason="Paid into the wrong account.")
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="612.34")
    sync(source)
    sync(source, full=True)
    record.refresh_from_db()
    assert (record.verdict, record.reason) == ("dismissed", "Paid into the wrong account.")
    assert (record.amount, record.target_id) == (Decimal("612.34"), None)
    map_all(source, admin_user)
    assert entry_of(source, "payment", rent["Id"]).amount == Decimal("612.34")
    assert live(source) == owed(vendor)


def test_a_dismissed_record_can_be_restored(synced: Connection, vendor: SandboxServer, admin_user: User) -> None:
    new = vendor.vendor.edit("add_receipt", amount="77")
    mapping = mapping_of(synced, vendor.vendor.record("receipts", new)["LotId"])
    mapping_services.set_auto_sync(mapping=mapping, user=admin_user, auto_sync=False)
    sync(synced, trigger="schedule")
    record = found(synced, "payment", new)
    record_services.dismiss_record(record=record, user=admin_user)
    record.refresh_from_db()
    assert (record.verdict, record.reason) == ("dismissed", f"Dismissed by {admin_user}.")
    record_services.restore_record(record=record, user=admin_user)
    work_waiting(synced)
    assert entry_of(synced, "payment", new).amount == Decimal("77.00")


def test_a_vanished_record_that_was_dismissed_comes_back_dismissed(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    sync(source)
    rent = rent_of(vendor)
    record_services.dismiss_record(record=found(source, "payment", rent["Id"]), user=admin_user, reason="Not ours.")
    map_first = mapping_of(source, rent["LotId"])
    vendor.vendor.edit("vanish", resource="receipts", record=rent["Id"])
    sync(source, full=True)
    gone = found(source, "payment", rent["Id"])
    assert gone.missing_since is not None
    assert (gone.verdict, gone.reason) == ("dismissed", "Not ours.")
    vendor.vendor.edit("heal", resource="receipts", record=rent["Id"])
    sync(source, full=True)
    back = found(source, "payment", rent["Id"])
    assert (back.missing_since, back.verdict, back.reason) == (None, "dismissed", "Not ours.")
    assert map_first.state == "unmapped"


def test_with_automatic_sync_off_a_schedule_waits_and_a_person_imports(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    mapping_services.set_auto_sync(mapping=mapping_of(synced, rent["LotId"]), user=admin_user, auto_sync=False)
    new = vendor.vendor.edit("add_receipt", tenancy_id=rent["TenancyId"], amount="310")
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="9")
    run = sync(synced, trigger="schedule")
    waiting = found(synced, "payment", new)
    assert (waiting.verdict, waiting.reason) == ("pending", "Automatic sync is off for its property.")
    assert run.transactions_created == 0
    assert entry_of(synced, "payment", rent["Id"]).amount == Decimal("9.00")
    run = sync(synced, user=admin_user)
    assert (run.transactions_created, run.totals["income"]) == (1, "310.00")
    assert live(synced) == owed(vendor)


_WRONG = [
    ("null_money", "", "PropertyMe sent no amount for this record."),
    ("junk_money", "", "The amount 'n/a' is not a number."),
    ("missing_fields", "Amount", "PropertyMe sent no amount for this record."),
    ("missing_fields", "TransactionDate", "PropertyMe sent no date for this record."),
    ("missing_fields", "LotId", "PropertyMe sent this receipt without a property."),
    ("early_dates", "TransactionDate", "The date '0001-01-01T00:00:00Z' lies outside the years 1990 to 2100."),
    ("late_dates", "TransactionDate", "The date '9999-12-31T23:59:59.9999999Z' lies outside the years 1990 to 2100."),
    ("impossible_dates", "TransactionDate", "The date '2026-02-31T00:00:00Z' is not a date."),
]


def test_unusable_records_are_rejected_with_their_reason_and_healed_ones_come_in(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rows = [rent_of(vendor, place) for place in range(len(_WRONG))]
    for row, (mutation, field, _) in zip(rows, _WRONG, strict=True):
        vendor.vendor.edit("mutate", mutation=mutation, resource="receipts", record=row["Id"], field=field)
    run = sync(source)
    map_all(source, admin_user)
    assert (run.status, run.counts["payment"]["failed"]) == ("completed", len(_WRONG))
    for row, (_, _, reason) in zip(rows, _WRONG, strict=True):
        record = found(source, "payment", row["Id"])
        assert (record.verdict, record.reason, record.target_id) == ("rejected", reason, None)
    for row in rows:
        vendor.vendor.edit("heal", resource="receipts", record=row["Id"])
    sync(source, full=True)
    assert live(source) == owed(vendor)


def test_a_rejected_record_that_is_tried_again_is_rejected_again_and_harms_no_other(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    new = vendor.vendor.edit("add_receipt", tenancy_id=rent["TenancyId"], amount="50")
    vendor.vendor.edit("mutate", mutation="null_money", resource="receipts", record=new)
    sync(synced)
    record = found(synced, "payment", new)
    record_services.retry_record(record=record, user=admin_user)
    work_waiting(synced)
    record.refresh_from_db()
    assert (record.verdict, record.reason) == ("rejected", "PropertyMe sent no amount for this record.")
    assert synced.runs.order_by("id").last().status == "completed"
    mapping_services.unmap(mapping=mapping_of(synced, rent["LotId"]), user=admin_user)
    map_all(synced, admin_user)
    assert set(synced.runs.values_list("status", flat=True)) == {"completed"}
    record.refresh_from_db()
    assert record.verdict == "rejected"


def test_odd_forms_that_can_be_read_are_read(source: Connection, vendor: SandboxServer, admin_user: User) -> None:
    before = owed(vendor)
    odd = {"string_money": 0, "comma_money": 1, "unknown_fields": 2}
    for mutation, place in odd.items():
        vendor.vendor.edit("mutate", mutation=mutation, resource="receipts", record=rent_of(vendor, place)["Id"])
    lots = [row["Id"] for row in vendor.vendor.records("lots")]
    vendor.vendor.edit("mutate", mutation="astral_text", resource="lots", record=lots[0])
    vendor.vendor.edit("mutate", mutation="rtl_text", resource="lots", record=lots[1])
    text = 'Tab\there, "quotes", back\\slash \\u0000 and \\N'
    vendor.vendor.edit("patch", resource="receipts", record=rent_of(vendor, 3)["Id"], fields={"Reference": text})
    run = sync(source)
    map_all(source, admin_user)
    assert (run.status, run.counts["property"].get("failed", 0)) == ("completed", 0)
    assert live(source) == before
    assert ASTRAL in mapping_of(source, lots[0]).property.street
    assert RTL in mapping_of(source, lots[1]).provider_property_address
    assert entry_of(source, "payment", rent_of(vendor, 3)["Id"]).reference == text
    assert found(source, "payment", rent_of(vendor, 2)["Id"]).payload["FutureField"]["Nested"] == [1, "two", None]


def test_an_id_that_is_listed_twice_counts_once(source: Connection, vendor: SandboxServer, admin_user: User) -> None:
    rent, lot = rent_of(vendor), vendor.vendor.records("lots")[0]["Id"]
    before = owed(vendor)
    vendor.vendor.edit("duplicate", resource="receipts", record=rent["Id"])
    vendor.vendor.edit("duplicate", resource="lots", record=lot)
    run = sync(source)
    map_all(source, admin_user)
    assert run.counts["property"]["seen"] == 9
    assert source.mappings.count() == 8
    assert live(source) == before
    # Two payments of one amount on one day are two payments: ids decide, never amount and date.
    twin = vendor.vendor.edit("add_receipt", tenancy_id=rent["TenancyId"], amount="20", on="2026-06-29")
    other = vendor.vendor.edit("add_receipt", tenancy_id=rent["TenancyId"], amount="20", on="2026-06-29")
    sync(source)
    assert {twin, other} <= set(live(source))


def test_a_record_without_an_id_is_rejected_and_kept_once(source: Connection, vendor: SandboxServer) -> None:
    vendor.faults.add("mutate_rows", path="/api/v1/bills", mutation="missing_fields", field="Id", count=2)
    sync(source)
    sync(source, full=True)
    lost = ProviderRecord.objects.filter(connection=source, resource="bill", provider_id__startswith="no-id-")
    assert lost.count() == 2
    reason = "The provider sent this record without an id, so it cannot be followed."
    assert set(lost.values_list("verdict", "reason")) == {("rejected", reason)}


def test_a_vanished_record_is_flagged_and_its_entry_kept(synced: Connection, vendor: SandboxServer) -> None:
    rent = rent_of(vendor)
    before = live(synced)
    vendor.vendor.edit("vanish", resource="receipts", record=rent["Id"])
    run = sync(synced)
    assert found(synced, "payment", rent["Id"]).missing_since is None
    run = sync(synced, full=True)
    record = found(synced, "payment", rent["Id"])
    assert (run.status, run.counts["payment"]["missing"]) == ("completed", 1)
    assert (record.verdict, record.reason) == ("missing", "The provider no longer lists it. What it became is kept.")
    assert record.missing_since is not None
    assert live(synced) == before
    vendor.vendor.edit("heal", resource="receipts", record=rent["Id"])
    sync(synced, full=True)
    record.refresh_from_db()
    assert (record.verdict, record.reason, record.missing_since) == ("imported", "", None)
    assert live(synced) == owed(vendor) == before


def test_a_derived_ledger_starts_at_a_baseline_and_labels_what_it_derives(
    vendor: SandboxServer, organisation: Organisation, admin_user: User
) -> None:
    source = connect(vendor, organisation, admin_user, mode="derived")
    sync(source)
    map_all(source, admin_user)
    start = ProviderRecord.objects.filter(connection=source, resource="payment")
    assert set(start.values_list("verdict", "reason")) == {
        ("dismissed", "Paid before PropertyTracker was connected: where the derived ledger starts.")
    }
    assert not Transaction.objects.filter(kind="income").exists()
    jobs = Transaction.objects.filter(kind="expense")
    assert set(jobs.values_list("is_derived", "category__code")) <= {(True, "repairs_and_maintenance")}
    tenancy = next(row["Id"] for row in vendor.vendor.records("tenancies") if not row["IsClosed"])
    vendor.vendor.edit("add_receipt", tenancy_id=tenancy, amount="480.50")
    sync(source)
    rise = Transaction.objects.get(kind="income")
    assert (rise.amount, rise.is_derived, rise.lease.provider_id) == (Decimal("480.50"), True, tenancy)
    added = [row for row in vendor.vendor.records("receipts", limit=10_000) if row["TenancyId"] == tenancy][-1]
    vendor.vendor.edit("void_receipt", record=added["Id"])
    sync(source)
    fall = Transaction.objects.filter(kind="income").exclude(pk=rise.pk).get()
    assert (fall.amount, fall.is_derived) == (Decimal("-480.50"), True)
    vendor.vendor.edit("add_receipt", tenancy_id=tenancy, amount="480.50")
    sync(source)
    assert sync(source).transactions_created == 0
    assert sum(row.amount for row in Transaction.objects.filter(kind="income")) == Decimal("480.50")
