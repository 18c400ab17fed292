"""A person decides between theirs and ours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from access.models import User
from accounting.models import Transaction, TransactionRevision
from accounting.services import periods, transactions
from core.changes import column, from_text
from core.errors import DomainError
from integrations.models import Conflict, ProviderRecord, Verdict
from maintenance.models import WorkOrder
from tenancies.models import Lease
from tenancies.services.imports import refresh_unit_status

_ROWS: dict[str, type[Lease] | type[WorkOrder]] = {"lease": Lease, "work_order": WorkOrder}


@transaction.atomic
def resolve_conflict(*, conflict: Conflict, user: User, take_theirs: bool) -> Conflict:
    """Keeps ours, or takes theirs over into the books with its history.

    Raises DomainError `decided`, and `reversed`, `period_closed` or `exported` when theirs may not be taken.
    """
    # The record first, as a sync does: of the two, one waits for the other.
    ProviderRecord.objects.select_for_update(of=("self",)).get(pk=conflict.record_id)
    card = Conflict.objects.select_for_update(of=("self",)).get(pk=conflict.pk)
    if card.state != Conflict.State.OPEN:
        raise DomainError("decided", "This was decided already. Reload the page to see how.")
    if take_theirs:
        if card.target == "transaction":
            _take_transaction(card, user)
        else:
            _take_row(card)
    card.state = Conflict.State.TOOK_THEIRS if take_theirs else Conflict.State.KEPT_OURS
    card.decided_by, card.decided_at = user, timezone.now()
    card.save(update_fields=["state", "decided_by", "decided_at", "updated_at"])
    # A record that waits to be worked (it changed again, or its mapping did) still is: this card is about what was.
    ProviderRecord.objects.filter(pk=card.record_id, verdict=Verdict.CONFLICT).update(
        verdict=Verdict.IMPORTED,
        reason="" if take_theirs else f"{user} kept ours when it changed at the provider.",
        decided_by_id=user.pk,
    )
    return card


def _take_transaction(card: Conflict, user: User) -> None:
    row = Transaction.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=card.target_id)
    if row.status != Transaction.Status.CONFIRMED:
        raise DomainError("reversed", "Ours was reversed meanwhile, so there is nothing left to change. Keep ours.")
    if row.exported_at is not None:
        raise DomainError(
            "exported", "Ours was exported already. Correct it in your accounting system, then keep ours."
        )
    if "status" in card.changes:
        transactions.reverse_transaction(
            transaction=row, user=None, reason="Voided at the provider.", sync_run_id=card.id
        )
        return
    values: dict[str, Any] = {}
    for name, (_, theirs) in card.changes.items():
        field = column(row, name)
        value = from_text(field, theirs)
        values[field.attname] = value.quantize(Decimal("0.01")) if isinstance(value, Decimal) else value
    periods.require_open(row.organisation, row.occurred_on, values.get("occurred_on", row.occurred_on))
    for name, value in values.items():
        setattr(row, name, value)
    # From here on the row follows the provider again.
    row.edited_at, row.edited_by = None, None
    row.save()
    TransactionRevision.objects.create(
        organisation_id=row.organisation_id,
        transaction=row,
        changes=card.changes,
        reason="Took over what the provider says.",
        changed_by=user,
    )


def _take_row(card: Conflict) -> None:
    row = _ROWS[card.target].objects.select_for_update(of=("self",)).get(pk=card.target_id)
    for name, (_, theirs) in card.changes.items():
        field = column(row, name)
        setattr(row, field.attname, from_text(field, theirs))
    row.edited_fields = [name for name in row.edited_fields if name not in card.changes]
    row.save()
    if isinstance(row, Lease):
        refresh_unit_status(unit_ids=[row.unit_id])
