"""The adapter on the sandbox over real HTTP: filters, pages, cursors, refusals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from integrations.contracts import WorkOrderSink
from integrations.errors import ContractChanged, NotAllowed, ProviderPaused, RateLimited, ReauthRequired, TransientError
from integrations.http import HttpClient
from integrations.providers.appfolio import pages
from integrations.providers.appfolio.pages import DatabaseApi, in_words, newest, since
from integrations.records import ReadRequest, Resource
from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, json_response
from tests.integrations.providers.appfolio.database import API, EVERYTHING, Database, rows_of
from tests.integrations.providers.appfolio.subject import KEYS, open_http


def test_every_list_is_asked_for_what_changed_or_by_id(database: Database) -> None:
    adapter = database.adapter("derived")
    for read in (adapter.properties, adapter.tenancies, adapter.contacts, adapter.maintenance_jobs, adapter.bills):
        rows_of(read(EVERYTHING))
    rows_of(adapter.rent_payments(EVERYTHING))
    seen = {entry.path.removeprefix(f"{API}/"): parse_qs(entry.query) for entry in database.server.requests.entries}
    assert seen.keys() == {
        "properties", "units", "tenants", "leases", "delinquent_charges", "owners", "vendors", "work_orders", "bills",
        "charges", "gl_accounts",
    }  # fmt: skip
    del seen["gl_accounts"]
    for query in seen.values():
        assert {"filters[LastUpdatedAtFrom]", "filters[Id]"} & query.keys()
        assert query["filters[IncludeHidden]"] == ["true"]
        assert query["page[size]"] == ["1000"]
    assert {entry.status for entry in database.server.requests.entries} == {200}


def test_directory_and_tenancies_are_read_once_a_sync(database: Database) -> None:
    adapter = database.adapter()
    for read in (adapter.properties, adapter.tenancies, adapter.maintenance_jobs, adapter.bills, adapter.rent_payments):
        rows_of(read(EVERYTHING))
    assert [len(database.asked(name)) for name in ("properties", "units", "tenants")] == [1, 1, 1]
    # The names of vendors that work orders and bills mention, each asked for once.
    asked = [ident for query in database.asked("vendors") for ident in parse_qs(query)["filters[Id]"][0].split(",")]
    assert len(asked) == len(set(asked)) > 0


def test_pages_are_followed_to_their_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 3)
    found = rows_of(database.adapter().contacts(EVERYTHING))
    tables = [database.vendor.rows(name) for name in ("tenants", "owners", "vendors")]
    assert [row["Id"] for row in found] == [row["Id"] for rows in tables for row in rows]
    assert len(database.asked("tenants")) == -(-len(tables[0]) // 3) > 2


def test_changes_are_read_from_an_hour_before_the_newest_one(database: Database) -> None:
    adapter = database.adapter()
    cursor = list(adapter.bills(EVERYTHING))[-1].cursor
    assert cursor == max(row["LastUpdatedAt"] for row in database.vendor.rows("bills"))
    database.vendor.advance(days=2)
    bill = database.vendor.edit("add_bill", amount="75.25")
    changed = list(adapter.bills(ReadRequest(cursor=cursor)))
    # The one the cursor came from lies within the hour, and comes again.
    again = [row["Id"] for row in database.vendor.rows("bills") if row["LastUpdatedAt"] >= since(cursor)]
    assert [row["BillId"] for row in rows_of(changed)] == again
    assert (again[-1], [page.is_sweep for page in changed]) == (bill, [False])
    assert parse_qs(database.asked("bills")[-1])["filters[LastUpdatedAtFrom]"] == [since(cursor)]
    assert changed[-1].cursor == database.vendor.row("bills", bill)["LastUpdatedAt"] > cursor


def test_a_quiet_read_keeps_its_cursor(database: Database) -> None:
    adapter = database.adapter()
    cursor = list(adapter.maintenance_jobs(EVERYTHING))[-1].cursor
    database.vendor.advance(days=3)
    for order in database.vendor.rows("work_orders"):
        database.vendor.edit("remove", table="work_orders", record=order["Id"])
    assert [(page.rows, page.cursor) for page in adapter.maintenance_jobs(ReadRequest(cursor=cursor))] == [([], cursor)]


def test_moments_of_change() -> None:
    rows: list[dict[str, Any]] = [
        {"LastUpdatedAt": "2026-06-01T10:00:00-05:00"}, {"LastUpdatedAt": "2026-06-01T14:59:00Z"}, {},
        {"LastUpdatedAt": "soon"}, {"LastUpdatedAt": 7},
    ]  # fmt: skip
    assert newest(rows, "") == "2026-06-01T15:00:00Z"
    assert newest(rows, "2026-06-02T00:00:00Z") == "2026-06-02T00:00:00Z"
    assert newest([{}], "") == ""
    # What lies in the future must not hide the changes until then.
    before = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert before <= newest([{"LastUpdatedAt": "2099-01-01T00:00:00Z"}], "") < "2099"
    assert (since(""), since("2026-06-01T15:00:00Z")) == ("1970-01-01T00:00:00Z", "2026-06-01T14:00:00Z")


def test_a_unit_stands_for_its_property_unless_there_are_several(database: Database) -> None:
    rows = rows_of(database.adapter().properties(EVERYTHING))
    units = database.vendor.rows("units")
    counts = {
        row["Id"]: len([u for u in units if u["PropertyId"] == row["Id"]]) for row in database.vendor.rows("properties")
    }
    buildings = {ident for ident, number in counts.items() if number != 1}
    assert buildings
    assert {row["Id"]: "TenantName" in row for row in rows} == {
        unit["Id"]: bool(unit["CurrentOccupancyId"]) for unit in units
    } | dict.fromkeys(buildings, False)
    assert {row["Id"] for row in rows} == {unit["Id"] for unit in units} | buildings
    house = next(ident for ident, number in counts.items() if number == 1)
    only = next(unit["Id"] for unit in units if unit["PropertyId"] == house)
    building = next(iter(buildings))
    inside = next(unit["Id"] for unit in units if unit["PropertyId"] == building)
    order = database.vendor.rows("work_orders")[0]["Id"]
    for place, unit, lot in ((house, None, only), (building, None, building), (building, inside, inside)):
        database.vendor.edit("change", table="work_orders", record=order, PropertyId=place, UnitId=unit)
        found = {row["Id"]: row["LotId"] for row in rows_of(database.adapter().maintenance_jobs(EVERYTHING))}
        assert found[order] == lot
    database.vendor.edit("change", table="work_orders", record=order, PropertyId="nowhere", UnitId=None)
    assert next(r for r in rows_of(database.adapter().maintenance_jobs(EVERYTHING)) if r["Id"] == order)["LotId"] == ""


def test_several_tenants_and_leases_are_one_tenancy(database: Database) -> None:
    tenants = database.vendor.rows("tenants")
    occupancies = {row["OccupancyId"] for row in tenants}
    assert len(tenants) > len(occupancies)
    rows = rows_of(database.adapter().tenancies(EVERYTHING))
    assert {row["Id"] for row in rows} == occupancies
    assert sum(len(row["Tenants"]) for row in rows) == len(tenants)
    assert sum(len(row["Leases"]) for row in rows) == len(database.vendor.rows("leases"))
    owed = [row for row in rows if "Balance" in row]
    assert owed
    for row in owed:
        mine = [c for c in database.vendor.world.delinquent() if c["OccupancyId"] == row["Id"]]
        assert float(row["Balance"]["Outstanding"]) == sum(float(charge["AmountDue"]) for charge in mine)


@pytest.mark.parametrize("lists", [{"leases"}, {"delinquent_charges"}, {"leases", "delinquent_charges"}])
def test_lists_that_appfolio_gives_to_some_only_may_be_missing(database: Database, lists: set[str]) -> None:
    database.vendor.forbidden = lists
    rows = rows_of(database.adapter().tenancies(EVERYTHING))
    assert {row["Id"] for row in rows} == {row["OccupancyId"] for row in database.vendor.rows("tenants")}
    assert any(row["Leases"] for row in rows) == ("leases" not in lists)
    assert any("Balance" in row for row in rows) == ("delinquent_charges" not in lists)


def test_a_list_that_is_needed_may_not_be_missing(database: Database) -> None:
    database.vendor.forbidden = {"tenants"}
    with pytest.raises(NotAllowed, match="does not let these keys read"):
        rows_of(database.adapter().tenancies(EVERYTHING))


def test_a_bill_has_one_record_for_each_line_that_names_a_property(database: Database) -> None:
    units = database.vendor.rows("units")[:2]
    bill = database.vendor.edit("add_bill", unit=units[0]["Id"], amount="80.00")
    lines = database.vendor.row("bills", bill)["LineItems"]
    second = {**lines[0], "Id": "line-2", "Amount": "20.10", "UnitId": units[1]["Id"], "Description": None}
    database.vendor.edit("change", table="bills", record=bill, LineItems=[*lines, second, "odd"])
    found = {row["Id"]: row for row in rows_of(database.adapter().bills(EVERYTHING)) if row["BillId"] == bill}
    assert {ident: (row["Amount"], row["LotId"], row["Description"]) for ident, row in found.items()} == {
        f"{bill}~{lines[0]['Id']}": ("80.00", units[0]["Id"], lines[0]["Description"]),
        f"{bill}~line-2": ("20.10", units[1]["Id"], "Repair"),
    }
    assert all(row["VendorName"] for row in found.values())


def test_single_records_are_fetched_by_id(database: Database) -> None:
    adapter = database.adapter()
    reads = {
        Resource.PROPERTY: adapter.properties,
        Resource.CONTACT: adapter.contacts,
        Resource.TENANCY: adapter.tenancies,
        Resource.JOB: adapter.maintenance_jobs,
        Resource.BILL: adapter.bills,
        Resource.PAYMENT: adapter.rent_payments,
    }
    for resource, read in reads.items():
        wanted = rows_of(read(EVERYTHING))[0]
        assert rows_of(database.adapter().fetch(resource, [wanted["Id"], "gone"])) == [wanted]
    assert parse_qs(database.asked("work_orders")[-1])["filters[Id]"][0].endswith(",gone")


def test_who_we_are(database: Database) -> None:
    account = database.adapter().account()
    assert (len(account.account_id), account.name) == (32, "sandbox.appfolio.com")
    database.keys = KEYS
    plain = database.adapter()
    assert (plain.account().account_id, plain.account().name) == (account.account_id, "AppFolio database of sandbo…")
    assert (plain.probe_ledger_mode(), database.adapter("unknown").probe_ledger_mode()) == ("derived", "derived")
    assert isinstance(plain, WorkOrderSink)


@pytest.mark.parametrize(
    "changes", [{"client_secret": "old"}, {"client_id": "other"}, {"developer_id": "other"}, {"developer_id": "x" * 40}]
)
def test_a_credential_that_is_not_known_needs_a_person(database: Database, changes: dict[str, str]) -> None:
    with open_http(database.server, keys=KEYS | changes) as http:
        database.http = http
        with pytest.raises(ReauthRequired, match="does not accept the keys") as refused:
            database.adapter().account()
    assert not isinstance(refused.value, NotAllowed)
    assert database.server.requests.entries[-1].status in (401, 701)


def test_a_limit_is_waited_for_as_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("integrations.http.random.uniform", lambda low, high: low)
    monkeypatch.setattr(database.http, "_sleep", waits.append)
    database.server.faults.add("rate_limited", path=f"{API}/bills", times=2, retry_after=7)
    assert len(rows_of(database.adapter().bills(EVERYTHING))) > 0
    assert waits == [7, 7]
    database.server.faults.add("rate_limited", path=f"{API}/bills", times=20, retry_after=9)
    with pytest.raises(RateLimited):
        rows_of(database.adapter().bills(EVERYTHING))


def test_maintenance_is_told_in_words_with_its_end(database: Database) -> None:
    database.vendor.maintenance = True
    with pytest.raises(ProviderPaused) as paused:
        rows_of(database.adapter().properties(EVERYTHING))
    # Once, and without waiting in place.
    assert len(database.server.requests.entries) == 1
    assert paused.value.retry_after is not None
    assert 60 <= paused.value.retry_after <= 7 * 3600
    assert isinstance(paused.value, TransientError)


@pytest.mark.parametrize(
    ("moment", "wait", "words"),
    [
        ("2026-01-15T05:00:00Z", 7 * 3600, "from 9 pm to 4 am Pacific time"),
        ("2026-01-15T11:30:00Z", 1800, "from 9 pm to 4 am Pacific time"),
        ("2026-01-15T11:59:59Z", 60, "from 9 pm to 4 am Pacific time"),
        # Summer time: 4 am in Los Angeles is 11 in UTC.
        ("2026-07-15T10:00:00Z", 3600, "from 9 pm to 4 am Pacific time"),
        ("2026-01-15T20:00:00Z", 3600, "within the hour"),
    ],
)
def test_the_end_of_the_maintenance_window(moment: str, wait: float, words: str) -> None:
    found = in_words(ProviderPaused(retry_after=3600), now=datetime.fromisoformat(moment))
    assert (found.retry_after, words in found.safe_message) == (wait, True)


@contextmanager
def answering(*answers: Any) -> Iterator[tuple[DatabaseApi, list[Request]]]:
    """A server below /base that gives these answers one by one, and the last one from then on."""
    seen: list[Request] = []

    def respond(request: Request) -> Response:
        seen.append(request)
        return json_response(answers[min(len(seen), len(answers)) - 1])

    listener = Listener(("127.0.0.1", 0), respond)
    threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    try:
        with HttpClient(f"http://127.0.0.1:{listener.server_address[1]}/base") as http:
            yield DatabaseApi(http), seen
    finally:
        listener.stop()


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/base/units", "//evil.example/base/units", "/elsewhere/units", "/base/../admin",
        "/base/%2e%2e/admin", "/base", "base/units", "/base\\..\\admin", "http:/base/units", 7,
    ],
)  # fmt: skip
def test_a_next_page_elsewhere_is_never_asked_for(path: Any) -> None:
    with answering({"data": [], "next_page_path": path}) as (api, seen):
        with pytest.raises(ContractChanged, match="names a next page outside of the API"):
            api.all("/units")
        assert len(seen) == 1


def test_a_next_page_is_joined_to_our_own_host() -> None:
    first = {"data": [{"Id": "1"}], "next_page_path": "/base/units?page%5Bnumber%5D=2&a=b"}
    with answering(first, {"data": [{"Id": "1"}, {"Id": "2"}]}) as (api, seen):
        assert api.all("/units") == [{"Id": "1"}, {"Id": "2"}]
        assert (seen[1].path, seen[1].query) == ("/base/units", {"page[number]": "2", "a": "b"})


def test_a_list_that_goes_in_circles_is_stopped() -> None:
    with answering({"data": [], "next_page_path": "/base/units?page=2"}) as (api, seen):
        with pytest.raises(ContractChanged, match="repeats a page"):
            api.all("/units")
        assert len(seen) == 2


@pytest.mark.parametrize(
    "answer", [[], {"rows": []}, {"data": {"SocialSecurityNumber": "912-34-5678"}}, {"data": ["x"]}, 7]
)
def test_another_shape_stops_the_read_and_repeats_no_value(answer: Any) -> None:
    with answering(answer) as (api, _), pytest.raises(ContractChanged) as changed:
        api.all("/tenants")
    assert "912-34-5678" not in changed.value.detail
