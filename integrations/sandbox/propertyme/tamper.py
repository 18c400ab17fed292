"""The mischief an importer must survive: rows that vanish, double or turn odd. Operations, see ``edits``."""

from __future__ import annotations

from typing import Any

from integrations.sandbox.mutations import MUTATIONS
from integrations.sandbox.wire import SandboxError

from .ledger import receipt_parts
from .money_rows import receipt_cents
from .operations import operation
from .targets import pick, receipt_now, recount, touch
from .world import Agency


@operation
def vanish(agency: Agency, *, resource: str = "receipts", record: str | None = None) -> str:
    """Let a record disappear from every list, without a trace."""
    record_id = pick(agency, resource, record)
    if resource in ("receipts", "bills"):
        key = agency.number(resource, record_id)
        if resource == "receipts":
            amount, void = receipt_now(agency, key)
            recount(agency, key, 0 if void else -amount)
        (agency.receipts if resource == "receipts" else agency.bills).remove(key)
    agency.hidden.add((resource, record_id))
    return record_id


@operation
def duplicate(agency: Agency, *, resource: str = "receipts", record: str | None = None) -> str:
    """List a record twice, under the same id."""
    record_id = pick(agency, resource, record)
    if resource in ("receipts", "bills"):
        ledger = agency.receipts if resource == "receipts" else agency.bills
        key = agency.number(resource, record_id)
        ledger.insert(key, ledger.day(key))
    else:
        agency.copies[resource, record_id] += 1
    return record_id


@operation
def patch(
    agency: Agency,
    *,
    resource: str,
    record: str | None = None,
    fields: dict[str, Any] | None = None,
    remove: list[str] | None = None,
) -> str:
    """Set fields of one row to anything at all, and take others away."""
    record_id = pick(agency, resource, record)
    change = agency.patch(resource, record_id)
    change.fields |= fields or {}
    change.removed |= set(remove or ())
    change.removed -= set(fields or {})
    touch(agency, resource, record_id)
    return record_id


@operation
def mutate(
    agency: Agency, *, mutation: str, resource: str = "receipts", record: str | None = None, field: str = ""
) -> str:
    """Make one row odd for good: see ``mutations.MUTATIONS`` (null money, wild dates, right-to-left text, …)."""
    if mutation not in MUTATIONS:
        raise SandboxError(f"Unknown mutation {mutation!r}; known: {', '.join(MUTATIONS)}.")
    record_id = pick(agency, resource, record)
    agency.patch(resource, record_id).mutations.append((mutation, field))
    touch(agency, resource, record_id)
    return record_id


@operation
def heal(agency: Agency, *, resource: str, record: str) -> str:
    """Take back every patch and mutation of a row, its disappearance and its copies."""
    record_id = record
    agency.number(resource, record_id)
    old = agency.patches.get((resource, record_id))
    if resource == "receipts" and old is not None:
        key = agency.number(resource, record_id)
        amount, void = receipt_now(agency, key)
        recount(agency, key, receipt_cents(agency, key) - (0 if void else amount))
        agency.receipts.move(key, receipt_parts(key)[0])
    change = agency.patch(resource, record_id)
    change.fields, change.removed, change.mutations = {}, set(), []
    if (resource, record_id) in agency.hidden and resource in ("receipts", "bills"):
        key = agency.number(resource, record_id)
        (agency.receipts if resource == "receipts" else agency.bills).insert(key)
    agency.hidden.discard((resource, record_id))
    agency.copies.pop((resource, record_id), None)
    touch(agency, resource, record_id)
    return record_id
