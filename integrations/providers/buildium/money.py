"""Buildium's ledger lines and bills as our records: what of them is money of rent, and what a home costs (NOTES.md)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.errors import RecordRejected, RecordSetAside
from integrations.providers.buildium.mapping import home_of, identity
from integrations.providers.buildium.values import day, money, optional_day, part, parts, text
from integrations.records import BillRecord, PaymentRecord

Row = Mapping[str, Any]
# Which way money of rent goes with each kind of transaction. Others are none: they charge, or move what is held.
_DIRECTION = {
    "Payment": 1,
    "UnreversedPayment": 1,
    "ApplyDeposit": 1,
    "ReversedEftRefund": 1,
    "ReversePayment": -1,
    "Refund": -1,
}
_NAMES = {
    "Payment": "Rent",
    "UnreversedPayment": "Rent, payment restored",
    "ApplyDeposit": "Rent, from the deposit",
    "ReversedEftRefund": "Rent, refund returned",
    "ReversePayment": "Rent, payment reversed",
    "Refund": "Rent refunded",
}


def payment_record(row: Row) -> PaymentRecord:
    """A line of a lease's ledger that is money of rent, with the sign it has for the owner.

    A reversal is a row of its own, on its own day and negative: Buildium publishes no link to the payment it reverses,
    and in the books both happened. Raises RecordSetAside for charges, credits and what is held as a deposit.
    """
    kind = text(row.get("TransactionTypeEnum"))
    direction = _DIRECTION.get(kind)
    if direction is None:
        raise RecordSetAside(f"This is a {kind or 'transaction without a type'}, not money received as rent.")
    home = text(row.get("LotId"), 128)
    if not home:
        raise RecordRejected("Buildium sent this transaction without a unit.")
    amount = rent_share(row)
    if amount == 0:
        raise RecordSetAside("All of this is a deposit held for the tenant, which is no income.")
    journal = part(row, "Journal")
    memo = text(journal.get("Memo"))
    references = [
        text(row.get("CheckNumber")),
        *(text(line.get("ReferenceNumber")) for line in parts(journal, "Lines")),
    ]
    return PaymentRecord(
        identity(row),
        home,
        text(row.get("LeaseId")),
        amount * direction,
        day(row.get("Date")),
        f"{_NAMES[kind]}: {memo}"[:300] if memo else _NAMES[kind],
        text(row.get("TenantName"), 200),
        next((value for value in references if value), "")[:120],
    )


def rent_share(row: Row) -> Decimal:
    """What of a transaction is rent: never negative, zero where all of it is a deposit.

    Lines on income accounts count, and so do liabilities that are no deposit, such as rent paid in advance. Lines on
    asset accounts are the other side of the same money. Without lines the whole amount counts.
    """
    lines = parts(part(row, "Journal"), "Lines")
    kinds = [(part(line, "GLAccount"), line) for line in lines]
    mine = [(account, line) for account, line in kinds if account.get("Type") in ("Income", "Liability")]
    if not mine:
        return abs(money(row.get("TotalAmount")))
    rent = [money(line.get("Amount")) for account, line in mine if not _is_deposit(account)]
    return abs(sum(rent, Decimal(0)))


def _is_deposit(account: Row) -> bool:
    names = f"{text(account.get('DefaultAccountName'))} {text(account.get('Name'))}".lower()
    return account.get("Type") == "Liability" and "deposit" in names


def bill_record(row: Row) -> BillRecord:
    """The share of a bill that is for one home. It counts on the day it was paid, until then on the day it is due."""
    home = home_of(row, "bill")
    lines = parts(row, "Lines")
    if not lines:
        raise RecordRejected("Buildium sent this bill without any lines, so its amount is not known.")
    paid = optional_day(row.get("PaidDate"), "day of payment")
    memos = dict.fromkeys(text(line.get("Memo")) for line in lines if text(line.get("Memo")))
    accounts = dict.fromkeys(text(part(line, "GLAccount").get("Name")) for line in lines)
    return BillRecord(
        identity(row),
        home,
        # What the manager adds on top (Markup) is a charge of its own and no cost of the bill.
        sum((money(line.get("Amount")) for line in lines), Decimal(0)),
        paid or day(row.get("DueDate") or row.get("Date"), "due date"),
        text(row.get("WorkOrderId")),
        None,
        (text(row.get("Memo")) or ", ".join(memos) or ", ".join(name for name in accounts if name))[:300],
        text(row.get("VendorName"), 200),
        text(row.get("ReferenceNumber"), 120),
        row.get("ApprovalStatus") == "Rejected",
    )
