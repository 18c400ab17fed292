from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from access.models import Organisation
from properties.models import Property, Unit
from tests.factories.properties import OwnerFactory, PropertyFactory, UnitFactory
from tests.query_counts import assert_query_count

ADDRESS = {"name": "12 Queen Street", "suburb": "New Farm", "state": "QLD", "postcode": "4005", "kind": "house"}


def units(*rows: dict[str, Any]) -> dict[str, Any]:
    """The formset's fields as the page posts them; without rows, one empty row."""
    data: dict[str, Any] = {"units-TOTAL_FORMS": str(max(1, len(rows))), "units-INITIAL_FORMS": "0"}
    for index, row in enumerate(rows or ({},)):
        data[f"units-{index}-rent_period"] = "weekly"
        data.update({f"units-{index}-{name}": value for name, value in row.items()})
    return data


def test_a_house_is_added_with_one_unit(client_admin: Client, organisation: Organisation) -> None:
    owner = OwnerFactory(organisation=organisation)
    response = client_admin.post("/properties/new/", {**ADDRESS, "owner": str(owner.pk), **units()})
    added = Property.objects.get()
    assert response.headers["Location"] == f"/properties/{added.pk}/"
    assert (added.organisation, added.owner, added.full_address) == (
        organisation,
        owner,
        "12 Queen Street, New Farm QLD 4005",
    )
    assert added.units.get().label == ""


def test_a_building_is_added_with_its_units(client_admin: Client) -> None:
    rows = units({"label": "1", "bedrooms": "2", "market_rent": "585.10"}, {"label": "2", "rent_period": "monthly"}, {})
    client_admin.post("/properties/new/", {**ADDRESS, "kind": "building", **rows})
    assert list(Unit.objects.order_by("label").values_list("label", "bedrooms", "market_rent", "rent_period")) == [
        ("1", 2, Decimal("585.10"), "weekly"),
        ("2", None, None, "monthly"),
    ]


def test_another_unit_adds_a_row_and_keeps_what_was_typed(client_admin: Client) -> None:
    response = client_admin.post("/properties/new/", {**ADDRESS, **units({"label": "Bottom flat"}), "more": "1"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'value="Bottom flat"' in page
    assert 'name="units-1-label"' in page
    assert 'value="12 Queen Street"' in page
    assert not Property.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "   "}, "This field is required."),
        (units({"label": "1"}, {"bedrooms": "2"}), "Give each unit a number or name"),
        (units({"label": "1"}, {"label": "1"}), "There are two units called “1”. Give one another number."),
        (units({"label": "1", "market_rent": "-5"}), "Ensure this value is greater than or equal to 0."),
        ({"kind": "castle"}, "Select a valid choice."),
    ],
)
def test_bad_input_is_kept_and_says_what_to_do(client_admin: Client, data: dict[str, Any], words: str) -> None:
    response = client_admin.post("/properties/new/", {**ADDRESS, **units(), **data})
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert 'value="New Farm"' in page
    assert not Property.objects.exists()


def test_an_address_that_is_there_asks_once(client_admin: Client, organisation: Organisation) -> None:
    PropertyFactory(organisation=organisation, name="12 queen street", suburb="New Farm", postcode="4005", state="QLD")
    response = client_admin.post("/properties/new/", {**ADDRESS, **units()})
    assert response.status_code == 422
    assert "12 queen street, New Farm QLD 4005 is there already." in response.content.decode()
    assert "This is another property at the same address" in response.content.decode()
    client_admin.post("/properties/new/", {**ADDRESS, **units(), "add_anyway": "on"})
    assert Property.objects.count() == 2


def test_an_owner_of_another_organisation_cannot_be_chosen(
    client_admin: Client, other_organisation: Organisation
) -> None:
    stranger = OwnerFactory(organisation=other_organisation)
    response = client_admin.post("/properties/new/", {**ADDRESS, **units(), "owner": str(stranger.pk)})
    assert response.status_code == 422
    assert not Property.objects.exists()


def test_an_edit_is_saved_and_a_bad_one_keeps_what_was_typed(client_admin: Client, organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation, name="12 Queen St")
    response = client_admin.post(f"/properties/{home.pk}/edit/", {**ADDRESS, "name": "", "notes": "Key at the office"})
    assert response.status_code == 422
    assert "Key at the office" in response.content.decode()
    assert "Edit 12 Queen St" in response.content.decode()
    response = client_admin.post(f"/properties/{home.pk}/edit/", {**ADDRESS, "notes": "Key at the office"})
    assert response.headers["Location"] == f"/properties/{home.pk}/"
    home.refresh_from_db()
    assert (home.name, home.notes) == ("12 Queen Street", "Key at the office")


def test_a_unit_is_added(client_admin: Client, organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation, label="1")
    address = f"/properties/{unit.property.pk}/units/new/"
    assert client_admin.post(address, {"label": "1", "bedrooms": "3"}).status_code == 422
    refused = client_admin.post(address, {"label": "", "bedrooms": "3"})
    assert "Give each unit a number or name" in refused.content.decode()
    assert 'value="3"' in refused.content.decode()
    page = client_admin.post(address, {"label": "2", "bedrooms": "3"}, follow=True).content.decode()
    assert "Unit 2 was added. It is vacant until a lease says otherwise." in page


@pytest.mark.parametrize("path", ["edit/", "units/new/"])
def test_what_is_not_theirs_is_not_found(client_admin: Client, other_organisation: Organisation, path: str) -> None:
    theirs = PropertyFactory(organisation=other_organisation)
    for key in (theirs.pk, uuid4()):
        assert client_admin.get(f"/properties/{key}/{path}").status_code == 404
        assert client_admin.post(f"/properties/{key}/{path}", ADDRESS).status_code == 404
    assert client_admin.post(f"/properties/{theirs.pk}/restore/").status_code == 404


def test_queries_of_the_form(client_admin: Client, organisation: Organisation) -> None:
    assert_query_count("property_new", client_admin, "/properties/new/")
    for _ in range(6):
        OwnerFactory(organisation=organisation)
    assert_query_count("property_new", client_admin, "/properties/new/")
