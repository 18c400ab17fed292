"""Rent payment by payment from the Reports API, whose numbers are matched with the database API's ids."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from integrations.errors import ContractChanged, RateLimited, ReauthRequired, RecordRejected
from integrations.providers.appfolio.reports import Reports
from integrations.records import PaymentRecord, ReadRequest, Resource
from tests.integrations.providers.appfolio.database import EVERYTHING, LEDGER, Database, Row, records_of, rows_of
from tests.integrations.providers.appfolio.subject import KEYS, REPORTS, open_http


def paid(database: Database) -> Counter[tuple[str, str, str]]:
    """What was received for rent, from the vendor's own books."""
    return Counter(
        (occupancy, line["date"], f"{Decimal(line['cents']) / 100:.2f}")
        for occupancy, lines in database.vendor.world.payments.items()
        for line in lines
        if "Deposit" not in line["description"]
    )


def read(database: Database, request: ReadRequest = EVERYTHING) -> Counter[tuple[str, str, str]]:
    records = records_of(database.adapter(), Resource.PAYMENT, database.adapter().rent_payments(request))
    found: Counter[tuple[str, str, str]] = Counter()
    for record in records:
        assert isinstance(record, PaymentRecord)
        found[(record.tenancy_ref, record.occurred_on.isoformat(), str(record.amount))] += 1
    return found


def test_every_payment_is_matched_with_its_tenancy(database: Database) -> None:
    assert read(database) == paid(database)
    units = {row["OccupancyId"]: row["UnitId"] for row in database.vendor.rows("tenants")}
    for row in rows_of(database.adapter().rent_payments(EVERYTHING)):
        assert row["LotId"] == units[row["TenancyId"]]


def test_equal_payments_of_a_day_are_apart_and_keep_their_ids(database: Database) -> None:
    occupancy = database.vendor.edit("pay", amount="10", on="2026-06-20", told="Payment A")
    database.vendor.edit("pay", occupancy=occupancy, amount="10", on="2026-06-20", told="Payment B")
    number = database.vendor.world.numbers[occupancy]
    wanted = {f"{number}~2026-06-20~10.00~1", f"{number}~2026-06-20~10.00~2"}
    for request in (EVERYTHING, ReadRequest(cursor="2026-06-21")):
        assert wanted <= {row["Id"] for row in rows_of(database.adapter().rent_payments(request))}


def test_a_payment_taken_back_is_negative_and_its_fee_is_no_payment(database: Database) -> None:
    before = read(database)
    occupancy = database.vendor.edit("pay", amount="-300", on="2026-06-25", told="NSF: payment reversed")
    database.vendor.edit("pay", occupancy=occupancy, amount="-35", on="2026-06-25", told="NSF fee")
    assert read(database) - before == Counter({(occupancy, "2026-06-25", "-300.00"): 1})


def test_changes_are_read_from_35_days_before_the_newest_payment(database: Database) -> None:
    last = list(database.adapter().rent_payments(EVERYTHING))[-1]
    assert last.cursor == max(line["date"] for lines in database.vendor.world.payments.values() for line in lines)
    database.vendor.edit("pay", amount="1.11", on="2026-05-30")
    database.vendor.edit("pay", amount="2.22", on="2026-03-01")
    amounts = {amount for _, _, amount in read(database, ReadRequest(cursor=last.cursor))}
    assert ("1.11" in amounts, "2.22" in amounts) == (True, False)


def test_tenancies_that_ended_before_are_not_asked_for(database: Database) -> None:
    database.server.requests.clear()
    read(database)
    everything = database.server.requests.count(LEDGER)
    database.server.requests.clear()
    read(database, ReadRequest(cursor="2026-06-25"))
    gone = {row["OccupancyId"] for row in database.vendor.rows("tenants") if row["Status"] == "Past"}
    assert len(gone) > 0
    assert database.server.requests.count(LEDGER) == everything - len(gone)


def test_without_an_integration_id_names_and_the_day_of_moving_in_match(database: Database) -> None:
    database.vendor.reports.unlinked = {row["Id"] for row in database.vendor.rows("tenants")}
    assert read(database) == paid(database)


def test_what_cannot_be_matched_is_refused_and_says_so(database: Database) -> None:
    tenants = database.vendor.rows("tenants")
    lost = [row for row in tenants if row["OccupancyId"] == tenants[0]["OccupancyId"]]
    database.vendor.reports.unlinked = {row["Id"] for row in lost}
    for row in lost:
        database.vendor.edit("change", table="tenants", record=row["Id"], MoveInOn=None)
    assert tenants[0]["OccupancyId"] not in {occupancy for occupancy, _, _ in read(database)}
    adapter = database.adapter()
    strangers = [
        row for row in rows_of(adapter.rent_payments(EVERYTHING)) if not row["TenancyId"] and not row["Deposit"]
    ]
    assert len(strangers) == sum(count for key, count in paid(database).items() if key[0] == tenants[0]["OccupancyId"])
    with pytest.raises(RecordRejected, match="could not be matched"):
        adapter.normalise(Resource.PAYMENT, strangers[0])


def test_twins_are_not_guessed(database: Database) -> None:
    """Two tenancies that look the same from both sides stay unmatched rather than get each other's money."""
    tenants = database.vendor.rows("tenants")
    occupancies = sorted({row["OccupancyId"] for row in tenants})[:2]
    first = next(row for row in tenants if row["OccupancyId"] == occupancies[0])
    same = {name: first[name] for name in ("FirstName", "LastName", "MoveInOn", "UnitId", "PropertyId")}
    for row in tenants:
        if row["OccupancyId"] in occupancies:
            database.vendor.edit("change", table="tenants", record=row["Id"], **same)
    database.vendor.reports.unlinked = {row["Id"] for row in tenants}
    assert {occupancy for occupancy, _, _ in read(database)} == {row["OccupancyId"] for row in tenants} - set(
        occupancies
    )


def test_pages_of_a_report_are_followed(database: Database) -> None:
    whole = rows_of(database.adapter().rent_payments(EVERYTHING))
    database.vendor.reports.page_size = 4
    assert rows_of(database.adapter().rent_payments(EVERYTHING)) == whole


def test_a_next_page_elsewhere_is_never_asked_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports(database.reports)
    pages = iter([{"results": [], "next_page_url": "https://evil.example/appfolio/hosts/sandbox/api/v2/reports/x"}])
    monkeypatch.setattr(database.reports, "post_json", lambda *args, **more: next(pages))
    with pytest.raises(ContractChanged, match="names a next page elsewhere"):
        reports.rows("tenant_ledger", {})


def test_seven_reports_in_fifteen_seconds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.vendor.limits_on = True
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        database.vendor.reset_limits()

    monkeypatch.setattr(database.reports, "_sleep", wait)
    monkeypatch.setattr(database.http, "_sleep", wait)
    assert read(database) == paid(database)
    assert waits
    assert all(wait <= 16 for wait in waits)


def test_the_ledger_mode_follows_the_keys(database: Database) -> None:
    assert database.adapter("unknown").probe_ledger_mode() == "line"
    rows: list[Row] = rows_of(database.adapter("unknown").rent_payments(EVERYTHING))
    assert not any(row.get("Derived") for row in rows)
    with open_http(database.server, "REPORTS_URL", KEYS | REPORTS | {"reports_secret": "old"}) as reports:
        database.reports = reports
        with pytest.raises(ReauthRequired):
            database.adapter().account()


def test_a_report_that_only_reads_is_tried_again(database: Database) -> None:
    database.server.faults.add("server_error", path=LEDGER, times=2, status=502)
    assert read(database) == paid(database)
    database.server.faults.add("rate_limited", path=LEDGER, times=20, retry_after=1)
    with pytest.raises(RateLimited):
        read(database)
