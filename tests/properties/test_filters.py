from __future__ import annotations

import pytest
from django.http import QueryDict

from access.models import Organisation
from core.filtering import applied_filters
from properties import selectors
from properties.filters import PropertyFilter
from properties.models import Property
from tests.factories.properties import OwnerFactory, PropertyFactory, UnitFactory


@pytest.fixture(autouse=True)
def portfolio(organisation: Organisation) -> None:
    owner = OwnerFactory(organisation=organisation, name="Żółć Sp. z o.o.")
    for name, suburb, state, status, units in (
        ("12 Queen St", "New Farm", "QLD", "active", ("occupied",)),
        ("18 Acacia Ave", "Newtown", "NSW", "active", ("occupied", "vacant")),
        ("77 St Georges Tce", "Subiaco", "WA", "active", ("offline",)),
        ("9 شارع النيل", "Subiaco", "WA", "archived", ("vacant",)),
    ):
        property = PropertyFactory(
            organisation=organisation,
            name=name,
            suburb=suburb,
            state=state,
            status=status,
            postcode="4005",
            owner=owner,
        )
        for label, unit in enumerate(units):
            UnitFactory(organisation=organisation, property=property, label=str(label), status=unit)


def found(organisation: Organisation, query: str) -> list[str]:
    queryset = selectors.properties_of(organisation=organisation).order_by("name")
    return [row.name for row in PropertyFilter(QueryDict(query), queryset=queryset, organisation=organisation).qs]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["12 Queen St", "18 Acacia Ave", "77 St Georges Tce"]),
        ("status=archived", ["9 شارع النيل"]),
        ("status=burnt", ["12 Queen St", "18 Acacia Ave", "77 St Georges Tce"]),
        ("status=all&state=WA", ["77 St Georges Tce", "9 شارع النيل"]),
        ("vacancy=vacant", ["18 Acacia Ave"]),
        ("vacancy=let", ["12 Queen St"]),
        ("vacancy=offline", ["77 St Georges Tce"]),
        ("q=queen+farm", ["12 Queen St"]),
        ("q=400", ["12 Queen St", "18 Acacia Ave", "77 St Georges Tce"]),
        ("q=żółć+wa", ["77 St Georges Tce"]),
        ("q=النيل&status=all", ["9 شارع النيل"]),
        ("suburb=Newtown&kind=house", ["18 Acacia Ave"]),
        ("kind=building", []),
        # A choice that is not offered narrows nothing.
        ("suburb=Atlantis", ["12 Queen St", "18 Acacia Ave", "77 St Georges Tce"]),
    ],
)
def test_filters(organisation: Organisation, query: str, names: list[str]) -> None:
    assert found(organisation, query) == names


def test_chips_take_one_filter_off(organisation: Organisation) -> None:
    params = QueryDict("q=Queen&vacancy=let&suburb=Atlantis&sort=-name&after=token")
    filterset = PropertyFilter(params, queryset=Property.objects.all(), organisation=organisation)
    assert applied_filters(filterset, params) == [
        {"key": "Search", "value": "Queen", "url": "?vacancy=let&suburb=Atlantis&sort=-name"},
        {"key": "Vacancy", "value": "Fully let", "url": "?q=Queen&suburb=Atlantis&sort=-name"},
    ]
