"""Rent without Reports keys: what of the rent charged is no longer owed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.contracts import Received
from integrations.records import PaymentRecord, ReadRequest, Resource
from tests.integrations.providers.appfolio.database import EVERYTHING, Database, Row, rows_of

DELTA = ReadRequest(cursor="2026-06-30")


def read(database: Database) -> list[Row]:
    """One read, recorded as the engine does."""
    rows = rows_of(database.adapter("derived").rent_payments(DELTA))
    for row in rows:
        before = database.received.get(row["TenancyId"], Received(Decimal(0), 0))
        database.received[row["TenancyId"]] = Received(before.total + Decimal(row["Amount"]), before.rows + 1)
    return rows


def settled(database: Database) -> dict[str, Decimal]:
    """Rent paid of each tenancy, from the vendor's own books."""
    world = database.vendor.world
    rent = next(row["Id"] for row in world.tables["gl_accounts"].values() if row["Name"] == "Rent Income")
    sums = {row["OccupancyId"]: Decimal("0.00") for row in world.tables["tenants"].values()}
    for charge in world.tables["charges"].values():
        if charge["GlAccountId"] == rent:
            open_part = Decimal(world.open[charge["Id"]]) / 100
            sums[charge["OccupancyId"]] += Decimal(charge["AmountDue"]) - open_part
    return sums


def test_the_first_sight_is_a_baseline_and_a_quiet_read_is_empty(database: Database) -> None:
    rows = read(database)
    assert {row["TenancyId"]: Decimal(row["SettledTotal"]) for row in rows} == settled(database)
    assert {(row["Derived"], row["Baseline"]) for row in rows} == {(True, True)}
    record = database.record(Resource.PAYMENT, rows[0])
    assert isinstance(record, PaymentRecord)
    assert (record.is_derived, record.is_baseline) == (True, True)
    assert read(database) == []


def test_what_is_settled_since_then_is_rent(database: Database) -> None:
    read(database)
    occupancy = next(row["OccupancyId"] for row in database.vendor.world.delinquent())
    database.vendor.edit("pay", occupancy=occupancy, amount="100.50")
    (row,) = read(database)
    total = settled(database)[occupancy]
    assert (row["Id"], row["Amount"], row["Baseline"]) == (f"{occupancy}~{total}~1", "100.50", False)
    database.vendor.edit("pay", occupancy=occupancy, amount="50")
    assert [row["Amount"] for row in read(database)] == ["50.00"]


def test_a_read_that_is_repeated_after_a_crash_makes_the_same_row(database: Database) -> None:
    read(database)
    database.vendor.edit("pay", occupancy=next(row["OccupancyId"] for row in database.vendor.world.delinquent()))
    adapter = database.adapter("derived")
    assert rows_of(adapter.rent_payments(DELTA)) == rows_of(database.adapter("derived").rent_payments(DELTA)) != []


def test_other_charges_and_those_of_today_are_not_rent(database: Database) -> None:
    read(database)
    # Of another account; of the future, where nothing is overdue yet.
    database.vendor.edit("charge", amount="45", on="2026-06-01", account="Late Fee Income")
    database.vendor.edit("charge", amount="45", on="2098-06-01")
    assert read(database) == []


def test_a_payment_taken_back_is_a_fall(database: Database) -> None:
    read(database)
    world = database.vendor.world
    paid = next(c for c in world.tables["charges"].values() if c["Description"] == "Rent" and world.open[c["Id"]] == 0)
    world.open[paid["Id"]] = 70_00
    assert [(row["TenancyId"], row["Amount"]) for row in read(database)] == [(paid["OccupancyId"], "-70.00")]


@pytest.mark.parametrize("forbidden", ["charges", "gl_accounts", "delinquent_charges"])
def test_where_charges_may_not_be_read_there_is_no_rent(database: Database, forbidden: str) -> None:
    database.vendor.forbidden = {forbidden}
    pages = list(database.adapter("derived").rent_payments(EVERYTHING))
    assert [(page.rows, page.is_sweep) for page in pages] == [([], False)]
