from __future__ import annotations

from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from access.models import Organisation
from properties.models import Owner, Property, Unit


def properties_of(*, organisation: Organisation) -> QuerySet[Property]:
    """Properties with `units_total` and how many of them are let, free and offline."""
    return Property.objects.filter(organisation=organisation).annotate(
        units_total=_units(Q()),
        # A unit under notice is still lived in.
        units_occupied=_units(Q(status__in=(Unit.Status.OCCUPIED, Unit.Status.NOTICE))),
        units_vacant=_units(Q(status=Unit.Status.VACANT)),
        units_offline=_units(Q(status=Unit.Status.OFFLINE)),
    )


def _units(condition: Q) -> Coalesce:
    counted = (
        Unit.objects.filter(condition, property=OuterRef("pk"))
        .order_by()
        .values("property")
        .annotate(found=Count("pk"))
        .values("found")
    )
    return Coalesce(Subquery(counted), 0)


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
