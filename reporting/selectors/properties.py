from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, DecimalField, F, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from access.models import Organisation
from accounting.models import Kind, Transaction
from integrations.models import Connection, PropertyMapping
from maintenance.models import WorkOrder
from properties.models import Property, Unit
from properties.selectors import properties_of, with_vacant_units
from tenancies.models import Lease
from tenancies.selectors import RUNNING, weekly_rent


def portfolio_rows(*, organisation: Organisation, order: Sequence[str] = ()) -> QuerySet[Property]:
    """Properties with their owner, and the figures that `order` sorts by: `units_vacant`, `rent_by_week`."""
    found = properties_of(organisation=organisation).select_related("owner")
    sorted_by = {name.removeprefix("-") for name in order}
    if "units_vacant" in sorted_by:
        found = with_vacant_units(found)
    if "rent_by_week" in sorted_by:
        rent = (
            Lease.objects.filter(property=OuterRef("pk"), status__in=RUNNING)
            .order_by()
            .values("property")
            .annotate(found=Sum(weekly_rent()))
            .values("found")
        )
        money = DecimalField(max_digits=14, decimal_places=2)
        found = found.annotate(rent_by_week=Coalesce(Subquery(rent), Value(0), output_field=money))
    return found


def lines_of(*, organisation: Organisation, property_id: UUID) -> QuerySet[Transaction]:
    """A property's lines of the books, newest first, with their `effect`: what each adds to or takes from the owner."""
    return (
        Transaction.objects.filter(property_id=property_id, organisation=organisation)
        .select_related("category")
        .annotate(
            effect=Case(
                When(kind=Kind.EXPENSE, then=-F("amount")),
                default=F("amount"),
                output_field=DecimalField(max_digits=14, decimal_places=2),
            )
        )
        .order_by("-occurred_on", "-id")
    )


def sources_for_filter(*, organisation: Organisation) -> list[tuple[str, str]]:
    """(connection id, name) of the connections properties can come from."""
    rows = Connection.objects.filter(organisation=organisation).order_by("id")
    return [(str(row.pk), row.account_name or row.provider) for row in rows]


def mappings_of(*, property: Property) -> list[PropertyMapping]:
    """What the property is called at its sources."""
    rows = PropertyMapping.objects.filter(property=property, organisation_id=property.organisation_id)
    return list(rows.select_related("connection", "unit", "mapped_by").order_by("id"))


@dataclass(frozen=True, slots=True)
class ArchiveEffects:
    """What archiving touches and what stays, for the question before it."""

    properties: int
    units: int
    running_leases: int
    transactions: int
    open_work_orders: int
    mappings: int


def archive_effects(*, organisation: Organisation, ids: Collection[UUID]) -> ArchiveEffects:
    """Counts for the managed properties among `ids`, in one query."""
    managed = Property.objects.filter(organisation=organisation, pk__in=ids, status=Property.Status.ACTIVE)
    inside = {"property__in": managed.values("pk")}

    def count(rows: QuerySet[Any]) -> Coalesce:
        counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(found=Count("pk")).values("found")
        return Coalesce(Subquery(counted), 0)

    row = (
        Organisation.objects.filter(pk=organisation.pk)
        .annotate(
            properties=count(managed),
            units=count(Unit.objects.filter(**inside)),
            running_leases=count(Lease.objects.filter(status__in=RUNNING, **inside)),
            transactions=count(Transaction.objects.filter(**inside)),
            open_work_orders=count(WorkOrder.objects.filter(status__in=WorkOrder.OPEN_STATUSES, **inside)),
            mappings=count(
                PropertyMapping.objects.filter(state=PropertyMapping.State.MAPPED, auto_sync=True, **inside)
            ),
        )
        .values(*ArchiveEffects.__dataclass_fields__)
        .get()
    )
    return ArchiveEffects(**row)
