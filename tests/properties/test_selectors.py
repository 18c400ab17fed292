from __future__ import annotations

from typing import Any

import pytest

from access.models import Organisation
from properties import selectors
from properties.models import Property, Unit
from tests.factories.properties import PropertyFactory, UnitFactory


@pytest.fixture
def block(organisation: Organisation) -> Property:
    """Five units: two let, one under notice, one free, one offline."""
    block = PropertyFactory(organisation=organisation, name="18 Acacia Avenue")
    for label, status in enumerate(("occupied", "occupied", "notice", "vacant", "offline")):
        UnitFactory(organisation=organisation, property=block, label=str(label), status=status)
    return block


def test_occupancy_counts_a_unit_under_notice_as_let(
    organisation: Organisation, block: Property, django_assert_num_queries: Any
) -> None:
    empty = PropertyFactory(organisation=organisation, name="Z")
    with django_assert_num_queries(1):
        found = selectors.occupancy_of(organisation=organisation, property_ids=[block.pk, empty.pk])
    assert found == {block.pk: selectors.Occupancy(total=5, occupied=3, vacant=1, offline=1)}


def test_vacant_units_to_sort_by(organisation: Organisation, block: Property) -> None:
    empty = PropertyFactory(organisation=organisation)
    rows = selectors.with_vacant_units(selectors.properties_of(organisation=organisation))
    assert dict(rows.values_list("pk", "units_vacant")) == {block.pk: 1, empty.pk: 0}


def test_another_organisation_sees_nothing(other_organisation: Organisation, block: Property) -> None:
    assert not selectors.properties_of(organisation=other_organisation).exists()
    assert selectors.occupancy_of(organisation=other_organisation, property_ids=[block.pk]) == {}
    with pytest.raises(Property.DoesNotExist):
        selectors.get_property(organisation=other_organisation, property_id=block.pk)
    with pytest.raises(Unit.DoesNotExist):
        selectors.get_unit(organisation=other_organisation, unit_id=block.units.first().pk)  # type: ignore[union-attr]


def test_places_are_each_pair_once_and_never_blank(organisation: Organisation, block: Property) -> None:
    PropertyFactory(organisation=organisation, suburb="Newtown", state="VIC")
    PropertyFactory(organisation=organisation, suburb="Newtown", state="NSW")
    PropertyFactory(organisation=organisation, suburb="", state="")
    assert selectors.places(organisation=organisation) == [("Newtown", "NSW"), ("Newtown", "VIC")]


def test_same_address_ignores_case_and_archived_properties(organisation: Organisation, block: Property) -> None:
    wanted = {"organisation": organisation, "name": "18 ACACIA avenue ", "suburb": "newtown", "postcode": "2042"}
    assert selectors.same_address(**wanted) == block
    assert selectors.same_address(**{**wanted, "postcode": "2043"}) is None
    Property.objects.update(status=Property.Status.ARCHIVED)
    assert selectors.same_address(**wanted) is None
