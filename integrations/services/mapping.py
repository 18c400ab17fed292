"""Which of our properties each provider property is. Every change lets that property's waiting records be worked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access.models import User
from core.errors import DomainError
from integrations.models import Connection, PropertyMapping, ProviderRecord
from integrations.services.sync import request_apply
from integrations.sync import suggest
from integrations.sync.lock import change_mappings
from integrations.sync.replay import of_properties
from properties import services as property_services
from properties.models import Property, Unit
from tenancies.models import Lease

_WAKES = ("unmapped", "dismissed", "pending", "missing")


@transaction.atomic
def map_property(
    *, mapping: PropertyMapping, property: Property, user: User, unit: Unit | None = None
) -> PropertyMapping:
    """Says that a provider property is this one of ours; its history is imported from the mirror at once.

    Raises DomainError `other_organisation` or `archived`.
    """
    locked = _lock(mapping)
    _check(locked, property, unit)
    _set_mapped(locked, property=property, unit=unit or _matching_unit(locked, property), user=user)
    locked.save()
    _work(locked.connection, [locked.provider_property_id], user)
    return locked


@transaction.atomic
def create_property_from(*, mapping: PropertyMapping, user: User) -> Property:
    """Adds a property of ours with the provider's address and rooms, and maps it."""
    locked = _lock(mapping)
    home = _create_from(locked, user)
    locked.save()
    _work(locked.connection, [locked.provider_property_id], user)
    return home


@transaction.atomic
def create_all_missing(*, connection: Connection, user: User, ids: Sequence[UUID]) -> int:
    """`create_property_from` for each chosen mapping that still needs one. Answers how many were created."""
    change_mappings(connection.pk)
    mappings = list(
        PropertyMapping.objects.select_for_update(of=("self",))
        .select_related("connection__organisation")
        .filter(connection=connection, id__in=ids, state=PropertyMapping.State.UNMAPPED)
    )
    for mapping in mappings:
        _create_from(mapping, user)
        mapping.save()
    _work(connection, [mapping.provider_property_id for mapping in mappings], user)
    return len(mappings)


@transaction.atomic
def ignore_mapping(*, mapping: PropertyMapping, user: User) -> PropertyMapping:
    """Leaves a provider property out on purpose; its records say so."""
    return _leave(mapping, PropertyMapping.State.IGNORED, user)


@transaction.atomic
def unmap(*, mapping: PropertyMapping, user: User) -> PropertyMapping:
    """Takes a mapping back. What came in through it is reversed, but for edited, closed and exported entries."""
    return _leave(mapping, PropertyMapping.State.UNMAPPED, user)


@transaction.atomic
def accept_suggestions(
    *, connection: Connection, user: User, minimum: int = suggest.BULK_MINIMUM, ids: Sequence[UUID] | None = None
) -> int:
    """Maps every open suggestion at or above the minimum that nothing vetoes. Answers how many.

    Raises DomainError `minimum` below 90: less certain ones are looked at one by one.
    """
    if minimum < suggest.BULK_MINIMUM:
        raise DomainError(
            "minimum", "Suggestions below 90 are accepted one by one, so that a person has looked at each."
        )
    change_mappings(connection.pk)
    chosen = PropertyMapping.objects.select_for_update(of=("self",)).select_related("suggested_property").filter(
        connection=connection,
        state=PropertyMapping.State.UNMAPPED,
        suggestion_score__gte=minimum,
        suggested_property__isnull=False,
    )  # fmt: skip
    if ids is not None:
        chosen = chosen.filter(id__in=ids)
    taken = []
    for mapping in chosen:
        home = mapping.suggested_property
        if home is None or any(part.get("veto") for part in mapping.suggestion_parts):
            continue
        _set_mapped(mapping, property=home, unit=_matching_unit(mapping, home), user=user)
        mapping.save()
        taken.append(mapping.provider_property_id)
    _work(connection, taken, user)
    return len(taken)


@transaction.atomic
def set_auto_sync(*, mapping: PropertyMapping, user: User, auto_sync: bool) -> PropertyMapping:
    """Turns scheduled imports of one property on or off; turning them on works what waited."""
    locked = _lock(mapping)
    locked.auto_sync = auto_sync
    locked.save(update_fields=["auto_sync", "updated_at"])
    if auto_sync and locked.state == PropertyMapping.State.MAPPED:
        request_apply(connection=locked.connection, user=user)
    return locked


def refresh_suggestions(*, connection: Connection, mapping_ids: Iterable[UUID] | None = None) -> int:
    """Works out the best match of each unmapped provider property anew. Answers how many have one."""
    open_mappings = PropertyMapping.objects.filter(connection=connection, state=PropertyMapping.State.UNMAPPED)
    if mapping_ids is not None:
        open_mappings = open_mappings.filter(id__in=list(mapping_ids))
    mappings = {mapping.id: mapping for mapping in open_mappings}
    if not mappings:
        return 0
    found = suggest.best_matches(
        {key: _theirs(mapping) for key, mapping in mappings.items()}, _ours(connection.organisation_id)
    )
    changed = []
    for key, mapping in mappings.items():
        best = found.get(key)
        parts = [*best.parts, *([{"veto": best.veto}] if best.veto else [])] if best else []
        wanted = (best.property_id if best else None, best.score if best else None, parts)
        if (mapping.suggested_property_id, mapping.suggestion_score, mapping.suggestion_parts) != wanted:
            mapping.suggested_property_id, mapping.suggestion_score, mapping.suggestion_parts = wanted
            changed.append(mapping)
    PropertyMapping.objects.bulk_update(
        changed, ["suggested_property", "suggestion_score", "suggestion_parts"], batch_size=500
    )
    return len(found)


def _theirs(mapping: PropertyMapping) -> suggest.Candidate:
    facts: dict[str, Any] = mapping.facts or {}
    address = facts.get("address") or {}
    parts = {name: str(address.get(name) or "") for name in ("unit", "number", "street", "suburb", "postcode")}
    return suggest.candidate(
        text=mapping.provider_property_address,
        tenants=str(facts.get("tenant_name") or ""),
        latitude=address.get("latitude"),
        longitude=address.get("longitude"),
        unit=parts["unit"],
        number=parts["number"],
        street=parts["street"],
        suburb=parts["suburb"],
        postcode=parts["postcode"],
    )


def _ours(organisation_id: UUID) -> list[suggest.Candidate]:
    tenants = dict(
        Lease.objects.filter(
            organisation_id=organisation_id, status__in=[Lease.Status.ACTIVE, Lease.Status.NOTICE]
        ).values_list("property_id", "tenant_names")
    )
    homes = Property.objects.filter(organisation_id=organisation_id, status=Property.Status.ACTIVE)
    return [
        suggest.candidate(
            text=home.name,
            unit=home.unit_number,
            number=home.street_number,
            street=home.street,
            suburb=home.suburb,
            postcode=home.postcode,
            latitude=home.latitude,
            longitude=home.longitude,
            tenants=tenants.get(home.id, ""),
            key=home.id,
        )
        for home in homes
    ]


def _lock(mapping: PropertyMapping) -> PropertyMapping:
    change_mappings(mapping.connection_id)
    return (
        PropertyMapping.objects.select_for_update(of=("self",))
        .select_related("connection__organisation")
        .get(pk=mapping.pk)
    )


def _check(mapping: PropertyMapping, property: Property, unit: Unit | None) -> None:
    if property.organisation_id != mapping.organisation_id or (unit and unit.property_id != property.id):
        raise DomainError("other_organisation", "Choose one of your own properties.")
    if property.status == Property.Status.ARCHIVED:
        raise DomainError("archived", f"{property.name} is archived. Restore it first, or choose another property.")


def _set_mapped(mapping: PropertyMapping, *, property: Property, unit: Unit | None, user: User) -> None:
    mapping.property, mapping.unit, mapping.state = property, unit, PropertyMapping.State.MAPPED
    mapping.mapped_by, mapping.mapped_at = user, timezone.now()


def _matching_unit(mapping: PropertyMapping, property: Property) -> Unit | None:
    """The unit that carries the provider's unit number; None leaves it to the property's only unit."""
    label = str((mapping.facts or {}).get("address", {}).get("unit") or "")
    if not label:
        return None
    wanted = suggest.unit_form(label)
    return next((unit for unit in property.units.all() if suggest.unit_form(unit.label) == wanted), None)


def _create_from(mapping: PropertyMapping, user: User) -> Property:
    facts: dict[str, Any] = mapping.facts or {}
    address = facts.get("address") or {}
    rent = facts.get("rent_amount")
    line = f"{address.get('number') or ''} {address.get('street') or ''}".strip()
    unit_number = str(address.get("unit") or "")
    name = (f"{unit_number}/{line}" if unit_number and line else line) or mapping.provider_property_address
    home = property_services.create_property(
        organisation=mapping.connection.organisation,
        user=user,
        name=name[:200],
        unit_number=unit_number[:20],
        street_number=str(address.get("number") or "")[:20],
        street=str(address.get("street") or "")[:120],
        suburb=str(address.get("suburb") or "")[:80],
        state=str(address.get("state") or "")[:40],
        postcode=str(address.get("postcode") or "")[:12],
        country=str(address.get("country") or "AU")[:2],
        latitude=_decimal(address.get("latitude")),
        longitude=_decimal(address.get("longitude")),
        kind=str(facts.get("kind") or "house"),
        manager_name=str(facts.get("manager_name") or "")[:120],
        units=[
            property_services.UnitInput(
                label="",
                bedrooms=facts.get("bedrooms"),
                bathrooms=facts.get("bathrooms"),
                car_spaces=facts.get("car_spaces"),
                market_rent=None if rent in (None, "") else Decimal(str(rent)).quantize(Decimal("0.01")),
                rent_period=str(facts.get("rent_period") or "weekly"),
            )
        ],
    )
    _set_mapped(mapping, property=home, unit=None, user=user)
    return home


def _decimal(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value)).quantize(Decimal("0.000001"))


def _leave(mapping: PropertyMapping, state: str, user: User) -> PropertyMapping:
    locked = _lock(mapping)
    was_mapped = locked.state == PropertyMapping.State.MAPPED
    locked.state, locked.property, locked.unit, locked.metadata = state, None, None, {}
    locked.mapped_by, locked.mapped_at = user, timezone.now()
    locked.save()
    verdicts = (*_WAKES, "imported", "conflict") if was_mapped else _WAKES
    _work(locked.connection, [locked.provider_property_id], user, verdicts=verdicts)
    return locked


def _work(connection: Connection, refs: Sequence[str], user: User, *, verdicts: Sequence[str] = ()) -> None:
    """Wakes the records of these provider properties and queues the work. A remapped property moves its entries too."""
    if not refs:
        return
    # What could not be read (it has no facts) is not readable under another mapping either.
    woken = of_properties(connection, refs).filter(
        verdict__in=verdicts or (*_WAKES, "imported", "conflict"), facts__isnull=False
    )
    ProviderRecord.objects.filter(pk__in=woken.values("pk")).update(
        verdict="pending", reason="Its mapping changed; it is worked again.", decided_by=None
    )
    request_apply(connection=connection, user=user)
