from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation, User
from core.errors import DomainError
from properties import services
from properties.models import Property, Unit
from properties.services import UnitInput
from tests.factories.properties import OwnerFactory, PropertyFactory, UnitFactory


def test_a_property_without_units_is_let_whole(organisation: Organisation, admin_user: User) -> None:
    added = services.create_property(
        organisation=organisation, user=admin_user, name="12 Queen Street", suburb="New Farm"
    )
    unit = Unit.objects.get()
    assert (added.name, added.suburb, added.status) == ("12 Queen Street", "New Farm", Property.Status.ACTIVE)
    assert (unit.property, unit.label, unit.status, unit.organisation) == (added, "", Unit.Status.VACANT, organisation)


def test_units_are_made_with_their_property(organisation: Organisation) -> None:
    added = services.create_property(
        organisation=organisation,
        name="18 Acacia Avenue",
        kind=Property.Kind.BUILDING,
        units=[
            UnitInput(label="1", bedrooms=2, market_rent=Decimal("585.10")),
            UnitInput(label="2 ", rent_period="monthly"),
        ],
    )
    assert list(added.units.order_by("label").values_list("label", "bedrooms", "market_rent", "rent_period")) == [
        ("1", 2, Decimal("585.10"), "weekly"),
        ("2", None, None, "monthly"),
    ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "  "}, "property_name_missing"),
        ({"name": "A", "units": [UnitInput(label="1"), UnitInput()]}, "unit_label_missing"),
        ({"name": "A", "units": [UnitInput(label="a"), UnitInput(label="A ")]}, "unit_label_twice"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(organisation: Organisation, fields: Any, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        services.create_property(organisation=organisation, **fields)
    assert refused.value.code == code
    assert not Property.objects.exists()


def test_an_owner_of_another_organisation_is_refused(
    organisation: Organisation, other_organisation: Organisation
) -> None:
    stranger = OwnerFactory(organisation=other_organisation)
    with pytest.raises(DomainError) as refused:
        services.create_property(organisation=organisation, name="12 Queen Street", owner=stranger)
    assert refused.value.code == "owner_of_another_organisation"


def test_an_update_changes_what_is_given_and_nothing_else(organisation: Organisation) -> None:
    before = PropertyFactory(organisation=organisation, name="12 Queen St", suburb="New Farm")
    # Another request changed the suburb meanwhile: this one must not write its old copy back.
    Property.objects.filter(pk=before.pk).update(suburb="Teneriffe")
    after = services.update_property(property=before, name="12 Queen Street")
    assert (after.name, after.suburb) == ("12 Queen Street", "Teneriffe")
    assert Property.objects.get().suburb == "Teneriffe"


def test_an_update_to_an_empty_name_is_refused(organisation: Organisation) -> None:
    before = PropertyFactory(organisation=organisation, name="12 Queen St")
    with pytest.raises(DomainError):
        services.update_property(property=before, name="")
    before.refresh_from_db()
    assert before.name == "12 Queen St"


def test_archive_and_restore_keep_everything(organisation: Organisation, admin_user: User) -> None:
    unit = UnitFactory(organisation=organisation)
    archived = services.archive_property(property=unit.property, user=admin_user)
    assert archived.status == Property.Status.ARCHIVED
    assert archived.units.get() == unit
    assert services.restore_property(property=archived, user=admin_user).status == Property.Status.ACTIVE


def test_bulk_archive_counts_only_managed_properties_of_the_organisation(
    organisation: Organisation, other_organisation: Organisation
) -> None:
    mine = PropertyFactory(organisation=organisation)
    gone = PropertyFactory(organisation=organisation, status=Property.Status.ARCHIVED)
    theirs = PropertyFactory(organisation=other_organisation)
    assert services.archive_properties(organisation=organisation, ids=[mine.pk, gone.pk, theirs.pk]) == 1
    theirs.refresh_from_db()
    assert theirs.status == Property.Status.ACTIVE


def test_a_unit_is_added_unless_its_label_is_taken(organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation, label="1")
    assert services.add_unit(property=unit.property, unit=UnitInput(label="2", bedrooms=3)).bedrooms == 3
    with pytest.raises(DomainError) as refused:
        services.add_unit(property=unit.property, unit=UnitInput(label="2"))
    assert refused.value.code == "unit_label_twice"
    with pytest.raises(DomainError) as refused:
        services.add_unit(property=unit.property, unit=UnitInput())
    assert refused.value.code == "unit_label_missing"


def test_unit_status(organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation)
    assert services.set_unit_status(unit=unit, status=Unit.Status.OFFLINE).status == Unit.Status.OFFLINE
    with pytest.raises(DomainError) as refused:
        services.set_unit_status(unit=unit, status="burnt")
    assert refused.value.code == "unit_status_unknown"


def test_parts_of_the_address_are_read_from_the_street_line(organisation: Organisation) -> None:
    added = services.create_property(organisation=organisation, name="4/18 Acacia Avenue")
    assert (added.unit_number, added.street_number, added.street) == ("4", "18", "Acacia Avenue")
    moved = services.update_property(property=added, name="20 Queen Street", suburb="New Farm")
    assert (moved.unit_number, moved.street_number, moved.street) == ("", "20", "Queen Street")
    given = services.create_property(organisation=organisation, name="The Mill, 7 Rd", street_number="7", street="Rd")
    assert (given.unit_number, given.street_number, given.street) == ("", "7", "Rd")
    kept = services.update_property(property=given, name="The Mill, 7 Rd", suburb="Newtown")
    assert (kept.street_number, kept.street) == ("7", "Rd")
