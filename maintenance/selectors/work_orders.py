from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Prefetch, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from access.models import Organisation
from accounting.models import Transaction
from maintenance.models import Offer, WorkOrder


def work_orders_of(*, organisation: Organisation) -> QuerySet[WorkOrder]:
    """The organisation's work orders with `opened`: when they were reported, or when they came here if nobody said."""
    return (
        WorkOrder.objects.filter(organisation=organisation)
        .select_related("property", "unit")
        .annotate(opened=Coalesce("opened_at", "created_at"))
    )


def get_work_order(*, organisation: Organisation, work_order_id: UUID) -> WorkOrder:
    """Raises WorkOrder.DoesNotExist for one that is not the organisation's."""
    return work_orders_of(organisation=organisation).select_related("organisation").get(pk=work_order_id)


def work_order_of_job(*, organisation: Organisation, connection_id: UUID, job_ref: str) -> WorkOrder:
    """The work order of a provider's job; raises WorkOrder.DoesNotExist when it was never imported."""
    return WorkOrder.objects.exclude(provider_id="").get(
        organisation=organisation, connection_id=connection_id, provider_id=job_ref
    )


def status_counts(queryset: QuerySet[WorkOrder]) -> dict[str, int]:
    """How many of the work orders are in each status, and in the manual lane as `manual`; one query."""
    rows = (
        queryset.select_related(None)
        .order_by()
        .values_list("status")
        .annotate(found=Count("pk"), by_hand=Count("pk", filter=Q(manual_since__isnull=False)))
    )
    counts = {status: found for status, found, _ in rows}
    return {**counts, "manual": sum(by_hand for _, _, by_hand in rows)}


def bills_of(work_order: WorkOrder) -> QuerySet[Transaction]:
    """Lines of the books that bill the job: same connection, same job; none for a job entered by hand."""
    if not work_order.provider_id:
        return Transaction.objects.none()
    return (
        # The property leads to its lines by index; a job is billed where it was done.
        Transaction.objects.filter(
            organisation=work_order.organisation_id,
            property=work_order.property_id,
            connection_id=work_order.connection_id,
            job_ref=work_order.provider_id,
        )
        .select_related("category")
        .order_by("-occurred_on", "-id")
    )


# What was closed longer ago is in the list, not on the board.
ON_THE_BOARD = timedelta(days=14)


def board_cards(*, organisation: Organisation, now: datetime) -> list[WorkOrder]:
    """Open jobs and those done lately, the most urgent first, with their live offers; two queries."""
    urgency = Case(
        *(When(priority=key, then=Value(place)) for place, key in enumerate(("urgent", "high", "normal", "low"))),
        default=Value(4),
        output_field=IntegerField(),
    )
    live = Offer.objects.filter(kind=Offer.Kind.JOB, state__in=Offer.LIVE).select_related("vendor")
    done = Q(status=WorkOrder.Status.DONE, closed_at__gte=now - ON_THE_BOARD)
    found: QuerySet[WorkOrder] = work_orders_of(organisation=organisation)
    return list(
        found.filter(Q(status__in=WorkOrder.OPEN_STATUSES) | done)
        .select_related("vendor")
        .prefetch_related(Prefetch("offers", queryset=live))
        .order_by(urgency, Coalesce("opened_at", "created_at"), "id")
    )


def dated_work_orders(*, organisation: Organisation, start: date, end: date) -> QuerySet[WorkOrder]:
    """Jobs scheduled or due between the two days, cancelled ones left out; days are those of the active zone."""
    first = timezone.make_aware(datetime.combine(start, time.min))
    last = timezone.make_aware(datetime.combine(end + timedelta(days=1), time.min))
    return (
        work_orders_of(organisation=organisation)
        .filter(Q(scheduled_for__gte=first, scheduled_for__lt=last) | Q(due_on__gte=start, due_on__lte=end))
        .exclude(status=WorkOrder.Status.CANCELLED)
        .order_by("id")
    )
