from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from access.models import Organisation
from accounting.models import Transaction
from integrations.models import Conflict, Connection


def conflicts_of(connection: Connection, *, is_open: bool) -> QuerySet[Conflict]:
    """Cards of a connection, for keyset pages by id."""
    rows = Conflict.objects.filter(organisation_id=connection.organisation_id, connection=connection).select_related(
        "record", "decided_by"
    )
    return rows.filter(state=Conflict.State.OPEN) if is_open else rows.exclude(state=Conflict.State.OPEN)


def find_conflict(*, organisation: Organisation, conflict_id: UUID) -> Conflict | None:
    return (
        Conflict.objects.filter(organisation=organisation, id=conflict_id)
        .select_related("connection", "record")
        .first()
    )


def transactions_for(conflicts: list[Conflict]) -> dict[UUID, Transaction]:
    """The lines of the books that cards are about, by id. One query."""
    ids = [conflict.target_id for conflict in conflicts if conflict.target == "transaction"]
    organisations = {conflict.organisation_id for conflict in conflicts}
    return {
        row.id: row
        for row in Transaction.objects.filter(organisation_id__in=organisations, id__in=ids).select_related(
            "property", "category"
        )
    }
