"""Taking back what a sync run wrote, set-based: by reversing entries, never by deleting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When

from access.models import Organisation, User
from accounting.models import Transaction, TransactionRevision
from core.ids import uuid7

REVERSED, KEPT, BLOCKED = "reversed", "kept", "blocked"


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many rows, and their money by kind."""

    rows: int
    income: Decimal
    expense: Decimal


def sort_created(*, organisation: Organisation, run_id: UUID, closed_through: date | None) -> QuerySet[Any]:
    """The live transactions a run created, each with `bucket`: reversed, kept (a person edited it) or blocked."""
    blocked = Q(exported_at__isnull=False)
    if closed_through:
        blocked |= Q(occurred_on__lte=closed_through)
    return Transaction.objects.filter(
        organisation=organisation,
        sync_run_id=run_id,
        status=Transaction.Status.CONFIRMED,
        reverses__isnull=True,
    ).annotate(
        bucket=Case(
            When(blocked, then=Value(BLOCKED)),
            When(edited_at__isnull=False, then=Value(KEPT)),
            default=Value(REVERSED),
            output_field=CharField(),
        )
    )


def count_created(*, organisation: Organisation, run_id: UUID, closed_through: date | None) -> dict[str, Bucket]:
    """The buckets of `sort_created` in numbers. One query."""
    rows = (
        sort_created(organisation=organisation, run_id=run_id, closed_through=closed_through)
        .order_by()
        .values(name=F("bucket"))
        .annotate(
            rows=Count("id"),
            income=Sum("amount", filter=Q(kind="income"), default=Decimal(0)),
            expense=Sum("amount", filter=Q(kind="expense"), default=Decimal(0)),
        )
    )
    found = {row["name"]: Bucket(row["rows"], row["income"], row["expense"]) for row in rows}
    nothing = Bucket(0, Decimal(0), Decimal(0))
    return {name: found.get(name, nothing) for name in (REVERSED, KEPT, BLOCKED)}


_ELIGIBLE = """
organisation_id = %(organisation)s AND sync_run_id = %(undone)s AND status = 'confirmed' AND reverses_id IS NULL
  AND edited_at IS NULL AND exported_at IS NULL AND (%(closed)s::date IS NULL OR occurred_on > %(closed)s)
"""
_REVERSE = f"""
INSERT INTO accounting_transaction (id, created_at, updated_at, organisation_id, property_id, lease_id, category_id,
  kind, status, occurred_on, amount, tax_amount, currency, description, counterparty, reference, is_derived, job_ref,
  category_reason, category_rule_id, provider, connection_id, provider_transaction_id, sync_run_id, reverses_id)
SELECT pt_uuid7(), now(), now(), organisation_id, property_id, lease_id, category_id, kind, 'reversal', occurred_on,
  -amount, -tax_amount, currency, left('Reversal: ' || description, 300), counterparty, reference, is_derived, job_ref,
  category_reason, category_rule_id, provider, connection_id, provider_transaction_id || '~void', %(run)s, id
FROM accounting_transaction WHERE {_ELIGIBLE}
ON CONFLICT DO NOTHING
"""  # noqa: S608  # constants only
_MARK = f"UPDATE accounting_transaction SET status = 'reversed', updated_at = now() WHERE {_ELIGIBLE}"  # noqa: S608
_CREATED = f"SELECT id FROM accounting_transaction WHERE {_ELIGIBLE}"  # noqa: S608  # constants only


def reverse_created(
    cursor: Any, *, organisation: Organisation, undone_run_id: UUID, run_id: UUID, closed_through: date | None
) -> int:
    """Reverses what a run created and nobody has changed, exported or closed since.

    Leaves the keys of the reversed transactions in the temporary table pt_reversed. Runs in the caller's transaction.
    """
    values = {
        "organisation": organisation.id,
        "undone": undone_run_id,
        "run": run_id,
        "closed": closed_through,
    }
    cursor.execute("CREATE TEMP TABLE IF NOT EXISTS pt_reversed (id uuid NOT NULL) ON COMMIT DELETE ROWS")
    cursor.execute("INSERT INTO pt_reversed " + _CREATED, values)
    number = int(cursor.rowcount)
    cursor.execute(_REVERSE, values)
    cursor.execute(_MARK, values)
    return number


def restore_voided(
    *, transaction: Transaction, provider_transaction_id: str, user: User | None, reason: str, sync_run_id: UUID
) -> Transaction:
    """Enters a reversed line anew, under a ledger key of its own; the original and its reversal stay as they are."""
    restored = Transaction.objects.get(pk=transaction.pk)
    restored.pk = uuid7()
    restored._state.adding = True
    restored.status = Transaction.Status.CONFIRMED
    restored.reverses = None
    restored.provider_transaction_id = provider_transaction_id
    restored.sync_run_id = sync_run_id
    restored.save(force_insert=True)
    TransactionRevision.objects.create(
        organisation_id=restored.organisation_id,
        transaction=restored,
        changes={"status": ["", Transaction.Status.CONFIRMED.value]},
        reason=reason[:300],
        changed_by=user,
        sync_run_id=sync_run_id,
    )
    return restored
