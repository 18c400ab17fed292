from __future__ import annotations

from uuid import UUID

from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce

from access.models import Organisation
from accounting.models import Transaction
from maintenance.models import WorkOrder


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
    """How many of the work orders are in each status; one query."""
    rows = queryset.select_related(None).order_by().values_list("status").annotate(found=Count("pk"))
    return dict(rows)


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
