"""What can be done upstream, and how it shows in the API."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.sandbox import SandboxServer
from integrations.sandbox.mutations import MUTATIONS
from integrations.sandbox.wire import SandboxError
from tests.integrations.sandbox.client import Client


def rent(client: Client) -> dict[str, Any]:
    return next(row for row in client.receipts() if row["Type"] == "Rent")


def one(rows: list[dict[str, Any]], record: str) -> dict[str, Any]:
    (row,) = [row for row in rows if row["Id"] == record]
    return row


def total(client: Client, tenancy: str) -> float:
    return float(one(client.rows("tenancies/balances"), tenancy)["TotalRentPaid"])


def test_edit_amount_of_a_receipt(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    before = total(client, row["TenancyId"])
    assert server.vendor.edit("edit_receipt", record=row["Id"], amount="123.45", reference="corrected") == row["Id"]
    now = one(client.receipts(), row["Id"])
    assert now["Amount"] == 123.45
    assert now["Reference"] == "corrected"
    assert now["Timestamp"] > row["Timestamp"]
    assert round(before - total(client, row["TenancyId"]), 2) == round(row["Amount"] - 123.45, 2)


def test_edit_date_of_a_receipt_moves_it_in_the_list(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    server.vendor.edit("edit_receipt", record=row["Id"], on="2026-06-15")
    rows = client.receipts()
    assert one(rows, row["Id"])["TransactionDate"] == "2026-06-15T00:00:00Z"
    assert one(rows, row["Id"])["Amount"] == row["Amount"]
    days = [row["TransactionDate"] for row in rows]
    assert days == sorted(days)
    assert one(client.receipts(From="2026-06-15", To="2026-06-15"), row["Id"])
    server.vendor.advance(days=20)
    days = [row["TransactionDate"] for row in client.receipts()]
    assert days == sorted(days)


def test_a_receipt_dated_far_ahead_stays_last(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    server.vendor.edit("edit_receipt", record=row["Id"], on="9999-12-31")
    server.vendor.advance(days=10)
    rows = client.receipts()
    assert rows[-1]["Id"] == row["Id"]
    assert len({row["Id"] for row in rows}) == len(rows)


def test_void_keeps_the_row_and_lowers_the_total_once(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    before = total(client, row["TenancyId"])
    server.vendor.edit("void_receipt", record=row["Id"])
    server.vendor.edit("void_receipt", record=row["Id"])
    assert one(client.receipts(), row["Id"])["IsVoid"] is True
    assert round(before - total(client, row["TenancyId"]), 2) == row["Amount"]


def test_vanished_records_leave_every_list(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    before = total(client, row["TenancyId"])
    server.vendor.edit("vanish", record=row["Id"])
    assert row["Id"] not in [row["Id"] for row in client.receipts()]
    assert round(before - total(client, row["TenancyId"]), 2) == row["Amount"]
    with pytest.raises(SandboxError, match="not listed any more"):
        server.vendor.edit("edit_receipt", record=row["Id"])
    reads = {
        "lots": "lots", "contacts": "contacts", "jobs": "jobtasks", "bills": "bills", "tenancies": "tenancies",
        "balances": "tenancies/balances",
    }  # fmt: skip
    for resource, path in reads.items():
        query = {} if "tenancies" in path else {"Timestamp": 0}
        victim = client.rows(path, **query)[0]["Id"]
        server.vendor.edit("vanish", resource=resource, record=victim)
        assert victim not in [row["Id"] for row in client.rows(path, **query)]
        server.vendor.edit("heal", resource=resource, record=victim)
        assert victim in [row["Id"] for row in client.rows(path, **query)]


def test_duplicates_repeat_an_id(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    count = len(client.receipts())
    server.vendor.edit("duplicate", record=row["Id"])
    rows = client.receipts(page=9)
    assert len(rows) == count + 1
    assert [found for found in rows if found["Id"] == row["Id"]] == [row, row]
    lot = client.rows("lots", Timestamp=0)[0]
    server.vendor.edit("duplicate", resource="lots", record=lot["Id"])
    assert [found["Id"] for found in client.rows("lots", Timestamp=0)].count(lot["Id"]) == 2


def test_bills_are_edited_paid_cancelled_and_entered(client: Client, server: SandboxServer) -> None:
    bill = client.rows("bills", Timestamp=0)[-1]
    server.vendor.edit(
        "edit_bill", record=bill["Id"], amount=110, due="2026-08-01", paid="2026-07-30", detail="Corrected"
    )
    now = one(client.rows("bills", Timestamp=bill["Timestamp"]), bill["Id"])
    assert now["Amount"] == 110.0
    assert now["TaxAmount"] == (10.0 if bill["TaxAmount"] else 0.0)
    assert (now["DueDate"], now["PaidOn"]) == ("2026-08-01T00:00:00Z", "2026-07-30T00:00:00Z")
    assert (now["Status"], now["Detail"]) == ("Paid", "Corrected")
    server.vendor.edit("cancel_bill", record=bill["Id"])
    now = one(client.rows("bills", Timestamp=now["Timestamp"]), bill["Id"])
    assert now["Status"] == "Cancelled"
    assert "PaidOn" not in now
    job = client.rows("jobtasks", Timestamp=0)[0]
    record = server.vendor.edit(
        "add_bill", job_id=job["Id"], amount="55.50", detail="Extra visit", supplier="Ann Other"
    )
    added = one(client.rows("bills", Timestamp=now["Timestamp"]), record)
    assert added["LotId"] == job["LotId"]
    assert added["JobTaskId"] == job["Id"]
    assert (added["Amount"], added["Detail"], added["SupplierReference"]) == (55.5, "Extra visit", "Ann Other")
    assert (added["Status"], added["PaidOn"]) == ("Paid", "2026-06-30T00:00:00Z")
    unpaid = server.vendor.edit("add_bill", paid=False)
    assert one(client.rows("bills", Timestamp=added["Timestamp"]), unpaid)["Status"] == "Unpaid"


def test_receipt_by_hand(client: Client, server: SandboxServer) -> None:
    tenancy = client.rows("tenancies")[0]["Id"]
    before = total(client, tenancy)
    record = server.vendor.edit("add_receipt", tenancy_id=tenancy, amount="77.70", on="2026-06-20")
    row = one(client.receipts(), record)
    assert (row["Amount"], row["TransactionDate"], row["Type"]) == (77.7, "2026-06-20T00:00:00Z", "Rent")
    assert round(total(client, tenancy) - before, 2) == 77.7


def test_archive_and_restore_a_lot(client: Client, server: SandboxServer) -> None:
    lot = next(row for row in client.rows("lots", Timestamp=0) if not row["Vacant"])
    server.vendor.edit("archive_lot", record=lot["Id"])
    assert lot["Id"] not in [row["Id"] for row in client.rows("lots", Timestamp=0)]
    archived = one(client.rows("lots/archived", Offset=0, Limit=10), lot["Id"])
    assert client.rows("lots/archived", Offset=0, Limit=10, ArchivedSince=archived["ArchivedOn"])
    assert client.rows("lots/archived", Offset=0, Limit=10, ArchivedSince="2999-01-01T00:00:00Z") == []
    assert one(client.rows("tenancies", IncludeClosed="true"), lot["ActiveTenancyId"])["IsClosed"] is True
    server.vendor.edit("restore_lot", record=lot["Id"])
    assert one(client.rows("lots", Timestamp=lot["Timestamp"]), lot["Id"])["Vacant"] is True
    assert client.rows("lots/archived", Offset=0, Limit=10) == []


def test_rename_an_address(client: Client, server: SandboxServer) -> None:
    lot = client.rows("lots", Timestamp=0)[0]
    server.vendor.edit("rename_address", record=lot["Id"], unit="3", number="99", street="Other Rd", suburb="Elsewhere")
    now = one(client.rows("lots", Timestamp=lot["Timestamp"]), lot["Id"])
    assert now["AddressText"].startswith("3/99 Other Rd, Elsewhere ")
    assert now["Reference"] == "3/99 Other Rd"
    address = now["Address"]
    assert (address["Unit"], address["Number"], address["Street"]) == ("3", "99", "Other Rd")
    assert address["Suburb"] == "Elsewhere"


def test_end_and_begin_a_tenancy(client: Client, server: SandboxServer) -> None:
    record = server.vendor.edit("end_tenancy")
    ended = one(client.rows("tenancies", IncludeClosed="true"), record)
    assert ended["TenancyEnd"] == "2026-06-30T00:00:00Z"
    assert ended["IsActive"] is False
    with pytest.raises(SandboxError, match="has ended already"):
        server.vendor.edit("end_tenancy", record=record)
    fresh = server.vendor.edit("new_tenancy", lot_id=ended["LotId"])
    begun = one(client.rows("tenancies"), fresh)
    assert begun["LotId"] == ended["LotId"]
    assert begun["TenancyStart"] == "2026-06-30T00:00:00Z"
    lot = one(client.rows("lots", Timestamp=0), ended["LotId"])
    assert lot["ActiveTenancyId"] == fresh
    assert begun["ContactId"] in [row["Id"] for row in client.rows("contacts", Timestamp=0)]
    with pytest.raises(SandboxError, match="Only a vacant lot"):
        server.vendor.edit("new_tenancy", lot_id=ended["LotId"])


def test_change_rent_leaves_the_past_alone(client: Client, server: SandboxServer) -> None:
    tenancy = client.rows("tenancies")[0]["Id"]
    server.vendor.edit("renew_lease", record=tenancy, until="2030-01-31")
    before = [row for row in client.receipts() if row["TenancyId"] == tenancy]
    server.vendor.edit("change_rent", record=tenancy, amount=901)
    assert [row for row in client.receipts() if row["TenancyId"] == tenancy] == before
    assert one(client.rows("tenancies"), tenancy)["RentAmount"] == 901.0
    server.vendor.advance(days=70)
    new = [row for row in client.receipts() if row["TenancyId"] == tenancy and row not in before]
    assert {row["Amount"] for row in new if row["Type"] == "Rent"} == {901.0}


def test_renew_a_lease_and_rename_people(client: Client, server: SandboxServer) -> None:
    tenancy = client.rows("tenancies")[0]
    server.vendor.edit("renew_lease", record=tenancy["Id"], until="2028-03-31")
    assert one(client.rows("tenancies"), tenancy["Id"])["AgreementEnd"] == "2028-03-31T00:00:00Z"
    server.vendor.edit("rename_contact", record=tenancy["ContactId"], first="Zoë", last="Łęcka", company="")
    contact = one(client.rows("contacts", Timestamp=0), tenancy["ContactId"])
    assert contact["PrimaryContactPerson"]["FirstName"] in ("Zoë",)
    assert "Łęcka" in one(client.rows("tenancies"), tenancy["Id"])["Name"]


def test_jobs_are_reported_and_moved_on(client: Client, server: SandboxServer) -> None:
    last = max(row["Timestamp"] for row in client.rows("jobtasks", Timestamp=0))
    bills = max(row["Timestamp"] for row in client.rows("bills", Timestamp=0))
    record = server.vendor.edit("report_job")
    (job,) = client.rows("jobtasks", Timestamp=last)
    assert (job["Id"], job["Status"], "QuoteId" in job) == (record, "Reported", False)
    server.vendor.edit("set_job_status", record=record, status="Approved")
    (job,) = client.rows("jobtasks", Timestamp=job["Timestamp"])
    quote = client.rows(f"jobtasks/{record}/quotations")
    assert (job["Status"], job["QuoteId"]) == ("Approved", quote["Id"])
    server.vendor.edit("set_job_status", record=record, status="Finished")
    (bill,) = client.rows("bills", Timestamp=bills)
    assert bill["JobTaskId"] == record
    server.vendor.edit("set_job_status", record=record, status="Closed")
    assert one(client.rows("jobtasks", Timestamp=0), record)["ClosedOn"] == "2026-06-30T00:00:00Z"
    before = len(client.rows("bills", Timestamp=0))
    server.vendor.advance(days=30)
    assert [row["JobTaskId"] for row in client.rows("bills", Timestamp=0) if row.get("JobTaskId") == record] == [record]
    assert len(client.rows("bills", Timestamp=0)) > before
    with pytest.raises(SandboxError, match="Unknown status"):
        server.vendor.edit("set_job_status", record=record, status="Lost")


def test_quotations_that_do_not_exist_are_404(client: Client, server: SandboxServer) -> None:
    job = server.vendor.edit("report_job")
    assert client.get(f"jobtasks/{job}/quotations").status_code == 404
    assert client.get("jobtasks/nonsense/quotations").status_code == 404


def test_a_new_lot_appears(client: Client, server: SandboxServer) -> None:
    last = max(row["Timestamp"] for row in client.rows("lots", Timestamp=0))
    record = server.vendor.edit("add_lot", number="5", street="Fresh St", unit="2")
    (lot,) = client.rows("lots", Timestamp=last)
    assert (lot["Id"], lot["Reference"], lot["Vacant"]) == (record, "2/5 Fresh St", True)
    server.vendor.advance(days=40)
    assert one(client.rows("lots", Timestamp=0), record)["Vacant"] is False


@pytest.mark.parametrize("mutation", sorted(MUTATIONS))
@pytest.mark.parametrize("resource", ["receipts", "bills", "lots", "balances"])
def test_every_mutation_changes_the_row_until_it_is_healed(server: SandboxServer, mutation: str, resource: str) -> None:
    vendor = server.vendor
    before = vendor.records(resource, limit=3)[-1]
    vendor.edit("mutate", mutation=mutation, resource=resource, record=before["Id"])
    after = vendor.record(resource, before["Id"])
    stamps = {"Timestamp", "UpdatedOn"}
    assert {n: v for n, v in after.items() if n not in stamps} != {n: v for n, v in before.items() if n not in stamps}
    vendor.edit("heal", resource=resource, record=before["Id"])
    healed = vendor.record(resource, before["Id"])
    later = {"Timestamp", "UpdatedOn", "TenancyUpdatedOn"}
    assert {n: v for n, v in healed.items() if n not in later} == {n: v for n, v in before.items() if n not in later}


def test_what_mutations_look_like(client: Client, server: SandboxServer) -> None:
    def mutated(mutation: str, resource: str = "receipts", **more: str) -> dict[str, Any]:
        record = server.vendor.edit("mutate", mutation=mutation, resource=resource, **more)
        return server.vendor.record(resource, record)

    assert mutated("null_money")["Amount"] is None
    assert isinstance(mutated("string_money")["Amount"], str)
    assert mutated("comma_money")["Amount"].startswith("$")
    assert mutated("late_dates")["TransactionDate"].startswith("9999-12-31")
    assert mutated("early_dates", field="PaidOn", resource="bills")["PaidOn"].startswith("0001")
    assert "Amount" not in mutated("missing_fields")
    assert "LotId" not in mutated("missing_fields", field="LotId")
    assert "FutureField" in mutated("unknown_fields")
    assert any(ord(sign) > 0xFFFF for sign in mutated("astral_text", "lots")["Address"]["Street"])
    assert "\u202b" in mutated("rtl_text", "lots")["AddressText"]


def test_patch_sets_and_removes_fields(client: Client, server: SandboxServer) -> None:
    row = rent(client)
    server.vendor.edit("patch", resource="receipts", record=row["Id"], fields={"LotId": "gone"}, remove=["PaidTo"])
    now = one(client.receipts(), row["Id"])
    assert now["LotId"] == "gone"
    assert "PaidTo" not in now


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        ("explode", {}, "Unknown operation"),
        ("void_receipt", {"color": "red"}, "unexpected keyword"),
        ("void_receipt", {"record": "nonsense"}, "No record"),
        ("vanish", {"resource": "moons"}, "Unknown resource"),
        ("edit_receipt", {"amount": "a lot"}, "not an amount"),
        ("edit_receipt", {"on": "someday"}, "not an ISO date"),
        ("mutate", {"mutation": "magic"}, "Unknown mutation"),
        ("change_rent", {"amount": 0}, "more than nothing"),
    ],
)
def test_impossible_wishes_change_nothing(
    server: SandboxServer, operation: str, arguments: dict[str, Any], message: str
) -> None:
    before = server.vendor.records("receipts", limit=5000)
    with pytest.raises(SandboxError, match=message):
        server.vendor.edit(operation, **arguments)
    assert server.vendor.records("receipts", limit=5000) == before
    assert server.vendor.agency.version == 0


def test_agencies_live_apart(server: SandboxServer) -> None:
    with Client(server) as first, Client(server) as second:
        first.granted(0)
        second.granted(1)
        mine, theirs = first.receipts(), second.receipts()
        assert {row["Id"] for row in mine}.isdisjoint(row["Id"] for row in theirs)
        server.vendor.edit("void_receipt", agency=1)
        server.vendor.agencies[1].advance(days=3)
        assert first.receipts() == mine
        assert second.receipts() != theirs
        assert first.rows("contacts/agency") != second.rows("contacts/agency")
