"""Set-based writes of the books from a planned chunk.

The caller fills the temporary table pt_plan (integrations/sync/work.py) inside its own transaction: one row a record,
with everything a transaction needs. These functions are the only place where a sync writes the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from access.models import Organisation

_CREATE = """
INSERT INTO accounting_transaction (id, created_at, updated_at, organisation_id, property_id, lease_id, category_id,
  kind, status, occurred_on, amount, tax_amount, currency, description, counterparty, reference, is_derived, job_ref,
  category_reason, category_rule_id, provider, connection_id, provider_transaction_id, sync_run_id)
SELECT transaction_id, now(), now(), %(organisation)s, property_id, lease_id, category_id, kind, 'confirmed',
  occurred_on, amount, tax_amount, %(currency)s, description, counterparty, reference, is_derived, job_ref,
  category_reason, category_rule_id, %(provider)s, %(connection)s, provider_transaction_id, %(run)s
FROM pt_plan WHERE action = 'create'
"""
_UNLESS_THERE = """
ON CONFLICT (organisation_id, provider, connection_id, provider_transaction_id)
  WHERE provider_transaction_id <> '' DO NOTHING
"""
_DUPLICATES = """
UPDATE pt_plan p SET action = 'duplicate', verdict = 'duplicate', transaction_id = t.id,
  reason = 'Already imported under the same id.'
FROM accounting_transaction t
WHERE p.action = 'create' AND t.organisation_id = %(organisation)s AND t.provider = %(provider)s
  AND t.connection_id = %(connection)s AND t.provider_transaction_id = p.provider_transaction_id
  AND t.provider_transaction_id <> '' AND t.id <> p.transaction_id
"""
_SURVEY = """
SELECT action, count(*), coalesce(sum(amount) FILTER (WHERE kind = 'income'), 0),
  coalesce(sum(amount) FILTER (WHERE kind = 'expense'), 0)
FROM pt_plan GROUP BY action
"""
_UPDATE = """
UPDATE accounting_transaction t SET updated_at = now(), occurred_on = p.occurred_on, amount = p.amount,
  tax_amount = p.tax_amount, description = p.description, counterparty = p.counterparty, reference = p.reference,
  property_id = p.property_id,
  category_id = CASE WHEN p.changes ? 'category' THEN p.category_id ELSE t.category_id END,
  category_reason = CASE WHEN p.changes ? 'category' THEN p.category_reason ELSE t.category_reason END,
  category_rule_id = CASE WHEN p.changes ? 'category' THEN p.category_rule_id ELSE t.category_rule_id END
FROM pt_plan p WHERE p.action = 'update' AND t.id = p.transaction_id
"""
_REVISIONS = """
INSERT INTO accounting_transactionrevision (id, created_at, updated_at, organisation_id, transaction_id, changes,
  reason, changed_by_id, sync_run_id)
SELECT pt_uuid7(), now(), now(), %(organisation)s, transaction_id, changes,
  CASE action WHEN 'update' THEN %(update_reason)s ELSE reason END, NULL, %(run)s
FROM pt_plan WHERE action IN ('update', 'void', 'unmap')
"""
_REVERSE = """
INSERT INTO accounting_transaction (id, created_at, updated_at, organisation_id, property_id, lease_id, category_id,
  kind, status, occurred_on, amount, tax_amount, currency, description, counterparty, reference, is_derived, job_ref,
  category_reason, category_rule_id, provider, connection_id, provider_transaction_id, sync_run_id, reverses_id)
SELECT pt_uuid7(), now(), now(), t.organisation_id, t.property_id, t.lease_id, t.category_id, t.kind, 'reversal',
  t.occurred_on, -t.amount, -t.tax_amount, t.currency, left('Reversal: ' || t.description, 300), t.counterparty,
  t.reference, t.is_derived, t.job_ref, t.category_reason, t.category_rule_id, t.provider, t.connection_id,
  t.provider_transaction_id || '~void', %(run)s, t.id
FROM pt_plan p JOIN accounting_transaction t ON t.id = p.transaction_id
WHERE p.action IN ('void', 'unmap') AND t.status = 'confirmed'
ON CONFLICT DO NOTHING
"""
_MARK_REVERSED = """
UPDATE accounting_transaction t SET status = 'reversed', updated_at = now()
FROM pt_plan p WHERE p.action IN ('void', 'unmap') AND t.id = p.transaction_id AND t.status = 'confirmed'
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a chunk added to the books: transactions created, and their money. `actions` counts all that was planned."""

    created: int
    income: Decimal
    expense: Decimal
    actions: dict[str, int] = field(default_factory=dict, compare=False)


def _survey(cursor: Any) -> Imported:
    cursor.execute(_SURVEY)
    rows = {action: rest for action, *rest in cursor.fetchall()}
    created, income, expense = rows.get("create", (0, Decimal(0), Decimal(0)))
    return Imported(created, income, expense, {action: rest[0] for action, rest in rows.items()})


def import_planned(
    cursor: Any,
    *,
    organisation: Organisation,
    provider: str,
    connection_id: UUID,
    run_id: UUID,
    update_reason: str,
    only_new: bool = False,
) -> Imported:
    """Creates, updates and reverses what pt_plan says. The same plan a second time changes nothing.

    A record whose ledger key exists already turns into a `duplicate` in pt_plan; nothing is created for it. `only_new`
    says that no such record is expected: that is tried first, because it is cheaper.
    """
    values = {
        "organisation": organisation.id,
        "currency": organisation.currency,
        "provider": provider,
        "connection": connection_id,
        "run": run_id,
        "update_reason": update_reason,
    }
    planned = _survey(cursor)
    if planned.created and not (only_new and _create_all(cursor, values)):
        cursor.execute(_CREATE + _UNLESS_THERE, values)
        if cursor.rowcount != planned.created:
            cursor.execute(_DUPLICATES, values)
            planned = _survey(cursor)
    if planned.actions.keys() & {"update", "void", "unmap"}:
        cursor.execute(_UPDATE, values)
        cursor.execute(_REVERSE, values)
        cursor.execute(_MARK_REVERSED, values)
        cursor.execute(_REVISIONS, values)
    return planned


def _create_all(cursor: Any, values: dict[str, Any]) -> bool:
    """Creates what is planned, all or nothing; answers whether it could."""
    try:
        with transaction.atomic():
            cursor.execute(_CREATE, values)
    except IntegrityError:
        return False
    return True
