from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from accounting.models import Kind, Transaction
from integrations.models import Connection, PropertyMapping


@dataclass(frozen=True, slots=True)
class Disconnecting:
    """The numbers of the question whether imported data stays."""

    mapped: int
    transactions: int
    income: Decimal
    expense: Decimal
    kept: int  # exported already, or changed by a person: these stay in either case


def what_disconnecting_does(connection: Connection) -> Disconnecting:
    """Asked on a confirm page only: it reads every live transaction of the connection once."""
    held = Q(exported_at__isnull=False) | Q(edited_at__isnull=False)
    money = Transaction.objects.filter(
        organisation_id=connection.organisation_id,
        connection_id=connection.id,
        status=Transaction.Status.CONFIRMED,
    ).aggregate(
        number=Count("id"),
        income=Sum("amount", filter=Q(kind=Kind.INCOME), default=Decimal(0)),
        expense=Sum("amount", filter=Q(kind=Kind.EXPENSE), default=Decimal(0)),
        kept=Count("id", filter=held),
    )
    mapped = PropertyMapping.objects.filter(connection=connection, state=PropertyMapping.State.MAPPED).count()
    return Disconnecting(mapped, money["number"], money["income"], money["expense"], money["kept"])
