"""What an agency's people do at Buildium, by name, so that it can be journalled. Each answers the id it was done to."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date
from typing import Any

from integrations.sandbox.wire import SandboxError

from . import life
from .world import Row, World

OPERATIONS: dict[str, Callable[..., Any]] = {}


def operation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a function ``f(world, **arguments)`` under its own name."""
    OPERATIONS[function.__name__] = function
    return function


def find(name: str, world: World, arguments: dict[str, Any]) -> Callable[..., Any]:
    """An operation after checking that the arguments fit it; raises SandboxError otherwise."""
    found = OPERATIONS.get(name)
    if found is None:
        raise SandboxError(f"Unknown operation {name!r}; known: {', '.join(sorted(OPERATIONS))}.")
    try:
        inspect.signature(found).bind(world, **arguments)
    except TypeError as error:
        raise SandboxError(f"{name}: {error}.") from error
    return found


def _chosen(world: World, kind: str, record: int | None, keeps: Callable[[Row], bool] = lambda row: True) -> Row:
    if record is not None:
        return world.get(kind, record)
    rows = [row for row in world.rows(kind) if keeps(row)]
    if not rows:
        raise SandboxError(f"There is no record among the {kind} that this can be done to.")
    return world.random("choice", kind, len(world.touched)).choice(rows)


def _active(row: Row) -> bool:
    return bool(row["LeaseStatus"] == "Active")


@operation
def advance(world: World, *, days: int = 1) -> int:
    """Let days pass."""
    if not 0 < int(days) <= 400:
        raise SandboxError("Between one and 400 days can pass at once.")
    world.advance(int(days), life.live)
    return int(days)


@operation
def end_lease(world: World, *, record: int | None = None) -> int:
    """End a lease today."""
    lease = _chosen(world, "leases", record, _active)
    if not _active(lease):
        raise SandboxError("This lease has ended already.")
    life.end_lease(world, lease)
    return int(lease["Id"])


@operation
def new_lease(world: World, *, unit: int | None = None) -> int:
    """Let a vacant unit from today."""
    home = _chosen(world, "units", unit, lambda row: row["Id"] not in world.current)
    if home["Id"] in world.current:
        raise SandboxError("Only a vacant unit can be let.")
    return int(life.open_lease(world, home)["Id"])


@operation
def pay_rent(world: World, *, amount: float, record: int | None = None, deposit: float = 0.0) -> int:
    """Record a payment; a part of it may be for the deposit. Answers the transaction."""
    lease = _chosen(world, "leases", record, _active)
    lines = [("rent", float(amount))] + ([("deposit", float(deposit))] if deposit else [])
    return int(life.book(world, lease, "Payment", lines, "Entered by hand")["Id"])


@operation
def charge_rent(world: World, *, amount: float, record: int | None = None) -> int:
    """Charge rent to a lease. Answers the transaction."""
    return int(
        life.book(world, _chosen(world, "leases", record, _active), "Charge", [("rent", float(amount))], "Rent")["Id"]
    )


@operation
def correct_payment(world: World, *, record: int, amount: float) -> int:
    """Correct the amount of a payment."""
    paid = world.get("transactions", record)
    paid["TotalAmount"] = paid["Journal"]["Lines"][0]["Amount"] = float(amount)
    world.touch("transactions", paid)
    return int(paid["Id"])


@operation
def reverse_payment(world: World, *, record: int | None = None) -> int:
    """The bank returns a payment. Answers the reversing transaction."""
    paid = _chosen(world, "transactions", record, lambda row: row["TransactionTypeEnum"] == "Payment")
    lease = world.get("leases", paid["LeaseId"])
    return int(life.book(world, lease, "ReversePayment", [("rent", paid["TotalAmount"])], "Returned by the bank")["Id"])


@operation
def delete_payment(world: World, *, record: int | None = None) -> int:
    """Delete a payment: it is not listed any more."""
    paid = _chosen(world, "transactions", record, lambda row: row["TransactionTypeEnum"] == "Payment")
    world.remove("transactions", paid)
    return int(paid["Id"])


@operation
def report_work(world: World, *, unit: int | None = None) -> int:
    """Something broke. Answers the work order."""
    home = _chosen(world, "units", unit)
    lease = world.tables["leases"].get(world.current.get(home["Id"], 0))
    return int(life.report(world, home, lease)["Id"])


@operation
def finish_work(world: World, *, record: int | None = None) -> int:
    """The work is done, and the vendor sends a bill."""
    order = _chosen(world, "workorders", record, lambda row: row["Status"] in ("New", "InProgress"))
    life.finish(world, order["Id"])
    return int(order["Id"])


@operation
def rename_rental(world: World, *, line: str = "1 Renamed St", record: int | None = None) -> int:
    """Correct the first line of an address, of the rental and of its units."""
    home = _chosen(world, "rentals", record)
    home["Address"]["AddressLine1"] = line
    world.touch("rentals", home)
    for unit in world.rows("units"):
        if unit["PropertyId"] == home["Id"]:
            unit["Address"]["AddressLine1"] = line
    return int(home["Id"])


@operation
def inactivate_rental(world: World, *, record: int | None = None) -> int:
    """Stop managing a rental; its leases end."""
    home = _chosen(world, "rentals", record, lambda row: bool(row["IsActive"]))
    for lease in world.rows("leases"):
        if lease["PropertyId"] == home["Id"] and _active(lease):
            life.end_lease(world, lease)
    home["IsActive"] = False
    world.touch("rentals", home)
    return int(home["Id"])


@operation
def catch_up(world: World, *, until: str) -> int:
    """Let the days up to a date pass, if there are any: the sandbox was off meanwhile."""
    days = (date.fromisoformat(until) - world.today).days
    if days > 0:
        world.advance(days, life.live)
    return max(days, 0)
