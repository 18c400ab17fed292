"""Helpers of the operations: read amounts and days, find or choose the record meant, keep totals right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from integrations.sandbox.wire import SandboxError

from .ledger import BOND, Ledger, receipt_parts
from .model import Tenancy
from .money_rows import receipt_cents
from .world import RESOURCES, Agency

Amount = Decimal | str | float | int


def cents(value: Amount) -> int:
    """Return dollars as cents; raises SandboxError when it is no amount."""
    try:
        return int((Decimal(str(value)) * 100).to_integral_value())
    except InvalidOperation as error:
        raise SandboxError(f"{value!r} is not an amount.") from error


def ordinal(value: str | date) -> int:
    """Return a day from an ISO date; raises SandboxError when it is none."""
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value)[:10])).toordinal()
    except ValueError as error:
        raise SandboxError(f"{value!r} is not an ISO date.") from error


def pick_key(agency: Agency, resource: str, record_id: str | None) -> int:
    """Return the key of a listed receipt or bill."""
    ledger: Ledger = agency.receipts if resource == "receipts" else agency.bills
    if record_id is not None:
        key = agency.number(resource, record_id)
        if ledger.day(key) is None:
            raise SandboxError(f"{resource} {record_id} is not listed any more.")
        return key
    if not len(ledger):
        raise SandboxError(f"There are no {resource}.")
    while True:
        key = ledger.keys[agency.random.randrange(len(ledger))]
        if resource == "bills" or receipt_parts(key)[2] != BOND:
            return key


def receipt_now(agency: Agency, key: int) -> tuple[int, bool]:
    """Return what a receipt counts for now: cents, and whether it is void."""
    patch = agency.patches.get(("receipts", agency.make_id("receipts", key)))
    fields = patch.fields if patch else {}
    amount = cents(fields["Amount"]) if "Amount" in fields else receipt_cents(agency, key)
    return amount, bool(fields.get("IsVoid", False))


def stamp_tenancy(agency: Agency, tenancy: Tenancy) -> None:
    """Mark a tenancy as changed now; the lot that it occupies shows when its tenancy changed, so it changes too."""
    tenancy.stamp = agency.clock.next()
    lot = agency.lots[tenancy.lot]
    if lot.tenancy == tenancy.index:
        lot.stamp = tenancy.stamp


def recount(agency: Agency, key: int, change: int) -> None:
    """Let a change of a rent receipt show in the tenancy's total."""
    _, index, number = receipt_parts(key)
    tenancy = agency.tenancies[index]
    if number != BOND:
        tenancy.paid_cents += change
    stamp_tenancy(agency, tenancy)


def resource_ids(agency: Agency, resource: str) -> list[str] | None:
    """Return the ids of a resource kept as objects, None for the two kept as ledgers."""
    sizes = {
        "lots": len(agency.lots), "contacts": len(agency.contacts), "tenancies": len(agency.tenancies),
        "balances": len(agency.tenancies), "jobs": len(agency.jobs),
    }  # fmt: skip
    return [agency.make_id(resource, number) for number in range(sizes[resource])] if resource in sizes else None


def pick(agency: Agency, resource: str, record_id: str | None) -> str:
    """Return a record's id after checking it, or a random one's."""
    if resource not in RESOURCES:
        raise SandboxError(f"Unknown resource {resource!r}; known: {', '.join(RESOURCES)}.")
    if resource in ("receipts", "bills"):
        return agency.make_id(resource, pick_key(agency, resource, record_id))
    if record_id is not None:
        agency.number(resource, record_id)
        return record_id
    return agency.random.choice(resource_ids(agency, resource) or [""])


def touch(agency: Agency, resource: str, record_id: str) -> None:
    """Raise the stamp of the object behind a row, so that lists without a Timestamp show the change too."""
    number = agency.number(resource, record_id) if resource != "quotes" else -1
    stamp = agency.clock.next()
    if resource in ("tenancies", "balances"):
        stamp_tenancy(agency, agency.tenancies[number])
    elif resource == "lots":
        agency.lots[number].stamp = stamp
    elif resource == "contacts":
        agency.contacts[number].stamp = stamp
    elif resource == "jobs":
        agency.jobs[number].stamp = stamp
