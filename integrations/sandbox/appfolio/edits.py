"""What the agency's people and its tenants do, and the passing of days.

Each function is an operation: ``server.appfolio.edit("pay", occupancy=ID)`` or ``POST /_sandbox/appfolio/edit``. Where
a record is left out, a fitting one is chosen. Amounts are dollars, dates ISO.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from integrations.sandbox.wire import SandboxError

from .generator import (
    ISSUES,
    end_tenancy,
    new_bill,
    new_tenancy,
    new_work_order,
    people_of,
)
from .world import Row, World, cents

Operation = Callable[..., Any]
OPERATIONS: dict[str, Operation] = {}


def operation(function: Operation) -> Operation:
    """Register an operation under its name."""
    OPERATIONS[function.__name__] = function
    return function


def _current(world: World) -> list[str]:
    occupied = (row["CurrentOccupancyId"] for row in world.tables["units"].values())
    return [occupancy for occupancy in occupied if occupancy]


def _tenancy(world: World, occupancy: str | None) -> str:
    if occupancy is not None:
        if not people_of(world, occupancy):
            raise SandboxError(f"No occupancy {occupancy!r}.")
        return occupancy
    found = _current(world)
    if not found:
        raise SandboxError("Nobody lives anywhere.")
    return world.random().choice(found)


def _unit(world: World, unit: str | None) -> Row:
    return world.row("units", unit) if unit else world.random().choice(list(world.tables["units"].values()))


def _vacant(world: World) -> Row:
    found = [row for row in world.tables["units"].values() if not row["CurrentOccupancyId"] and not row["HiddenAt"]]
    if not found:
        raise SandboxError("No unit is vacant.")
    return world.random().choice(found)


@operation
def advance(world: World, *, days: int = 1) -> dict[str, int]:
    """Let days pass: rent is charged on the first of a month and mostly paid on the third."""
    if not 0 < int(days) <= 3660:
        raise SandboxError("days must be between 1 and 3660.")
    before = {name: len(rows) for name, rows in world.tables.items()}
    for _ in range(int(days)):
        world.today += timedelta(days=1)
        for tenant in list(world.tables["tenants"].values()):
            if tenant["Status"] == "Future" and tenant["MoveInOn"] <= world.today.isoformat():
                world.change("tenants", tenant["Id"], Status="Current")
            if tenant["Status"] == "Notice" and tenant["MoveOutOn"] <= world.today.isoformat():
                end_tenancy(world, tenant["OccupancyId"], world.today)
        for place, occupancy in enumerate(_current(world)):
            main = people_of(world, occupancy)[0]
            rent = cents(main["CurrentRent"])
            if world.today.day == 1:
                world.charge(occupancy, rent, world.today)
            if world.today.day == 3 and place % 6 != 4:
                world.pay(occupancy, rent, world.today, payer=_name(main), told="Payment (online)")
    return {name: len(rows) - before[name] for name, rows in world.tables.items()}


def _name(tenant: Row) -> str:
    return f"{tenant['FirstName']} {tenant['LastName']}"


@operation
def pay(
    world: World, *, occupancy: str | None = None, amount: Any = None, on: str | None = None, told: str = "Payment"
) -> str:
    """Receive money of a tenant; by default a month's rent today."""
    chosen = _tenancy(world, occupancy)
    main = people_of(world, chosen)[0]
    value = cents(main["CurrentRent"] if amount is None else amount)
    world.pay(chosen, value, date.fromisoformat(on) if on else world.today, payer=_name(main), told=told)
    return chosen


@operation
def charge(
    world: World,
    *,
    occupancy: str | None = None,
    amount: Any = None,
    on: str | None = None,
    account: str = "Rent Income",
) -> str:
    """Charge a tenant; by default a month's rent today."""
    chosen = _tenancy(world, occupancy)
    value = cents(people_of(world, chosen)[0]["CurrentRent"] if amount is None else amount)
    day = date.fromisoformat(on) if on else world.today
    return str(world.charge(chosen, value, day, account=account, told=account)["Id"])


@operation
def change(world: World, *, table: str, record: str, **fields: Any) -> str:
    """Change fields of a row."""
    world.change(table, record, **fields)
    return record


@operation
def hide(world: World, *, table: str, record: str) -> str:
    """Hide a row: from here on only those who ask for hidden ones see it."""
    world.change(table, record, HiddenAt=world.stamp())
    return record


@operation
def remove(world: World, *, table: str, record: str) -> str:
    """Let a row vanish without a word."""
    world.remove(table, record)
    return record


@operation
def end_lease(world: World, *, occupancy: str | None = None, on: str | None = None) -> str:
    """The tenants move out, today by default."""
    chosen = _tenancy(world, occupancy)
    end_tenancy(world, chosen, date.fromisoformat(on) if on else world.today)
    return chosen


@operation
def sign_lease(world: World, *, unit: str | None = None, on: str | None = None, people: int = 2) -> str:
    """Let a vacant unit, from today by default."""
    chosen = world.row("units", unit) if unit else _vacant(world)
    start = date.fromisoformat(on) if on else world.today
    return new_tenancy(world, world.random(), chosen, start, people=int(people))


@operation
def report_job(world: World, *, unit: str | None = None, issue: str = "") -> str:
    """A tenant reports that something is broken."""
    chosen = _unit(world, unit)
    told = issue or world.random().choice(ISSUES)
    return str(new_work_order(world, unit=chosen, issue=told, vendor=None, on=world.today)["Id"])


@operation
def complete_job(world: World, *, record: str | None = None) -> str:
    """A work order is done."""
    open_ones = [row["Id"] for row in world.tables["work_orders"].values() if row["Status"] != "Completed"]
    if record is None and not open_ones:
        raise SandboxError("No work order is open.")
    chosen = record or world.random().choice(open_ones)
    world.change("work_orders", chosen, Status="Completed", CompletedOn=world.today.isoformat())
    return chosen


@operation
def add_bill(world: World, *, unit: str | None = None, amount: Any = "180.00", told: str = "Repair") -> str:
    """A vendor's bill for a unit comes in."""
    vendor = world.random().choice(list(world.tables["vendors"]))
    return str(
        new_bill(world, vendor=vendor, on=world.today, lines=[(_unit(world, unit), cents(amount))], told=told)["Id"]
    )
