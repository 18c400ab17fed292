from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sandbox import SandboxServer
from integrations.sandbox.propertyme.model import add_months, iso_stamp, make_id, read_id

EVERYTHING = 1_000_000


@pytest.fixture(scope="module")
def demo() -> SandboxServer:
    """The agency of the demo: 40 lots and two years; not listening."""
    return SandboxServer(lots=40, years=2, seed=7)


def test_the_same_seed_gives_the_same_agency(demo: SandboxServer) -> None:
    again = SandboxServer(lots=40, years=2, seed=7)
    for resource in ("lots", "contacts", "tenancies", "balances", "jobs", "receipts", "bills"):
        assert again.vendor.records(resource, limit=EVERYTHING) == demo.vendor.records(resource, limit=EVERYTHING)


def test_another_seed_gives_another_agency(demo: SandboxServer) -> None:
    other = SandboxServer(lots=40, years=2, seed=8)
    mine = {row["Id"] for row in demo.vendor.records("lots")}
    assert mine.isdisjoint(row["Id"] for row in other.vendor.records("lots"))
    assert other.vendor.records("lots") != demo.vendor.records("lots")


def test_sizes_of_the_demo_agency(demo: SandboxServer) -> None:
    sizes = demo.vendor.sizes()
    assert sizes["lots"] == 40
    assert 2000 < sizes["receipts"] < 5000
    assert 1500 < sizes["bills"] < 4000
    assert 60 < sizes["jobs"] < 250
    assert len(demo.vendor.agencies) == 2
    assert demo.vendor.agencies[0].name != demo.vendor.agencies[1].name


def test_agencies_share_no_id(demo: SandboxServer) -> None:
    for resource in ("lots", "contacts", "tenancies", "jobs", "receipts", "bills"):
        first = {row["Id"] for row in demo.vendor.records(resource, 0, limit=EVERYTHING)}
        second = {row["Id"] for row in demo.vendor.records(resource, 1, limit=EVERYTHING)}
        assert first.isdisjoint(second)


def test_ids_are_unique(demo: SandboxServer) -> None:
    for resource in ("lots", "contacts", "tenancies", "jobs", "receipts", "bills"):
        rows = demo.vendor.records(resource, limit=EVERYTHING)
        assert len({row["Id"] for row in rows}) == len(rows)


def test_timestamps_have_eighteen_digits_and_lie_beyond_what_javascript_can_count(demo: SandboxServer) -> None:
    for resource in ("lots", "contacts", "jobs", "receipts", "bills"):
        stamps = [row["Timestamp"] for row in demo.vendor.records(resource, limit=EVERYTHING)]
        assert {len(str(stamp)) for stamp in stamps} == {18}
        assert min(stamps) > 2**53


def test_there_is_variety(demo: SandboxServer) -> None:
    lots = demo.vendor.records("lots")
    assert len({lot["Address"]["State"] for lot in lots}) >= 4
    assert any(lot["Reference"].split(" ")[0].count("/") == 1 for lot in lots)
    assert {lot["Vacant"] for lot in lots} == {True, False}
    tenancies = demo.vendor.records("tenancies")
    assert {row["RentPeriod"] for row in tenancies} == {"Weekly", "Fortnightly", "Monthly"}
    assert {row["IsClosed"] for row in tenancies} == {True, False}
    assert any(row["DaysInArrears"] > 14 for row in demo.vendor.records("balances"))
    names = " ".join(row["NameText"] for row in demo.vendor.records("contacts", limit=500))
    for sign in ("ễ", "ó", "'", "ا", "-"):
        assert sign in names
    details = Counter(row["Detail"].split(" ")[0] for row in demo.vendor.records("bills", limit=EVERYTHING))
    for word in (
        "Council",
        "Water",
        "Landlord",
        "Strata",
        "Land",
        "Management",
        "Letting",
        "Repairs:",
        "Annual",
        "Lawn",
    ):
        assert details[word] > 0, word
    assert {row["Status"] for row in demo.vendor.records("bills", limit=EVERYTHING)} == {"Paid", "Unpaid", "Cancelled"}
    assert len({row["Status"] for row in demo.vendor.records("jobs", limit=500)}) >= 4


def test_a_tenancys_total_is_the_sum_of_its_rent_receipts(demo: SandboxServer) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in demo.vendor.records("receipts", limit=EVERYTHING):
        if row["Type"] == "Rent":
            sums[row["TenancyId"]] += Decimal(str(row["Amount"]))
    balances = {row["Id"]: Decimal(str(row["TotalRentPaid"])) for row in demo.vendor.records("balances")}
    assert {key: value for key, value in balances.items() if value} == dict(sums)


def test_each_tenancy_has_one_bond_and_receipts_without_gaps(demo: SandboxServer) -> None:
    bonds: Counter[str] = Counter()
    periods: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in demo.vendor.records("receipts", limit=EVERYTHING):
        if row["Type"] == "Bond":
            bonds[row["TenancyId"]] += 1
        else:
            periods[row["TenancyId"]].append((row["PaidFrom"], row["PaidTo"]))
    assert bonds == {row["Id"]: 1 for row in demo.vendor.records("tenancies")}
    for rows in periods.values():
        assert rows == sorted(rows)
        assert len(set(rows)) == len(rows)


def test_finished_jobs_have_their_bill_and_bills_their_job(demo: SandboxServer) -> None:
    jobs = {row["Id"]: row for row in demo.vendor.records("jobs", limit=500)}
    billed = {row["JobTaskId"]: row for row in demo.vendor.records("bills", limit=EVERYTHING) if "JobTaskId" in row}
    assert {key for key, job in jobs.items() if job["Status"] in ("Finished", "Closed")} == set(billed)
    for key, bill in billed.items():
        assert bill["LotId"] == jobs[key]["LotId"]
        assert bill["SupplierContactId"] == jobs[key]["ContactId"]


def test_references_lead_to_records(demo: SandboxServer) -> None:
    lots = {row["Id"]: row for row in demo.vendor.records("lots")}
    contacts = {row["Id"] for row in demo.vendor.records("contacts", limit=500)}
    tenancies = {row["Id"]: row for row in demo.vendor.records("tenancies")}
    for row in tenancies.values():
        assert row["LotId"] in lots
        assert row["ContactId"] in contacts
    for row in demo.vendor.records("receipts", limit=EVERYTHING):
        assert tenancies[row["TenancyId"]]["LotId"] == row["LotId"]
    for row in demo.vendor.records("bills", limit=EVERYTHING):
        assert row["LotId"] in lots
        assert row["SupplierContactId"] in contacts


def test_no_two_tenancies_of_a_lot_overlap(demo: SandboxServer) -> None:
    spans: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in demo.vendor.records("tenancies"):
        spans[row["LotId"]].append((row["TenancyStart"], row.get("TenancyEnd", "9999")))
    for rows in spans.values():
        rows.sort()
        assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(rows))


def test_a_large_agency_keeps_unique_addresses() -> None:
    big = SandboxServer(lots=3000, years=0.1, seed=2, agencies=1)
    rows = big.vendor.records("lots", limit=3000)
    assert len({row["AddressText"] for row in rows}) == 3000


@given(space=st.integers(0, 2**64 - 1), number=st.integers(0, 2**64 - 1))
def test_ids_give_their_number_back(space: int, number: int) -> None:
    text = make_id(space, number)
    assert len(text) == 36
    assert read_id(space, text) == number
    assert read_id(space ^ 1, text) is None
    assert read_id(space, text[:-1] + ("0" if text[-1] != "0" else "1")) is None
    assert read_id(space, "zz" + text[2:]) is None


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-05-15", 12, "2027-05-15"),
        ("2026-12-31", 0, "2026-12-31"),
    ],
)
def test_add_months(day: str, months: int, expected: str) -> None:
    assert date.fromordinal(add_months(date.fromisoformat(day).toordinal(), months)).isoformat() == expected


def test_iso_stamp_reads_dotnet_ticks() -> None:
    assert iso_stamp(638_712_345_678_901_234) == "2024-12-31T09:36:07.890Z"
