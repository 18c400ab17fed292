from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from access.models import Organisation
from properties.models import Owner, Property, Unit


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How many units a property has, and how many are let, free and offline. One under notice is still lived in."""

    total: int = 0
    occupied: int = 0
    vacant: int = 0
    offline: int = 0


def properties_of(*, organisation: Organisation) -> QuerySet[Property]:
    return Property.objects.filter(organisation=organisation)


def with_vacant_units(properties: QuerySet[Property]) -> QuerySet[Property]:
    """Adds `units_vacant` to sort by; occupancy_of costs less where the figure is only shown."""
    counted = (
        Unit.objects.filter(property=OuterRef("pk"), status=Unit.Status.VACANT)
        .order_by()
        .values("property")
        .annotate(found=Count("pk"))
        .values("found")
    )
    return properties.annotate(units_vacant=Coalesce(Subquery(counted), 0))


def occupancy_of(*, organisation: Organisation, property_ids: Collection[UUID]) -> dict[UUID, Occupancy]:
    """For the rows of a page, in one query; a property without units is absent."""
    status = Unit.Status
    rows = (
        Unit.objects.filter(organisation=organisation, property__in=property_ids)
        .order_by()
        .values_list("property_id")
        .annotate(
            total=Count("pk"),
            occupied=Count("pk", filter=Q(status__in=(status.OCCUPIED, status.NOTICE))),
            vacant=Count("pk", filter=Q(status=status.VACANT)),
            offline=Count("pk", filter=Q(status=status.OFFLINE)),
        )
    )
    return {row[0]: Occupancy(*row[1:]) for row in rows}


def get_property(*, organisation: Organisation, property_id: UUID) -> Property:
    """Raises Property.DoesNotExist for one that is not the organisation's."""
    return properties_of(organisation=organisation).select_related("owner", "organisation").get(pk=property_id)


def get_unit(*, organisation: Organisation, unit_id: UUID) -> Unit:
    """Raises Unit.DoesNotExist for one that is not the organisation's."""
    return Unit.objects.select_related("property", "organisation").get(organisation=organisation, pk=unit_id)


def places(*, organisation: Organisation) -> list[tuple[str, str]]:
    """(suburb, state) pairs that have a property, for the filters of a list."""
    rows = Property.objects.filter(organisation=organisation).order_by("suburb", "state")
    return [(suburb, state) for suburb, state in rows.values_list("suburb", "state").distinct() if suburb or state]


def owners_of(*, organisation: Organisation) -> QuerySet[Owner]:
    return Owner.objects.filter(organisation=organisation).order_by("name", "id")


def same_address(*, organisation: Organisation, name: str, suburb: str, postcode: str) -> Property | None:
    """A managed property that has this street line already, compared without case, in the same place."""
    return (
        Property.objects.filter(
            organisation=organisation,
            status=Property.Status.ACTIVE,
            name__iexact=name.strip(),
            suburb__iexact=suburb.strip(),
            postcode=postcode.strip(),
        )
        .order_by("id")
        .first()
    )


def search_properties(*, organisation: Organisation, text: str) -> QuerySet[Property]:
    """Properties of any status whose address or place has each of the words, by name."""
    found = Property.objects.filter(organisation=organisation)
    for word in text.replace(",", " ").split():
        found = found.filter(
            Q(name__icontains=word) | Q(suburb__icontains=word) | Q(postcode__istartswith=word) | Q(state__iexact=word)
        )
    return found.order_by("name", "id")
