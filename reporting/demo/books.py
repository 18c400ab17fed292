"""The demo's own properties: the same homes as the sandbox agency's, typed in by people who spell differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from access.models import User
from integrations.models import Connection, PropertyMapping
from integrations.services import mapping as mapping_services
from properties.models import Property
from properties.services import PropertyFields, create_property

_LONG_FORMS = {
    "Ave": "Avenue", "St": "Street", "Rd": "Road", "Pde": "Parade", "Cres": "Crescent", "Dr": "Drive", "Pl": "Place",
    "Cl": "Close", "Ct": "Court", "Ln": "Lane", "Tce": "Terrace",
}  # fmt: skip

# What stays for the person who tries the demo: so many of each kind are left on the mapping page.
LEFT_SURE, LEFT_LIKELY, LEFT_VETOED, LEFT_UNKNOWN = 2, 2, 1, 1
# So many of the agency's homes were not in our books before and are created from it.
CREATED = 9


@dataclass(frozen=True, slots=True)
class Left:
    """Mappings that nobody has decided."""

    sure: list[PropertyMapping]
    other: list[PropertyMapping]


def _address(mapping: PropertyMapping) -> dict[str, Any]:
    address: dict[str, Any] = (mapping.facts or {}).get("address") or {}
    return address


def _in_full(street: str) -> str:
    """ "Acacia Ave" as "Acacia Avenue"; a saint at the front stays a saint."""
    words = street.split()
    words[-1] = _LONG_FORMS.get(words[-1], words[-1])
    return " ".join(words)


def _typed(mapping: PropertyMapping, **changes: str) -> PropertyFields:
    """The home as our people would have typed it: street in full, otherwise alike."""
    address = _address(mapping)
    unit = changes.get("unit_number", str(address.get("unit") or ""))
    number = changes.get("street_number", str(address.get("number") or ""))
    street = _in_full(str(address.get("street") or ""))
    return PropertyFields(
        name=f"{unit}/{number} {street}" if unit else f"{number} {street}",
        unit_number=unit,
        street_number=number,
        street=street,
        suburb=changes.get("suburb", str(address.get("suburb") or "")),
        state=str(address.get("state") or ""),
        postcode=str(address.get("postcode") or ""),
        kind=str(mapping.facts.get("kind") or "house"),
        manager_name=str(mapping.facts.get("manager_name") or ""),
    )


def _likely(mapping: PropertyMapping) -> PropertyFields:
    """Under the name of the district instead of the suburb: the postcode agrees, the suburb does not."""
    return _typed(mapping, suburb="Inner City")


def _vetoed(mapping: PropertyMapping) -> PropertyFields:
    """The neighbour: same street, another building number letter or another unit."""
    address = _address(mapping)
    if address.get("unit"):
        return _typed(mapping, unit_number=f"{address['unit']}A")
    return _typed(mapping, street_number=f"{address['number']}B")


def _is_plain(mapping: PropertyMapping) -> bool:
    """A home with a number without letters or ranges, and without neighbours at the same number to mix it up with."""
    number = str(_address(mapping).get("number") or "")
    return number.isdigit() and not _address(mapping).get("unit")


@transaction.atomic
def prepare(*, connection: Connection, user: User) -> Left:
    """Types in most of the agency's homes, accepts the sure suggestions, creates what is missing; leaves a handful."""
    mappings = list(connection.mappings.order_by("provider_property_id"))
    # Homes that stand alone come first: what is left on the page should be about one thing each.
    mappings.sort(key=lambda mapping: (not _is_plain(mapping), mapping.provider_property_id))
    kinds = iter(mappings)
    likely = [next(kinds) for _ in range(LEFT_LIKELY)]
    vetoed = [next(kinds) for _ in range(LEFT_VETOED)]
    left_sure = [next(kinds) for _ in range(LEFT_SURE)]
    unknown = [next(kinds) for _ in range(LEFT_UNKNOWN)]
    rest = list(kinds)
    created, typed = rest[:CREATED], rest[CREATED:]
    for mapping in (*left_sure, *typed):
        create_property(organisation=connection.organisation, user=user, **_typed(mapping))
    for mapping in likely:
        create_property(organisation=connection.organisation, user=user, **_likely(mapping))
    for mapping in vetoed:
        create_property(organisation=connection.organisation, user=user, **_vetoed(mapping))
    mapping_services.refresh_suggestions(connection=connection)
    mapping_services.accept_suggestions(connection=connection, user=user, ids=[mapping.pk for mapping in typed])
    still = PropertyMapping.objects.filter(
        pk__in=[mapping.pk for mapping in (*created, *typed)], state=PropertyMapping.State.UNMAPPED
    )
    mapping_services.create_all_missing(connection=connection, user=user, ids=list(still.values_list("pk", flat=True)))
    return Left(sure=left_sure, other=[*likely, *vetoed, *unknown])


def has_books(connection: Connection) -> bool:
    """Whether the demo's properties were typed in already."""
    return Property.objects.filter(organisation_id=connection.organisation_id).exists()
