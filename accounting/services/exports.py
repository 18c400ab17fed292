"""Locking what left for an accounting system."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from access.models import Organisation, User
from accounting.models import Transaction
from core.errors import DomainError

EXPORT_LIMIT = 50_000


def mark_exported(
    *,
    organisation: Organisation,
    user: User,
    ids: Iterable[UUID] | None = None,
    queryset: QuerySet[Transaction] | None = None,
) -> tuple[int, datetime]:
    """Lock the lines that left for an accounting system, those of `ids` or of `queryset`: (how many, their time).

    Lines that were exported before keep their time. The returned time names this export: the same lines can be
    downloaded again by it. Raises DomainError `export_size` beyond EXPORT_LIMIT lines.
    """
    chosen = Transaction.objects.all() if queryset is None else queryset
    if ids is not None:
        chosen = chosen.filter(pk__in=list(ids))
    chosen = chosen.filter(organisation=organisation, exported_at__isnull=True).order_by()
    moment = timezone.now()
    with atomic():
        found = list(chosen.select_for_update(of=("self",)).values_list("pk", flat=True)[: EXPORT_LIMIT + 1])
        if len(found) > EXPORT_LIMIT:
            raise DomainError(
                "export_size",
                f"More than {EXPORT_LIMIT:,} lines would be locked at once. Export them in parts, by shorter periods.",
            )
        Transaction.objects.filter(pk__in=found).update(exported_at=moment, updated_at=moment)
        # One statement for all: tens of thousands of revisions would take seconds as objects.
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO accounting_transactionrevision (id, created_at, updated_at, organisation_id,"
                " transaction_id, changes, reason, changed_by_id, sync_run_id)"
                " SELECT pt_uuid7(), %s, %s, %s, line.id,"
                " jsonb_build_object('exported_at', jsonb_build_array('', %s::text)), 'Exported and locked', %s, NULL"
                " FROM unnest(%s::uuid[]) AS line(id)",
                [moment, moment, organisation.pk, moment.isoformat(), user.pk, found],
            )
    return len(found), moment
