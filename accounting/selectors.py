from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from access.models import Organisation
from accounting.models import BooksLock, Category, CategoryRule, Kind, Transaction, TransactionRevision
from core.pagination import capped_count
from core.ports import sources
from properties.models import Property

# Totals of up to so many lines stand on the page itself; more are added up in a request of their own.
TOTALS_LIMIT = 5_000

_KEY_END = re.compile(r"(~\d+)?(~void)?$")

# Each connection of the books by one step in the unique index a connection: a DISTINCT would read every line.
_CONNECTIONS = """
WITH RECURSIVE step AS (
  (SELECT provider, connection_id FROM accounting_transaction
   WHERE organisation_id = %(organisation)s AND provider_transaction_id <> '' AND connection_id IS NOT NULL
   ORDER BY provider, connection_id LIMIT 1)
  UNION ALL
  SELECT following.provider, following.connection_id FROM step CROSS JOIN LATERAL (
    SELECT provider, connection_id FROM accounting_transaction
    WHERE organisation_id = %(organisation)s AND provider_transaction_id <> '' AND connection_id IS NOT NULL
      AND (provider, connection_id) > (step.provider, step.connection_id)
    ORDER BY provider, connection_id LIMIT 1) AS following
)
SELECT connection_id, provider FROM step
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a list of lines. `is_partial` says that there are more lines than were added up."""

    lines: int
    income: Decimal
    expense: Decimal
    not_exported: int
    is_partial: bool = False

    @property
    def outflow(self) -> Decimal:
        """Expense as it counts in the net."""
        return -self.expense

    @property
    def net(self) -> Decimal:
        return self.income - self.expense


def transactions_of(*, organisation: Organisation) -> QuerySet[Transaction]:
    """The organisation's lines with property and category."""
    return Transaction.objects.filter(organisation=organisation).select_related("property", "category")


def get_transaction(*, organisation: Organisation, transaction_id: UUID) -> Transaction:
    """Raises Transaction.DoesNotExist for one that is not the organisation's."""
    return (
        transactions_of(organisation=organisation)
        .select_related("organisation", "lease", "edited_by", "reverses", "reversed_by")
        .get(pk=transaction_id)
    )


def revisions_of(entry: Transaction) -> list[TransactionRevision]:
    """What the line said before, newest first."""
    return list(entry.revisions.select_related("changed_by").order_by("-id"))


def categories_of(*, organisation: Organisation) -> list[Category]:
    """In the order of the rental schedule."""
    return list(Category.objects.filter(organisation=organisation).order_by("position", "id"))


def rules_of(*, organisation: Organisation) -> QuerySet[CategoryRule]:
    """In the order in which they are tried."""
    return CategoryRule.objects.filter(organisation=organisation).select_related("category").order_by("position", "id")


def get_rule(*, organisation: Organisation, rule_id: UUID) -> CategoryRule:
    """Raises CategoryRule.DoesNotExist for one that is not the organisation's."""
    return rules_of(organisation=organisation).select_related("organisation").get(pk=rule_id)


def sources_of(*, organisation: Organisation) -> dict[UUID, str]:
    """The connections that lines came from, with the words for them; two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS, {"organisation": organisation.pk})
        found: dict[UUID, str] = dict(cursor.fetchall())
    badges = sources().for_connections(organisation.pk, found)
    return {key: badges[key].label if key in badges else provider for key, provider in found.items()}


def totals_of(queryset: QuerySet[Transaction], *, limit: int | None = TOTALS_LIMIT) -> Totals:
    """Number and sums of the lines, of the first `limit` of them only where there are more. One query.

    Reversed lines and their reversing entries both count, so together they add nothing.
    """
    lines: QuerySet[Any, Any] = queryset.select_related(None).order_by().values("pk", "kind", "amount", "exported_at")
    if limit is not None:
        # In list order, so that the same index ends the work early.
        lines = lines.order_by("-occurred_on", "-id")[: limit + 1]
    found = lines.aggregate(
        lines=Count("pk"),
        income=Sum("amount", filter=Q(kind=Kind.INCOME)),
        expense=Sum("amount", filter=Q(kind=Kind.EXPENSE)),
        not_exported=Count("pk", filter=Q(exported_at__isnull=True)),
    )
    return Totals(
        lines=found["lines"],
        income=found["income"] or Decimal(0),
        expense=found["expense"] or Decimal(0),
        not_exported=found["not_exported"],
        is_partial=limit is not None and found["lines"] > limit,
    )


def names_in(revisions: Iterable[TransactionRevision], *, organisation: Organisation) -> Mapping[str, str]:
    """Names of the categories and properties that histories mention by id; two queries, none for an empty history."""
    wanted: dict[str, set[str]] = {"category": set(), "property": set()}
    for revision in revisions:
        for field, keys in wanted.items():
            keys.update(value for value in revision.changes.get(field, []) if _is_uuid(value))
    names: dict[str, str] = {}
    for model, keys in ((Category, wanted["category"]), (Property, wanted["property"])):
        if keys:
            rows = model.objects.filter(organisation=organisation, pk__in=keys).values_list("pk", "name")
            names.update({str(key): name for key, name in rows})
    return names


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def record_id_of(entry: Transaction) -> str:
    """The provider's id of the record behind a line: its ledger key less what an import adds ("~2", "~void")."""
    return _KEY_END.sub("", entry.provider_transaction_id)


def books_lock(*, organisation: Organisation) -> BooksLock | None:
    """How far the books are closed and by whom; None while they are open."""
    return BooksLock.objects.filter(organisation=organisation).select_related("closed_by").first()


def totals_between(*, organisation: Organisation, after: date | None, through: date) -> Totals:
    """Number and sums of the lines dated later than `after` (None: from the beginning) and up to `through`."""
    lines = Transaction.objects.filter(organisation=organisation, occurred_on__lte=through)
    return totals_of(lines.filter(occurred_on__gt=after) if after else lines, limit=None)


def bills_sorted_by(*, rule: CategoryRule) -> str:
    """How many bills carry the rule's decision, in words: counted up to a thousand."""
    lines = Transaction.objects.filter(
        organisation=rule.organisation_id, kind=Kind.EXPENSE, category=rule.category_id, category_rule_id=rule.pk
    )
    count, more = capped_count(lines)
    if more:
        return f"More than {count:,} bills"
    return f"{count:,} {'bill' if count == 1 else 'bills'}"
