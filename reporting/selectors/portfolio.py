"""The figures of the portfolio. Each is defined here or below once; every page that shows one asks here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast, JSONObject

from access.models import Organisation
from maintenance.models import WorkOrder
from properties.models import Property, Unit
from tenancies.models import Lease
from tenancies.selectors import IN_ARREARS

PENDING = Q(status__in=WorkOrder.OPEN_STATUSES)


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """Where the portfolio stands today. Units are those of managed properties; a unit under notice counts as let."""

    properties: int
    units: int
    occupied: int
    vacant: int
    offline: int
    arrears_tenancies: int
    arrears_amount: Decimal
    arrears_oldest_days: int
    work_orders: int
    work_orders_past_target: int
    oldest_target: date | None

    @property
    def lettable(self) -> int:
        """Units that can be let: all but the offline ones."""
        return self.units - self.offline

    @property
    def vacancy_rate(self) -> Decimal | None:
        """Vacant units as a share of those that can be let; None where there is none."""
        return Decimal(self.vacant) / self.lettable if self.lettable else None


def portfolio_summary(*, organisation: Organisation, today: date) -> PortfolioSummary:
    """Every figure in one round trip."""
    row = _summaries(Organisation.objects.filter(pk=organisation.pk), owner="organisation", today=today).get()
    return _summary(row)


def property_summary(*, organisation: Organisation, property_id: UUID, today: date) -> PortfolioSummary:
    """The same figures of one property, archived or not. Raises Property.DoesNotExist."""
    rows = Property.objects.filter(organisation=organisation, pk=property_id)
    return _summary(_summaries(rows, owner="property", today=today).get())


def _summaries(rows: QuerySet[Any], *, owner: str, today: date) -> QuerySet[Any, dict[str, Any]]:
    def facts(of: QuerySet[Any], **figures: Any) -> Subquery:
        grouped = of.filter(**{owner: OuterRef("pk")}).order_by().values(owner)
        return Subquery(grouped.annotate(facts=JSONObject(**figures)).values("facts"))

    status = Unit.Status
    units, properties = Unit.objects.all(), Property.objects.filter(pk=OuterRef("pk"))
    if owner == "organisation":
        units = units.filter(property__status=Property.Status.ACTIVE)
        properties = Property.objects.filter(organisation=OuterRef("pk"), status=Property.Status.ACTIVE)
    counted = properties.order_by().values("organisation").annotate(found=Count("pk")).values("found")
    late = Q(due_on__lt=today)
    annotated: QuerySet[Any, dict[str, Any]] = rows.annotate(
        properties_found=Subquery(counted),
        unit_facts=facts(
            units,
            units=Count("pk"),
            occupied=Count("pk", filter=Q(status__in=(status.OCCUPIED, status.NOTICE))),
            vacant=Count("pk", filter=Q(status=status.VACANT)),
            offline=Count("pk", filter=Q(status=status.OFFLINE)),
        ),
        arrears_facts=facts(
            Lease.objects.filter(IN_ARREARS),
            arrears_tenancies=Count("pk"),
            # As text: JSON numbers would come back as floats.
            arrears_amount=Cast(Sum("arrears_amount"), CharField()),
            arrears_oldest_days=Max("arrears_days"),
        ),
        job_facts=facts(
            WorkOrder.objects.filter(PENDING),
            work_orders=Count("pk"),
            work_orders_past_target=Count("pk", filter=late),
            oldest_target=Min("due_on", filter=late),
        ),
    ).values("properties_found", "unit_facts", "arrears_facts", "job_facts")
    return annotated


def _summary(row: dict[str, Any]) -> PortfolioSummary:
    found = {**(row["unit_facts"] or {}), **(row["arrears_facts"] or {}), **(row["job_facts"] or {})}
    target = found.get("oldest_target")
    return PortfolioSummary(
        properties=row["properties_found"] or 0,
        arrears_amount=Decimal(found.get("arrears_amount") or "0.00"),
        oldest_target=date.fromisoformat(target) if target else None,
        **{
            name: found.get(name) or 0
            for name in (
                "units", "occupied", "vacant", "offline", "arrears_tenancies", "arrears_oldest_days", "work_orders",
                "work_orders_past_target",
            )
        },
    )  # fmt: skip
