"""Every change that a person makes to the books, one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.transaction import atomic
from django.utils import timezone

from access.models import Organisation, User
from accounting.models import Category, Transaction, TransactionRevision
from accounting.services.exports import mark_exported as mark_exported  # one import for all writes of the books
from accounting.services.periods import require_open
from core.errors import DomainError
from core.formatting import day_text
from core.ids import uuid7
from properties.models import Property
from tenancies.models import Lease

VOID_SUFFIX = "~void"
_CENT = Decimal("0.01")
_LARGEST = Decimal(10) ** 12


def add_transaction(
    *,
    organisation: Organisation,
    user: User,
    property: Property,
    category: Category,
    occurred_on: date,
    amount: Decimal,
    description: str = "",
    counterparty: str = "",
    reference: str = "",
    tax_amount: Decimal | None = None,
    lease: Lease | None = None,
    entry_id: UUID | None = None,
) -> Transaction:
    """Enter a line by hand, in the organisation's currency; its kind is the category's.

    `entry_id` makes it safe to send twice: a second call with the same id returns the first one's entry.
    Raises DomainError `amount`, `tax_amount`, `other_organisation`, `lease_property` or `period_closed`.
    """
    owners = {property.organisation_id, category.organisation_id, *([lease.organisation_id] if lease else [])}
    if owners != {organisation.pk}:
        raise DomainError("other_organisation", "Choose a property, a category and a lease of this organisation.")
    if lease is not None and lease.property_id != property.pk:
        raise DomainError("lease_property", "This lease belongs to another property. Choose one of the same property.")
    amount = _cents(amount)
    if amount <= 0:
        raise DomainError(
            "amount", "The amount must be more than zero: whether it is income or expense follows from the category."
        )
    if tax_amount is not None and not 0 <= _cents(tax_amount) <= amount:
        raise DomainError("tax_amount", "The tax is part of the amount, so it cannot be negative or larger than it.")
    require_open(organisation, occurred_on)
    entry, _ = Transaction.objects.get_or_create(
        organisation=organisation,
        pk=entry_id or uuid7(),
        defaults={
            "property": property,
            "lease": lease,
            "category": category,
            "kind": category.kind,
            "occurred_on": occurred_on,
            "amount": amount,
            "tax_amount": None if tax_amount is None else _cents(tax_amount),
            "currency": organisation.currency,
            "description": description,
            "counterparty": counterparty,
            "reference": reference,
            "category_reason": f"Chosen by {user}",
        },
    )
    return entry


def edit_transaction(
    *,
    transaction: Transaction,
    user: User,
    category: Category | None = None,
    description: str | None = None,
    amount: Decimal | None = None,
    occurred_on: date | None = None,
    reason: str = "",
) -> Transaction:
    """Change what is given and keep what was: a revision names old and new, and the person's edit wins over syncs.

    Nothing is written when nothing differs. A changed amount clears the tax, which nobody has worked out anew.
    Raises DomainError `not_editable`, `exported`, `period_closed`, `category_kind` or `amount`.
    """
    with _locked(transaction) as entry:
        _require_changeable(entry)
        require_open(entry.organisation, entry.occurred_on, occurred_on or entry.occurred_on)
        changes: dict[str, list[str]] = {}
        if category is not None and category.pk != entry.category_id:
            if category.organisation_id != entry.organisation_id or category.kind != entry.kind:
                raise DomainError("category_kind", f"Choose one of your {entry.get_kind_display().lower()} categories.")
            changes["category"] = [str(entry.category_id), str(category.pk)]
            entry.category = category
            entry.category_reason = f"Chosen by {user}"[:300]
            entry.category_rule_id = None
        if description is not None and description != entry.description:
            changes["description"] = [entry.description, description]
            entry.description = description
        if occurred_on is not None and occurred_on != entry.occurred_on:
            changes["occurred_on"] = [entry.occurred_on.isoformat(), occurred_on.isoformat()]
            entry.occurred_on = occurred_on
        if amount is not None and _cents(amount) != entry.amount:
            amount = _cents(amount)
            if amount == 0 or (amount < 0) != (entry.amount < 0):
                raise DomainError(
                    "amount",
                    "The amount cannot be zero or change its sign. Reverse the entry if it should not be there.",
                )
            changes["amount"] = [f"{entry.amount:.2f}", f"{amount:.2f}"]
            entry.amount = amount
            if entry.tax_amount is not None:
                changes["tax_amount"] = [f"{entry.tax_amount:.2f}", ""]
                entry.tax_amount = None
        if changes:
            entry.edited_at = timezone.now()
            entry.edited_by = user
            entry.save()
            _record(entry, changes=changes, reason=reason or "Edited", user=user)
        return entry


def reverse_transaction(
    *,
    transaction: Transaction,
    user: User | None,
    reason: str,
    occurred_on: date | None = None,
    sync_run_id: UUID | None = None,
) -> Transaction:
    """Cancel a line by an entry of the opposite amount, dated `occurred_on` or as the original; returns that entry.

    The original stays, marked reversed: per kind, property and category both add up to nothing. `user` is None when
    a sync asks; a person's reversal counts as their edit, so that no sync brings the line back.
    Raises DomainError `not_editable`, `exported` or `period_closed`.
    """
    with _locked(transaction) as entry:
        _require_changeable(entry)
        day = occurred_on or entry.occurred_on
        require_open(entry.organisation, entry.occurred_on, day)
        reversal = Transaction.objects.create(
            organisation_id=entry.organisation_id,
            property_id=entry.property_id,
            lease_id=entry.lease_id,
            category_id=entry.category_id,
            kind=entry.kind,
            status=Transaction.Status.REVERSAL,
            occurred_on=day,
            amount=-entry.amount,
            tax_amount=None if entry.tax_amount is None else -entry.tax_amount,
            currency=entry.currency,
            description=f"Reversal: {entry.description}"[:300] if entry.description else "Reversal",
            counterparty=entry.counterparty,
            reference=entry.reference,
            is_derived=entry.is_derived,
            job_ref=entry.job_ref,
            category_reason=f"As the entry of {day_text(entry.occurred_on)} that it reverses".replace("\u00a0", " "),
            provider=entry.provider,
            connection_id=entry.connection_id,
            provider_transaction_id=f"{entry.provider_transaction_id}{VOID_SUFFIX}"
            if entry.provider_transaction_id
            else "",
            sync_run_id=sync_run_id,
            reverses=entry,
        )
        entry.status = Transaction.Status.REVERSED
        if user is not None:
            entry.edited_at = timezone.now()
            entry.edited_by = user
        entry.save(update_fields=["status", "edited_at", "edited_by", "updated_at"])
        changes = {"status": [Transaction.Status.CONFIRMED.value, Transaction.Status.REVERSED.value]}
        _record(entry, changes=changes, reason=reason, user=user, sync_run_id=sync_run_id)
        return reversal


@contextmanager
def _locked(entry: Transaction) -> Iterator[Transaction]:
    """A transaction block holding the row: of two people who press the button together, one waits and is told."""
    with atomic():
        yield (
            Transaction.objects.select_for_update(of=("self",))
            .select_related("organisation", "category")
            .get(pk=entry.pk, organisation_id=entry.organisation_id)
        )


def _require_changeable(entry: Transaction) -> None:
    if entry.status == Transaction.Status.REVERSED:
        raise DomainError("not_editable", "This entry has been reversed. Enter a new one if the money did move.")
    if entry.status == Transaction.Status.REVERSAL:
        raise DomainError("not_editable", "This is a reversing entry. Enter a new one if the money did move after all.")
    if entry.exported_at is not None:
        raise DomainError(
            "exported",
            f"This entry left for the accounting system on {day_text(entry.exported_at)} and is locked. "
            "Enter a correcting entry instead, so that both books agree.",
        )


def _record(
    entry: Transaction,
    *,
    changes: dict[str, list[str]],
    reason: str,
    user: User | None,
    sync_run_id: UUID | None = None,
) -> None:
    TransactionRevision.objects.create(
        organisation_id=entry.organisation_id,
        transaction=entry,
        changes=changes,
        reason=reason[:300],
        changed_by=user,
        sync_run_id=sync_run_id,
    )


def _cents(amount: Decimal) -> Decimal:
    """Raises DomainError `amount` for fractions of a cent (rounding would invent or lose money) and absurd sizes."""
    if not amount.is_finite() or abs(amount) >= _LARGEST or amount != amount.quantize(_CENT):
        raise DomainError("amount", "Write the amount with at most two decimals and below a million million.")
    return amount.quantize(_CENT)
