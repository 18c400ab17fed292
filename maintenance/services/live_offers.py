"""What becomes of the offers of a job when the job itself moves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from maintenance.models import Offer, OwnerApproval, WorkOrder

# A vendor can still look at a finished job, and add an invoice or a photo, for so long.
AFTER_THE_END = timedelta(days=14)


def complete(*, order: WorkOrder, now: datetime) -> None:
    """The job is done: the accepted offer is completed, every other live one is withdrawn."""
    Offer.objects.filter(work_order=order, kind=Offer.Kind.JOB, state=Offer.State.ACCEPTED).update(
        state=Offer.State.COMPLETED, due_at=None, token_expires_at=now + AFTER_THE_END, updated_at=now
    )
    withdraw(order=order)


def end_all(*, order_ids: Collection[UUID]) -> None:
    """A provider closed these jobs: what was out to vendors is withdrawn."""
    if order_ids:
        Offer.objects.filter(work_order__in=order_ids, state__in=Offer.LIVE).update(
            state=Offer.State.WITHDRAWN, due_at=None, updated_at=timezone.now()
        )


def withdraw(*, order: WorkOrder, job_only: bool = False) -> int:
    """Ends the live offers; their links say so from then on. Answers how many there were."""
    now = timezone.now()
    kinds = Q(kind=Offer.Kind.JOB) if job_only else Q()
    # Lost offers that were still to be passed on stop here too: somebody decided otherwise.
    Offer.objects.filter(work_order=order, state__in=Offer.LOST, due_at__isnull=False).update(due_at=None)
    if not job_only:
        OwnerApproval.objects.filter(
            quote__work_order=order, state__in=(OwnerApproval.State.QUEUED, OwnerApproval.State.SENT)
        ).update(state=OwnerApproval.State.WITHDRAWN, due_at=None, updated_at=now)
    return Offer.objects.filter(kinds, work_order=order, state__in=Offer.LIVE).update(
        state=Offer.State.WITHDRAWN, due_at=None, updated_at=now
    )
