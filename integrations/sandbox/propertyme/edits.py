"""What an agency's staff does to receipts and bills, and the passing of days.

Each function is an operation: ``agency.edit("void_receipt", record=ID)`` or ``POST /_sandbox/edit``. Where ``record``
(an id) is left out, one is chosen at random (the choice depends on the seed and on how many operations came before).
Amounts are dollars as number or string, dates ISO. Each returns the id of the record, or a small dict.
"""

from __future__ import annotations

from typing import Any

from integrations.sandbox.wire import SandboxError

from . import life
from .ledger import MANUAL_BILL, MANUAL_RECEIPTS, bill_key, receipt_key
from .model import iso_day
from .money_rows import bill_row
from .operations import operation
from .rows import dollars
from .targets import Amount, cents, ordinal, pick_key, receipt_now, recount
from .world import Agency


@operation
def advance(agency: Agency, *, days: int = 1) -> dict[str, int]:
    """Let days pass."""
    if not 0 < int(days) <= 3660:
        raise SandboxError("days must be between 1 and 3660.")
    before = (len(agency.receipts), len(agency.bills), len(agency.jobs), len(agency.tenancies))
    for _ in range(int(days)):
        life.live_a_day(agency)
    after = (len(agency.receipts), len(agency.bills), len(agency.jobs), len(agency.tenancies))
    return {name: b - a for name, a, b in zip(("receipts", "bills", "jobs", "tenancies"), before, after, strict=True)}


@operation
def edit_receipt(
    agency: Agency,
    *,
    record: str | None = None,
    amount: Amount | None = None,
    on: str | None = None,
    reference: str | None = None,
) -> str:
    """Change a receipt; without any value its amount rises by ten dollars."""
    key = pick_key(agency, "receipts", record)
    old, void = receipt_now(agency, key)
    new = cents(amount) if amount is not None else old + 1000 if on is None and reference is None else old
    day = None if on is None else ordinal(on)
    record_id = agency.make_id("receipts", key)
    patch = agency.patch("receipts", record_id)
    patch.fields["Amount"] = dollars(new)
    if reference is not None:
        patch.fields["Reference"] = reference
    if day is not None:
        patch.fields["TransactionDate"] = iso_day(day)
        agency.receipts.move(key, day)
    recount(agency, key, 0 if void else new - old)
    return record_id


@operation
def void_receipt(agency: Agency, *, record: str | None = None) -> str:
    """Void a receipt: it stays listed, with IsVoid."""
    key = pick_key(agency, "receipts", record)
    amount, void = receipt_now(agency, key)
    record_id = agency.make_id("receipts", key)
    agency.patch("receipts", record_id).fields["IsVoid"] = True
    recount(agency, key, 0 if void else -amount)
    return record_id


@operation
def add_receipt(agency: Agency, *, tenancy_id: str | None = None, amount: Amount = "500", on: str | None = None) -> str:
    """Receipt rent outside the tenant's rhythm."""
    # Where every lease has ended, a receipt comes late, for one of those.
    open_ones = [t.index for t in agency.tenancies if t.closed is None] or [t.index for t in agency.tenancies]
    index = agency.number("tenancies", tenancy_id) if tenancy_id else agency.random.choice(open_ones)
    value, day = cents(amount), ordinal(on) if on else agency.today
    agency.manual += 1
    key = receipt_key(day, index, MANUAL_RECEIPTS + agency.manual % 1000)
    if agency.receipts.day(key) is not None:
        raise SandboxError("Too many receipts were added by hand to this tenancy on this day.")
    agency.receipts.insert(key)
    record_id = agency.make_id("receipts", key)
    patch = agency.patch("receipts", record_id)
    patch.fields |= {"Amount": dollars(value), "PaidFrom": iso_day(day), "PaidTo": iso_day(day + 6)}
    recount(agency, key, value)
    return record_id


@operation
def edit_bill(
    agency: Agency, *, record: str | None = None, amount: Amount | None = None, due: str | None = None,
    paid: str | None = None,
    status: str | None = None, detail: str | None = None,
) -> str:  # fmt: skip
    """Change a bill; without any value its amount rises by ten dollars. ``paid`` also sets the status."""
    key = pick_key(agency, "bills", record)
    row = bill_row(agency, key)
    nothing = amount is None and due is None and paid is None and status is None and detail is None
    fields: dict[str, Any] = {}
    if amount is not None or nothing:
        value = cents(amount) if amount is not None else cents(row.get("Amount") or 0) + 1000
        fields |= {"Amount": dollars(value), "TaxAmount": dollars(round(value / 11)) if row.get("TaxAmount") else 0.0}
    if due is not None:
        fields["DueDate"] = iso_day(ordinal(due))
    if paid is not None:
        fields |= {"PaidOn": iso_day(ordinal(paid)), "Status": "Paid"}
    fields |= {name: value for name, value in (("Status", status), ("Detail", detail)) if value is not None}
    record_id = agency.make_id("bills", key)
    agency.patch("bills", record_id).fields.update(fields)
    return record_id


@operation
def cancel_bill(agency: Agency, *, record: str | None = None) -> str:
    """Cancel a bill: it stays listed, as Cancelled and without a payment."""
    record_id = agency.make_id("bills", pick_key(agency, "bills", record))
    patch = agency.patch("bills", record_id)
    patch.fields["Status"] = "Cancelled"
    patch.removed.add("PaidOn")
    return record_id


@operation
def add_bill(
    agency: Agency, *, lot_id: str | None = None, amount: Amount = "100", detail: str = "Sundry", supplier: str = "",
    job_id: str | None = None, paid: bool = True, on: str | None = None,
) -> str:  # fmt: skip
    """Enter a bill by hand; ``supplier`` is a name, ``job_id`` links it to a job."""
    job = None if job_id is None else agency.jobs[agency.number("jobs", job_id)]
    chosen = agency.number("lots", lot_id) if lot_id else job.lot if job else agency.random.choice(agency.lots).index
    value, day = cents(amount), ordinal(on) if on else agency.today
    agency.manual += 1
    key = bill_key(day, chosen, MANUAL_BILL, agency.manual)
    agency.bills.insert(key)
    record_id = agency.make_id("bills", key)
    fields: dict[str, Any] = {
        "Amount": dollars(value),
        "TaxAmount": dollars(round(value / 11)),
        "Detail": detail,
        "Status": "Unpaid",
    }
    fields |= {"SupplierReference": supplier} if supplier else {}
    fields |= {"JobTaskId": job_id} if job_id else {}
    patch = agency.patch("bills", record_id)
    patch.removed.add("PaidOn")
    if paid:
        fields |= {"Status": "Paid", "PaidOn": iso_day(day)}
        patch.removed.clear()
    patch.fields.update(fields)
    return record_id
