from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import transaction

from access.models import Organisation, User
from core.errors import DomainError
from properties.addresses import StreetParts, split_street_line
from properties.models import Owner, Property, Unit

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnitInput:
    """A unit to be made with its property; `market_rent` is per `rent_period`, in the organisation's currency."""

    label: str = ""
    bedrooms: int | None = None
    bathrooms: int | None = None
    car_spaces: int | None = None
    market_rent: Decimal | None = None
    rent_period: str = "weekly"


class PropertyFields(TypedDict, total=False):
    """What a person may say about a property; `name` is the street line of its address as people write it."""

    name: str
    unit_number: str
    street_number: str
    street: str
    suburb: str
    state: str
    postcode: str
    country: str
    latitude: Decimal | None
    longitude: Decimal | None
    kind: str
    manager_name: str
    owner: Owner | None
    notes: str


@transaction.atomic
def create_property(
    *,
    organisation: Organisation,
    user: User | None = None,
    units: Sequence[UnitInput] | None = None,
    **fields: Unpack[PropertyFields],
) -> Property:
    """Add a property with its units; without `units` it has one, let whole.

    Unit, number and street are read from `name` when none of them is given.
    Raises DomainError: property_name_missing, unit_label_missing, unit_label_twice, owner_of_another_organisation.
    """
    wanted = list(units) if units else [UnitInput()]
    _check_fields(organisation, fields)
    _check_labels([unit.label for unit in wanted])
    property = Property.objects.create(organisation=organisation, **_with_parts(fields))
    Unit.objects.bulk_create(
        Unit(
            organisation=organisation,
            property=property,
            label=unit.label.strip(),
            bedrooms=unit.bedrooms,
            bathrooms=unit.bathrooms,
            car_spaces=unit.car_spaces,
            market_rent=unit.market_rent,
            rent_period=unit.rent_period,
        )
        for unit in wanted
    )
    logger.info("property %s added by %s with %d units", property.pk, user and user.pk, len(wanted))
    return property


@transaction.atomic
def update_property(*, property: Property, user: User | None = None, **fields: Unpack[PropertyFields]) -> Property:
    """Change what is given and nothing else. Raises DomainError as create_property does."""
    locked = Property.objects.select_for_update().get(pk=property.pk)
    _check_fields(locked.organisation, {"name": locked.name, **fields})
    values = _with_parts(fields) if fields.get("name", locked.name) != locked.name else fields
    for name, value in values.items():
        setattr(locked, name, value)
    locked.save(update_fields=[*values, "updated_at"])
    logger.info("property %s changed by %s: %s", locked.pk, user and user.pk, ", ".join(fields))
    return locked


@transaction.atomic
def add_unit(*, property: Property, user: User | None = None, unit: UnitInput) -> Unit:
    """Add a unit to a property that is there. Raises DomainError: unit_label_missing, unit_label_twice."""
    labels = list(Unit.objects.select_for_update().filter(property=property).values_list("label", flat=True))
    _check_labels([*labels, unit.label])
    added = Unit.objects.create(
        organisation=property.organisation,
        property=property,
        label=unit.label.strip(),
        bedrooms=unit.bedrooms,
        bathrooms=unit.bathrooms,
        car_spaces=unit.car_spaces,
        market_rent=unit.market_rent,
        rent_period=unit.rent_period,
    )
    logger.info("unit %s added to property %s by %s", added.pk, property.pk, user and user.pk)
    return added


def archive_property(*, property: Property, user: User | None = None) -> Property:
    """Take a property out of the lists and the vacancy figures; everything recorded for it stays."""
    archive_properties(organisation=property.organisation, ids=[property.pk], user=user)
    property.refresh_from_db()
    return property


def archive_properties(*, organisation: Organisation, ids: Collection[UUID], user: User | None = None) -> int:
    """Archive those of `ids` that are the organisation's and managed; says how many there were."""
    found = Property.objects.filter(organisation=organisation, pk__in=ids, status=Property.Status.ACTIVE)
    done = found.update(status=Property.Status.ARCHIVED)
    logger.info("%d properties archived by %s", done, user and user.pk)
    return done


def restore_property(*, property: Property, user: User | None = None) -> Property:
    """Manage an archived property again."""
    Property.objects.filter(pk=property.pk).update(status=Property.Status.ACTIVE)
    property.refresh_from_db()
    logger.info("property %s restored by %s", property.pk, user and user.pk)
    return property


def set_unit_status(*, unit: Unit, status: str, user: User | None = None) -> Unit:
    """Say whether a unit is let, free or offline. Raises DomainError unit_status_unknown.

    Offline is a person's word and stays through syncs until a person takes it back.
    """
    if status not in Unit.Status.values:
        raise DomainError("unit_status_unknown", f"A unit cannot be “{status}”. Choose vacant, occupied or offline.")
    Unit.objects.filter(pk=unit.pk).update(status=status)
    unit.refresh_from_db()
    logger.info("unit %s set to %s by %s", unit.pk, status, user and user.pk)
    return unit


def _with_parts(fields: PropertyFields) -> PropertyFields:
    """The fields with unit, number and street read from the street line, unless they are given."""
    if any(fields.get(name) for name in StreetParts._fields):
        return fields
    unit_number, street_number, street = split_street_line(fields.get("name", ""))
    return {**fields, "unit_number": unit_number, "street_number": street_number, "street": street}


def _check_fields(organisation: Organisation, fields: PropertyFields) -> None:
    if not fields.get("name", "").strip():
        raise DomainError("property_name_missing", "Write the street line of the address, such as “12 Queen Street”.")
    owner = fields.get("owner")
    if owner is not None and owner.organisation_id != organisation.pk:
        raise DomainError("owner_of_another_organisation", "That owner belongs to another organisation. Choose again.")


def _check_labels(labels: Sequence[str]) -> None:
    seen: set[str] = set()
    for label in (label.strip() for label in labels):
        if not label and len(labels) > 1:
            raise DomainError("unit_label_missing", "Give each unit a number or name, so that they can be told apart.")
        if label.casefold() in seen:
            raise DomainError("unit_label_twice", f"There are two units called “{label}”. Give one another number.")
        seen.add(label.casefold())
