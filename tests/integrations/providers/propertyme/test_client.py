from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from integrations.contracts import AdapterContext, Received
from integrations.errors import ContractChanged, IntegrationError, RateLimited, RecordRejected, TransientError
from integrations.http import HttpClient
from integrations.providers.propertyme.client import PropertyMeAdapter
from integrations.records import Account, BillRecord, JobRecord, Page, ReadRequest, Resource, TenancyRecord
from integrations.sandbox import SandboxServer
from integrations.wire import Limits

ZONE = "Australia/Sydney"
TRANSACTIONS = "/api/v1/dashboards/transactions"
EVERYTHING = ReadRequest(full=True)
Row = dict[str, Any]


class Agency:
    """A sandbox agency and an adapter that reads it."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.token = str(server.grant()["access_token"])
        self.received: dict[str, Received] = {}
        self.waits: list[float] = []
        self.http = HttpClient(
            server.api_url,
            token=self._renew,
            sleep=self.waits.append,
            limits=Limits(connect=2, read=1, total=3, max_body=8 * 1024 * 1024),
        )

    def _renew(self, rejected: str | None) -> str:
        if rejected:
            self.token = str(self.server.grant()["access_token"])
        return self.token

    def adapter(self, mode: str = "line") -> PropertyMeAdapter:
        return PropertyMeAdapter(
            AdapterContext(
                http=self.http,
                base_url=self.http.base_url,
                time_zone=ZONE,
                ledger_mode=mode,
                received=lambda: dict(self.received),
            )
        )

    def all(self, resource: str) -> list[Row]:
        found: list[Row] = []
        while page := self.server.vendor.records(resource, offset=len(found), limit=500):
            found += page
        return found

    def land(self, pages: Iterable[Page]) -> list[Row]:
        """Keep derived receipts as the mirror would, by id, and return what was new or changed."""
        rows = rows_in(pages)
        for row in rows:
            before = self.received.get(row["TenancyId"], Received(Decimal(0), 0))
            self.received[row["TenancyId"]] = Received(before.total + Decimal(row["Amount"]), before.rows + 1)
        return rows


@pytest.fixture
def agency() -> Iterator[Agency]:
    with SandboxServer(lots=30, years=1.2, seed=11) as server:
        made = Agency(server)
        with made.http:
            yield made


def rows_in(pages: Iterable[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def ids(rows: Iterable[Row]) -> list[str]:
    return [row["Id"] for row in rows]


def failure(pages: Iterator[Page]) -> IntegrationError:
    with pytest.raises(IntegrationError) as found:
        rows_in(pages)
    return found.value


def test_the_account_is_the_id_that_all_records_carry(agency: Agency) -> None:
    first = agency.server.vendor.agencies[0]
    assert agency.adapter().account() == Account(account_id=first.id, name=first.name)


def test_an_agency_without_tenants_is_known_by_its_reference() -> None:
    with SandboxServer(lots=1, years=0.01, seed=1, agencies=1) as server:
        server.faults.add("empty_list", "/api/v1/contacts/tenants")
        agency = Agency(server)
        with agency.http:
            assert agency.adapter().account().account_id == server.vendor.agency.code


def test_an_account_in_another_shape_is_a_changed_contract(agency: Agency) -> None:
    agency.server.faults.add("empty_list", "/api/v1/contacts/agency")
    with pytest.raises(ContractChanged):
        agency.adapter().account()


class TestLedgerMode:
    def test_lists_mean_line_by_line(self, agency: Agency) -> None:
        assert agency.adapter("unknown").probe_ledger_mode() == "line"
        assert agency.server.requests.counts == {TRANSACTIONS: 1, "/api/v1/bills": 1}

    def test_404_and_405_mean_derived(self, agency: Agency) -> None:
        agency.server.vendor.ledger = "derived"
        assert agency.adapter("unknown").probe_ledger_mode() == "derived"

    @pytest.mark.parametrize("path", [TRANSACTIONS, "/api/v1/bills"])
    @pytest.mark.parametrize("status", [400, 403, 404, 405, 501, 502])
    def test_one_refusal_is_enough(self, agency: Agency, path: str, status: int) -> None:
        agency.server.faults.add("server_error", path, status=status)
        assert agency.adapter("unknown").probe_ledger_mode() == "derived"

    def test_an_outage_is_no_answer(self, agency: Agency) -> None:
        agency.server.faults.add("server_error", status=503)
        with pytest.raises(TransientError):
            agency.adapter("unknown").probe_ledger_mode()

    def test_an_adapter_that_was_not_told_asks_once(self, agency: Agency) -> None:
        adapter = agency.adapter("unknown")
        rows_in(adapter.rent_payments(EVERYTHING))
        rows_in(adapter.bills(EVERYTHING))
        assert agency.server.requests.counts["/api/v1/bills"] == 2


class TestProperties:
    def test_all_lots_archived_ones_too(self, agency: Agency) -> None:
        gone = agency.server.vendor.edit("archive_lot")
        pages = list(agency.adapter().properties(EVERYTHING))
        rows = rows_in(pages)
        assert sorted(ids(rows)) == sorted(ids(agency.all("lots")))
        assert [row["Id"] for row in rows if row["IsArchived"]] == [gone]
        assert {page.is_sweep for page in pages} == {True}
        assert {page.cursor for page in pages} == {str(max(row.get("Timestamp", 0) for row in rows))}
        assert not any("KeyNumber" in row for row in rows)

    def test_changes_only(self, agency: Agency) -> None:
        adapter = agency.adapter()
        cursor = list(adapter.properties(EVERYTHING))[-1].cursor
        assert int(cursor) > 2**53
        quiet = list(adapter.properties(ReadRequest(cursor=cursor)))
        assert (rows_in(quiet), {page.cursor for page in quiet}, {page.is_sweep for page in quiet}) == (
            [],
            {cursor},
            {False},
        )
        changed = agency.server.vendor.edit("rename_address")
        pages = list(adapter.properties(ReadRequest(cursor=cursor)))
        assert ids(rows_in(pages)) == [changed]
        assert int(pages[-1].cursor) > int(cursor)

    def test_long_answers_come_in_pages_that_know_the_whole(
        self, agency: Agency, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("integrations.providers.propertyme.jobs.CHUNK", 12)
        pages = list(agency.adapter().properties(EVERYTHING))
        assert [(len(page.rows), page.expected) for page in pages] == [(12, 30), (12, 30), (6, 30)]

    def test_an_empty_answer_is_one_empty_page(self, agency: Agency) -> None:
        agency.server.faults.add("empty_list")
        assert [page.rows for page in agency.adapter().properties(EVERYTHING)] == [[]]


class TestContacts:
    def test_everybody_once(self, agency: Agency) -> None:
        rows = rows_in(agency.adapter().contacts(EVERYTHING))
        assert sorted(ids(rows)) == sorted(ids(agency.all("contacts")))

    def test_the_tenants_list_marks_and_completes(self, agency: Agency) -> None:
        everybody = agency.all("contacts")
        tenants = [row["Id"] for row in everybody if row["IsTenant"]]
        agency.server.vendor.edit("patch", resource="contacts", record=tenants[0], fields={"IsTenant": False})
        agency.server.faults.add("mutate_rows", "/api/v1/contacts", mutation="drop_rows", count=len(everybody) - 1)
        found = {row["Id"]: row["IsTenant"] for row in rows_in(agency.adapter().contacts(EVERYTHING))}
        assert {record for record, is_tenant in found.items() if is_tenant} == set(tenants)

    def test_changes_only_ask_for_tenants_when_a_change_needs_it(self, agency: Agency) -> None:
        adapter = agency.adapter()
        cursor = list(adapter.contacts(EVERYTHING))[-1].cursor
        agency.server.requests.clear()
        assert rows_in(adapter.contacts(ReadRequest(cursor=cursor))) == []
        assert agency.server.requests.count("/api/v1/contacts/tenants") == 0
        tenant = next(row["Id"] for row in agency.all("contacts") if row["IsTenant"])
        agency.server.vendor.edit("rename_contact", record=tenant, last="Renamed")
        assert ids(rows_in(adapter.contacts(ReadRequest(cursor=cursor)))) == [tenant]


class TestTenancies:
    def test_each_lease_carries_its_balance(self, agency: Agency) -> None:
        adapter = agency.adapter()
        pages = list(adapter.tenancies(ReadRequest(cursor="ignored")))
        assert {page.is_sweep for page in pages} == {True}
        rows = {row["Id"]: row for row in rows_in(pages)}
        balances = {row["Id"]: row for row in agency.all("balances")}
        assert rows.keys() == balances.keys()
        for record, row in rows.items():
            assert row["Balance"]["TotalRentPaid"] == balances[record]["TotalRentPaid"]
            lease = adapter.normalise(Resource.TENANCY, row)
            assert isinstance(lease, TenancyRecord)
            assert lease.arrears_amount == Decimal(str(balances[record]["RentArrears"])).quantize(Decimal("0.01"))

    def test_a_lease_without_a_balance_is_kept(self, agency: Agency) -> None:
        agency.server.faults.add("empty_list", "/api/v1/tenancies/balances")
        rows = rows_in(agency.adapter().tenancies(EVERYTHING))
        assert len(rows) == len(agency.all("tenancies"))
        assert not any("Balance" in row for row in rows)


class TestJobs:
    def test_accepted_quotations_are_joined_and_no_others_asked_for(self, agency: Agency) -> None:
        adapter = agency.adapter()
        rows = rows_in(adapter.maintenance_jobs(EVERYTHING))
        quoted = [row for row in rows if row.get("QuoteId")]
        assert len(quoted) > 3
        assert all(row["Quotation"]["Id"] == row["QuoteId"] for row in quoted)
        assert sum(agency.server.requests.counts.values()) == 1 + len(quoted)
        for row in rows:
            job = adapter.normalise(Resource.JOB, row)
            assert isinstance(job, JobRecord)
            assert (job.quoted_amount is not None) is ("QuoteId" in row)

    def test_a_quotation_that_is_gone_leaves_the_job(self, agency: Agency) -> None:
        agency.server.faults.add("server_error", "*/quotations", status=404, times=1)
        rows = rows_in(agency.adapter().maintenance_jobs(EVERYTHING))
        assert sum("Quotation" not in row for row in rows if row.get("QuoteId")) <= 1

    def test_a_quotation_that_fails_is_asked_again(self, agency: Agency) -> None:
        agency.server.faults.add("server_error", "*/quotations", status=500, times=3)
        rows = rows_in(agency.adapter().maintenance_jobs(EVERYTHING))
        assert all("Quotation" in row for row in rows if row.get("QuoteId"))


class TestReceiptsLineByLine:
    def test_all_of_them_in_order(self, agency: Agency) -> None:
        everything = agency.all("receipts")
        assert len(everything) > 1000
        pages = list(agency.adapter().rent_payments(EVERYTHING))
        assert ids(rows_in(pages)) == ids(everything)
        assert [page.position for page in pages] == [500, 1000, len(everything)]
        assert {page.is_sweep for page in pages} == {True}
        assert pages[-1].cursor == max(row["TransactionDate"] for row in everything)[:10]

    def test_an_interrupted_read_goes_on_where_it_was(self, agency: Agency) -> None:
        adapter, everything = agency.adapter(), agency.all("receipts")
        pages = adapter.rent_payments(EVERYTHING)
        first = next(pages)
        pages.close()  # type: ignore[attr-defined]
        rest = rows_in(adapter.rent_payments(ReadRequest(full=True, position=first.position)))
        assert ids(first.rows + rest) == ids(everything)

    def test_changes_only_read_five_weeks_again(self, agency: Agency) -> None:
        adapter = agency.adapter()
        cursor = list(adapter.rent_payments(EVERYTHING))[-1].cursor
        agency.server.requests.clear()
        pages = list(adapter.rent_payments(ReadRequest(cursor=cursor)))
        days = sorted(row["TransactionDate"][:10] for row in rows_in(pages))
        assert {page.is_sweep for page in pages} == {False}
        assert (days[0] >= "2026-05-26", days[-1]) == (True, cursor)
        assert {"From=2026-05-26" in entry.query for entry in agency.server.requests.entries} == {True}
        late = agency.server.vendor.edit("add_receipt", on="2026-05-27")
        assert late in ids(rows_in(adapter.rent_payments(ReadRequest(cursor=cursor))))

    def test_a_quiet_agency_keeps_its_cursor(self, agency: Agency) -> None:
        agency.server.faults.add("empty_list", TRANSACTIONS)
        pages = list(agency.adapter().rent_payments(ReadRequest(cursor="2026-06-30")))
        assert [(page.rows, page.cursor) for page in pages] == [([], "2026-06-30")]

    def test_a_receipt_in_the_far_future_does_not_move_the_cursor_beyond_today(self, agency: Agency) -> None:
        agency.server.vendor.edit("add_receipt", on="2090-01-01")
        cursor = list(agency.adapter().rent_payments(EVERYTHING))[-1].cursor
        assert cursor < "2090"

    @pytest.mark.parametrize(
        "fault",
        [
            ("overlap_pages", {"rows": 3}), ("overlap_pages", {"rows": 3, "times": 1}), ("repeat_page", {"times": 1}),
            ("stuck_page", {"times": 1}), ("unauthorized", {"times": 1, "skip": 1}), ("rate_limited", {"times": 2}),
            ("reset_mid_body", {"times": 2}), ("truncated_json", {"times": 2, "skip": 1}), ("html_error", {"times": 2}),
            ("empty_body", {"times": 2}),
        ],
        ids=lambda fault: f"{fault[0]}-{fault[1]}",
    )  # fmt: skip
    def test_faults_lose_nothing(self, agency: Agency, fault: tuple[str, dict[str, Any]]) -> None:
        kind, params = fault
        everything = agency.all("receipts")
        agency.server.faults.add(kind, TRANSACTIONS, **params)
        found = ids(rows_in(agency.adapter().rent_payments(EVERYTHING)))
        assert set(found) == set(ids(everything))
        assert len(found) <= len(everything) + 6

    @pytest.mark.parametrize(
        ("kind", "params", "error"),
        [
            ("repeat_page", {}, ContractChanged), ("stuck_page", {}, ContractChanged),
            ("oversized", {"megabytes": 9}, ContractChanged), ("rate_limited", {}, RateLimited),
            ("timeout", {"seconds": 5, "skip": 1}, TransientError), ("not_json", {}, TransientError),
        ],
    )  # fmt: skip
    def test_lasting_faults_end_the_read(
        self, agency: Agency, kind: str, params: dict[str, Any], error: type[IntegrationError]
    ) -> None:
        agency.server.faults.add(kind, TRANSACTIONS, **params)
        assert type(failure(agency.adapter().rent_payments(EVERYTHING))) is error

    def test_odd_rows_are_read_and_refused_one_by_one(self, agency: Agency) -> None:
        adapter = agency.adapter()
        for mutation in ("null_money", "junk_money", "early_dates", "late_dates", "impossible_dates"):
            agency.server.faults.clear()
            agency.server.faults.add("mutate_rows", TRANSACTIONS, mutation=mutation, count=1, times=1)
            page = next(iter(adapter.rent_payments(EVERYTHING)))
            with pytest.raises(RecordRejected):
                adapter.normalise(Resource.PAYMENT, page.rows[0])
        for mutation in ("string_money", "comma_money", "unknown_fields"):
            agency.server.faults.clear()
            agency.server.faults.add("mutate_rows", TRANSACTIONS, mutation=mutation, count=None, times=1)
            page = next(iter(adapter.rent_payments(EVERYTHING)))
            rent = [row for row in page.rows if row["Type"] == "Rent"]
            plain = {row["Id"]: row for row in agency.all("receipts")}
            for row in rent:
                assert adapter.normalise(Resource.PAYMENT, row) == adapter.normalise(Resource.PAYMENT, plain[row["Id"]])


class TestBillsLineByLine:
    def test_all_then_changes(self, agency: Agency) -> None:
        adapter, everything = agency.adapter(), agency.all("bills")
        pages = list(adapter.bills(EVERYTHING))
        assert sorted(ids(rows_in(pages))) == sorted(ids(everything))
        cursor = pages[-1].cursor
        assert rows_in(adapter.bills(ReadRequest(cursor=cursor))) == []
        cancelled = agency.server.vendor.edit("cancel_bill")
        (row,) = rows_in(adapter.bills(ReadRequest(cursor=cursor)))
        bill = adapter.normalise(Resource.BILL, row)
        assert isinstance(bill, BillRecord)
        assert (bill.provider_id, bill.is_void) == (cancelled, True)

    def test_a_list_in_another_shape_stops_the_read(self, agency: Agency) -> None:
        agency.server.faults.add("server_error", "/api/v1/bills", status=200)
        assert type(failure(agency.adapter().bills(EVERYTHING))) is ContractChanged


class TestDerivedReceipts:
    def test_the_first_sight_is_a_baseline_and_a_rise_is_a_receipt(self, agency: Agency) -> None:
        adapter = agency.adapter("derived")
        totals = {row["Id"]: Decimal(str(row["TotalRentPaid"])) for row in agency.all("balances")}
        first = agency.land(adapter.rent_payments(EVERYTHING))
        assert {row["TenancyId"]: Decimal(row["Amount"]) for row in first} == totals
        assert {(row["Derived"], row["Baseline"]) for row in first} == {(True, True)}
        assert agency.land(adapter.rent_payments(EVERYTHING)) == []
        lease = next(row for row in agency.all("tenancies") if row["IsActive"])
        agency.server.vendor.edit("add_receipt", tenancy_id=lease["Id"], amount="123.45")
        (row,) = agency.land(adapter.rent_payments(EVERYTHING))
        record = adapter.normalise(Resource.PAYMENT, row)
        total = totals[lease["Id"]] + Decimal("123.45")
        assert record.provider_id == f"{lease['Id']}~{total:.2f}~1"
        assert (row["Amount"], row["Baseline"], row["LotId"]) == ("123.45", False, lease["LotId"])

    def test_a_fall_is_a_negative_row_and_rising_again_is_a_row_of_its_own(self, agency: Agency) -> None:
        adapter = agency.adapter("derived")
        agency.land(adapter.rent_payments(EVERYTHING))
        lease = next(row["Id"] for row in agency.all("tenancies") if row["IsActive"])
        amounts, seen = [], set()
        for _ in range(3):
            receipt = agency.server.vendor.edit("add_receipt", tenancy_id=lease, amount="200")
            rise = agency.land(adapter.rent_payments(EVERYTHING))
            agency.server.vendor.edit("void_receipt", record=receipt)
            fall = agency.land(adapter.rent_payments(EVERYTHING))
            amounts += [row["Amount"] for row in rise + fall]
            seen |= set(ids(rise + fall))
        assert amounts == ["200.00", "-200.00"] * 3
        assert len(seen) == 6

    def test_a_read_that_was_not_kept_makes_the_same_rows_again(self, agency: Agency) -> None:
        adapter = agency.adapter("derived")
        assert rows_in(adapter.rent_payments(EVERYTHING)) == rows_in(adapter.rent_payments(EVERYTHING))

    def test_a_total_that_is_missing_or_no_number_tells_nothing(self, agency: Agency) -> None:
        adapter = agency.adapter("derived")
        agency.land(adapter.rent_payments(EVERYTHING))
        for mutation in ("null_money", "junk_money", "string_money"):
            agency.server.faults.clear()
            agency.server.faults.add("mutate_rows", "/api/v1/tenancies/balances", mutation=mutation, count=None)
            assert rows_in(adapter.rent_payments(EVERYTHING)) == []


class TestDerivedBills:
    def test_one_bill_for_each_finished_job_with_an_accepted_quotation(self, agency: Agency) -> None:
        adapter = agency.adapter("derived")
        rows = rows_in(adapter.bills(EVERYTHING))
        done = {
            row["Id"]: row
            for row in agency.all("jobs")
            if row["Status"] in ("Finished", "Closed", "Completed") and row.get("QuoteId")
        }
        assert len(done) > 2
        assert {row["Id"] for row in rows} == {f"job~{job}~{row['QuoteId']}" for job, row in done.items()}
        for row in rows:
            bill = adapter.normalise(Resource.BILL, row)
            assert isinstance(bill, BillRecord)
            assert bill.is_derived
            assert bill.amount == Decimal(str(row["Amount"])).quantize(Decimal("0.01"))
            assert done[bill.job_ref]["LotId"] == bill.property_ref

    def test_a_job_that_finishes_becomes_a_bill_once(self, agency: Agency) -> None:
        adapter = agency.adapter("derived")
        cursor = list(adapter.bills(EVERYTHING))[-1].cursor
        job = next(row for row in agency.all("jobs") if row.get("QuoteId") and row["Status"] == "Closed")
        agency.server.vendor.edit("set_job_status", record=job["Id"], status="Completed")
        (row,) = rows_in(adapter.bills(ReadRequest(cursor=cursor)))
        assert row["Id"] == f"job~{job['Id']}~{job['QuoteId']}"


def test_a_row_that_breaks_the_mapping_is_refused_and_not_a_crash(agency: Agency) -> None:
    odd: Row = {"Id": "1", "LotId": "2", "Type": [], "Amount": {}, "TransactionDate": []}
    with pytest.raises(RecordRejected) as found:
        agency.adapter().normalise(Resource.PAYMENT, odd)
    assert found.value.safe_message == "PropertyMe sent this record in a form that cannot be read."
