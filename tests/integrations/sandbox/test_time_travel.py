"""The clock, and the promise behind every cursor: what was read before plus what changed since is what is there now."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.sandbox import SandboxServer
from integrations.sandbox.wire import SandboxError
from tests.integrations.sandbox.client import Client

Rows = dict[str, dict[str, Any]]
CURSORED = ("lots", "contacts", "jobtasks", "bills")
# Change with the calendar alone, so that UpdatedOn does not rise with them.
DAILY = {
    "DaysInArrears", "ArrearsDays", "RentArrears", "RentArrearsByPeriod", "TotalArrears", "TotalArrearsByPeriod",
    "MostRentDue", "RentDueByPeriod",
}  # fmt: skip
# Names and addresses joined from other records, which carry a cursor of their own.
JOINED = {"LotReference", "LotAddress"}


def by_id(rows: list[dict[str, Any]]) -> Rows:
    return {row["Id"]: row for row in rows}


def read(client: Client, path: str, since: int = 0) -> Rows:
    return by_id(client.rows(path, Timestamp=since))


def without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def cursor(rows: Rows) -> int:
    return max((row["Timestamp"] for row in rows.values()), default=0)


def test_a_month_brings_rent_bills_and_repairs(client: Client, server: SandboxServer) -> None:
    before = server.vendor.sizes()
    made = server.vendor.advance(days=60)
    after = server.vendor.sizes()
    for name in ("receipts", "bills", "jobs", "tenancies"):
        assert made[name] == after[name] - before[name]
    assert made["receipts"] > 20
    assert made["bills"] > 10
    state = client.control("state")
    assert [agency["today"] for agency in state["agencies"]] == ["2026-08-29", "2026-08-29"]


def test_receipts_after_a_day_are_of_that_day(client: Client, server: SandboxServer) -> None:
    old = by_id(client.receipts())
    for _ in range(7):
        server.vendor.advance(days=1)
    new = [row for row in client.receipts() if row["Id"] not in old]
    assert new
    assert all("2026-07-01" <= row["TransactionDate"][:10] <= "2026-07-07" for row in new)
    assert min(row["Timestamp"] for row in new) > max(row["Timestamp"] for row in old.values())


def test_leases_end_and_begin_in_a_year(client: Client, server: SandboxServer) -> None:
    old = by_id(client.rows("tenancies", IncludeClosed="true"))
    server.vendor.advance(days=365)
    new = by_id(client.rows("tenancies", IncludeClosed="true"))
    assert len(new) > len(old)
    assert any(new[key]["IsClosed"] and not row["IsClosed"] for key, row in old.items())
    open_ones = by_id(client.rows("tenancies"))
    assert set(open_ones) == {key for key, row in new.items() if row["IsActive"]}
    for lot in client.rows("lots", Timestamp=0):
        assert lot["Vacant"] == (lot.get("ActiveTenancyId") not in open_ones)


def test_arrears_grow_while_a_tenant_does_not_pay(client: Client, server: SandboxServer) -> None:
    (tenancy, *_) = client.rows("tenancies")
    server.vendor.edit("renew_lease", record=tenancy["Id"], until="2030-01-31")
    server.vendor.edit("set_paying", record=tenancy["Id"], pays=False)
    before = by_id(client.rows("tenancies/balances"))[tenancy["Id"]]
    server.vendor.advance(days=30)
    after = by_id(client.rows("tenancies/balances"))[tenancy["Id"]]
    assert after["TotalRentPaid"] == before["TotalRentPaid"]
    paid_to = date.fromisoformat(before["PaidTo"][:10])
    assert after["DaysInArrears"] == (date(2026, 7, 30) - paid_to).days
    assert after["RentArrears"] > before["RentArrears"]
    server.vendor.edit("set_paying", record=tenancy["Id"], pays=True)
    server.vendor.advance(days=40)
    assert by_id(client.rows("tenancies/balances"))[tenancy["Id"]]["TotalRentPaid"] > before["TotalRentPaid"]


def test_the_cursor_is_strictly_greater(client: Client) -> None:
    for path in CURSORED:
        rows = read(client, path)
        last = cursor(rows)
        assert read(client, path, last) == {}
        newest = [row for row in rows.values() if row["Timestamp"] == last]
        assert list(read(client, path, last - 1).values()) == newest


def test_last_updated_is_inclusive(client: Client) -> None:
    rows = client.rows("tenancies/balances")
    last = max(row["UpdatedOn"] for row in rows)
    assert last in [row["UpdatedOn"] for row in client.rows("tenancies/balances", LastUpdated=last)]
    assert client.rows("tenancies/balances", LastUpdated="2099-01-01T00:00:00Z") == []


def test_from_and_to_are_inclusive_and_pages_add_up(client: Client) -> None:
    everything = client.receipts()
    days = [row["TransactionDate"][:10] for row in everything]
    assert days == sorted(days)
    assert client.receipts(page=7) == everything
    span = {"From": "2025-10-01", "To": "2025-12-31T23:59:59Z"}
    assert client.receipts(page=10, **span) == [
        row for row in everything if "2025-10-01" <= row["TransactionDate"][:10] <= "2025-12-31"
    ]


STEPS = st.sampled_from(
    [
        ("advance", {"days": 1}),
        ("advance", {"days": 9}),
        ("advance", {"days": 40}),
        ("edit_receipt", {}),
        ("void_receipt", {}),
        ("add_receipt", {}),
        ("edit_bill", {}),
        ("cancel_bill", {}),
        ("add_bill", {"amount": "88.00"}),
        ("rename_address", {}),
        ("add_lot", {}),
        ("end_tenancy", {}),
        ("report_job", {}),
        ("set_job_status", {"status": "Finished"}),
        ("set_job_status", {"status": "Cancelled"}),
        ("mutate", {"mutation": "rtl_text", "resource": "lots"}),
        ("mutate", {"mutation": "string_money", "resource": "bills"}),
        ("patch", {"resource": "contacts", "fields": {"NameText": "Renamed"}}),
    ]
)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(STEPS, st.booleans()), min_size=1, max_size=12))
@example(steps=[(("end_tenancy", {}), False)] * 6 + [(("add_receipt", {}), True)])
def test_reading_changes_at_any_moments_ends_at_what_is_there(
    steps: list[tuple[tuple[str, dict[str, Any]], bool]],
) -> None:
    with SandboxServer(lots=5, years=0.6, seed=5, agencies=1) as server, Client(server) as client:
        client.granted()
        copies = {path: read(client, path) for path in CURSORED}
        balances = by_id(client.rows("tenancies/balances"))
        for (name, arguments), look in steps:
            # What the agency has nothing left for, it refuses and leaves as it is.
            with suppress(SandboxError):
                server.vendor.edit(name, **arguments)
            if look:
                for path in CURSORED:
                    copies[path] |= read(client, path, cursor(copies[path]))
                since = max(row["UpdatedOn"] for row in balances.values())
                balances |= by_id(client.rows("tenancies/balances", LastUpdated=since))
        for path in CURSORED:
            copies[path] |= read(client, path, cursor(copies[path]))
            now = read(client, path)
            assert {key: without(row, JOINED) for key, row in copies[path].items()} == {
                key: without(row, JOINED) for key, row in now.items()
            }, path
        since = max(row["UpdatedOn"] for row in balances.values())
        balances |= by_id(client.rows("tenancies/balances", LastUpdated=since))
        now = by_id(client.rows("tenancies/balances"))
        assert {key: without(row, DAILY | JOINED) for key, row in balances.items()} == {
            key: without(row, DAILY | JOINED) for key, row in now.items()
        }


def test_totals_follow_receipts_through_every_edit(client: Client, server: SandboxServer) -> None:
    for step in range(12):
        operation = ("edit_receipt", "void_receipt", "add_receipt", "vanish")[step % 4]
        server.vendor.edit(operation)
        server.vendor.advance(days=3)
    sums: dict[str, int] = {}
    for row in client.receipts():
        if row["Type"] == "Rent" and not row["IsVoid"]:
            sums[row["TenancyId"]] = sums.get(row["TenancyId"], 0) + round(row["Amount"] * 100)
    totals = {row["Id"]: round(row["TotalRentPaid"] * 100) for row in client.rows("tenancies/balances")}
    assert {key: value for key, value in totals.items() if value} == sums


@pytest.mark.parametrize("days", [0, -1, 4000])
def test_time_moves_forward_and_within_reason(server: SandboxServer, days: int) -> None:
    with pytest.raises(SandboxError, match="between 1 and 3660"):
        server.vendor.advance(days=days)
