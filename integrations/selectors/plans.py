from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet, Sum

from access.models import Organisation
from accounting.models import Kind
from integrations.models import SyncPlan, SyncPlanLine
from properties.models import Property

# Order of the tabs: what changes the books first. Actions the engine adds later follow in their own order.
ACTIONS = (
    "create", "update", "void", "unmap", "conflict", "closed", "missing", "unmapped", "wait", "reject", "duplicate",
    "kept", "skipvoid", "skip",
)  # fmt: skip
CHANGING = ("create", "update", "void", "unmap", "conflict", "closed", "missing")
# A plan's lines do not change once it is ready, so its sums need working out once.
TOTALS_AGE = 3600
MOST_PROPERTIES = 50


@dataclass(frozen=True, slots=True)
class PropertyTotal:
    """Money a plan would add at one property."""

    property: Property | None
    lines: int
    income: Decimal
    expense: Decimal


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """Sums of the new money lines; `rows` are the fifty properties with most of it."""

    rows: list[PropertyTotal]
    properties: int
    lines: int
    income: Decimal
    expense: Decimal

    @property
    def others(self) -> int:
        return self.properties - len(self.rows)


def find_plan(*, organisation: Organisation, plan_id: UUID) -> SyncPlan | None:
    return (
        SyncPlan.objects.filter(organisation=organisation, id=plan_id)
        .select_related("connection", "requested_by")
        .first()
    )


def lines_of(plan: SyncPlan, *, action: str = "", state: str = "") -> QuerySet[SyncPlanLine]:
    """Lines of one action, for keyset pages by id."""
    lines = SyncPlanLine.objects.filter(plan=plan)
    if action:
        lines = lines.filter(action=action)
    return lines.filter(state=state) if state else lines


def void_count(plan: SyncPlan) -> int:
    """Lines that were not carried out because their record changed meanwhile; asked only of applied plans."""
    if plan.status != SyncPlan.Status.APPLIED:
        return 0
    return SyncPlanLine.objects.filter(plan=plan, state=SyncPlanLine.State.VOID).count()


def names_of(organisation_id: UUID, property_ids: set[UUID | None]) -> dict[UUID, Property]:
    """Properties by id for the rows of a page. One query."""
    return Property.objects.filter(organisation_id=organisation_id).in_bulk([item for item in property_ids if item])


def totals_of(plan: SyncPlan) -> PlanTotals:
    """New money by property and in all."""
    key = f"integrations:plan-totals:{plan.id}"
    kept: list[tuple[UUID | None, int, Decimal, Decimal]] | None = cache.get(key)
    if kept is None:
        kept = list(
            SyncPlanLine.objects.filter(plan=plan, action="create", amount__isnull=False)
            .values("property_id")
            .annotate(
                lines=Count("id"),
                income=Sum("amount", filter=Q(kind=Kind.INCOME), default=Decimal(0)),
                expense=Sum("amount", filter=Q(kind=Kind.EXPENSE), default=Decimal(0)),
            )
            .order_by()
            .values_list("property_id", "lines", "income", "expense")
        )
        if plan.status != SyncPlan.Status.BUILDING:
            cache.set(key, kept, TOTALS_AGE)
    largest = sorted(kept, key=lambda row: abs(row[2]) + abs(row[3]), reverse=True)[:MOST_PROPERTIES]
    names = names_of(plan.organisation_id, {row[0] for row in largest})
    return PlanTotals(
        rows=[PropertyTotal(names.get(row[0]) if row[0] else None, row[1], row[2], row[3]) for row in largest],
        properties=len(kept),
        lines=sum(row[1] for row in kept),
        income=sum((row[2] for row in kept), Decimal(0)),
        expense=sum((row[3] for row in kept), Decimal(0)),
    )
