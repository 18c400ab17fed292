from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from properties.models import Property
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import OwnerFactory, PropertyFactory, UnitFactory
from tests.factories.tenancies import LeaseFactory
from tests.query_counts import assert_query_count

HTMX = {"HTTP_HX_REQUEST": "true"}


def rows(organisation: Organisation, size: int, **fields: object) -> list[Property]:
    """Let houses at $640.00 a week with a source."""
    connection = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    found = []
    for _ in range(size):
        unit = UnitFactory(organisation=organisation, status="occupied")
        Property.objects.filter(pk=unit.property.pk).update(owner=OwnerFactory(organisation=organisation), **fields)
        LeaseFactory(organisation=organisation, unit=unit, property=unit.property)
        PropertyMappingFactory(organisation=organisation, connection=connection, property=unit.property, state="mapped")
        found.append(unit.property)
    return found


def names(client: Client, query: str) -> list[str]:
    return [row.name for row in client.get(f"/properties/{query}").context["page"].items]


def test_a_row_says_occupancy_rent_and_source(client_admin: Client, organisation: Organisation) -> None:
    rows(organisation, 1)
    block = PropertyFactory(organisation=organisation, name="9 شارع النيل", kind="building")
    for label, status in (("1", "occupied"), ("2", "vacant"), ("3", "vacant")):
        UnitFactory(organisation=organisation, property=block, label=label, status=status)
    page = client_admin.get("/properties/").content.decode()
    assert "$640.00" in page
    assert "PropertyMe" in page
    assert "1 of 3 let" in page
    assert ">2 vacant</span>" in page
    assert "9 شارع النيل" in page
    assert "Two properties managed with 4 units: 2 occupied, 2 vacant, 0 offline." in page


def test_sorting_by_rent_and_vacancy(client_admin: Client, organisation: Organisation) -> None:
    dear = LeaseFactory(organisation=organisation, property__name="Dear", rent_amount=Decimal("900"))
    LeaseFactory(organisation=organisation, property__name="Cheap", rent_amount=Decimal("1000"), rent_period="monthly")
    UnitFactory(organisation=organisation, property=dear.property, label="2", status="vacant")
    assert names(client_admin, "?sort=rent") == ["Cheap", "Dear"]
    assert names(client_admin, "?sort=-rent") == ["Dear", "Cheap"]
    assert names(client_admin, "?sort=name") == ["Cheap", "Dear"]
    assert names(client_admin, "?sort=-vacant")[0] == "Dear"


def test_filter_by_source_and_its_chip(client_admin: Client, organisation: Organisation) -> None:
    mapped = rows(organisation, 1)[0]
    PropertyFactory(organisation=organisation, name="By hand")
    connection = mapped.mappings.get().connection
    assert names(client_admin, f"?source={connection.pk}") == [mapped.name]
    assert names(client_admin, "?source=none") == ["By hand"]
    page = client_admin.get("/properties/?source=none&q=hand").content.decode()
    assert '<span class="key">Source</span>' in page
    assert 'href="?q=hand"' in page


def test_nothing_there_and_nothing_found_are_told_apart(client_admin: Client, organisation: Organisation) -> None:
    assert "No property is managed yet." in client_admin.get("/properties/").content.decode()
    PropertyFactory(organisation=organisation)
    page = client_admin.get("/properties/?q=nowhere").content.decode()
    assert "No property matches these filters." in page
    assert "Clear all filters" in page


def test_htmx_gets_the_list_alone(client_admin: Client, organisation: Organisation) -> None:
    PropertyFactory(organisation=organisation, name="12 Queen Street")
    part = client_admin.get("/properties/?q=queen", **HTMX).content.decode()
    assert part.lstrip().startswith('<div id="list"')
    assert "12 Queen Street" in part
    assert "<html" not in part


def test_pages_follow_each_other(client_admin: Client, organisation: Organisation) -> None:
    Property.objects.bulk_create(Property(organisation=organisation, name=f"{number:03}") for number in range(120))
    first = client_admin.get("/properties/").context["page"]
    second = client_admin.get(f"/properties/{first.older_url}").context["page"]
    third = client_admin.get(f"/properties/{second.older_url}").context["page"]
    assert [row.name for page in (first, second, third) for row in page.items] == [f"{n:03}" for n in range(120)]
    assert third.older_url == ""


def test_the_rows_of_another_organisation_are_not_listed(
    client_admin: Client, other_organisation: Organisation
) -> None:
    rows(other_organisation, 1)
    assert names(client_admin, "?status=all") == []


def test_queries_do_not_grow_with_the_list(client_admin: Client, organisation: Organisation) -> None:
    rows(organisation, 3)
    assert_query_count("property_list", client_admin, "/properties/")
    rows(organisation, 9)
    assert_query_count("property_list", client_admin, "/properties/")
    assert_query_count("property_list_part", client_admin, "/properties/?vacancy=let&sort=-rent", **HTMX)


def test_archiving_asks_with_numbers_and_says_what_stays(client_admin: Client, organisation: Organisation) -> None:
    home = rows(organisation, 1)[0]
    TransactionFactory(organisation=organisation, property=home)
    WorkOrderFactory(organisation=organisation, property=home)
    WorkOrderFactory(organisation=organisation, property=home, status="done")
    response = client_admin.get(f"/properties/{home.pk}/archive/")
    assert [text for _, text in response.context["effects"]] == [
        "It leaves the lists, and 1 unit the occupancy and vacancy figures.",
        "One lease is still running there.",
        "One work order is still open.",
        "One mapping goes on importing records. Switch automatic sync off on the mapping page to stop that.",
        "One transaction stays in the books.",
        "Leases, work orders and where each figure came from stay. You can manage it again at any time.",
    ]
    home.refresh_from_db()
    assert home.status == Property.Status.ACTIVE
    assert client_admin.post(f"/properties/{home.pk}/archive/").status_code == 302
    home.refresh_from_db()
    assert home.status == Property.Status.ARCHIVED
    assert home.transactions.count() == 1


def test_several_are_archived_at_once(
    client_admin: Client, organisation: Organisation, other_organisation: Organisation
) -> None:
    mine = [PropertyFactory(organisation=organisation) for _ in range(3)]
    theirs = PropertyFactory(organisation=other_organisation)
    query = "&".join(f"ids={row.pk}" for row in [*mine[:2], theirs])
    asked = client_admin.get(f"/properties/archive/?{query}")
    assert asked.context["heading"] == "Archive 2 properties?"
    assert asked.context["submit"] == "Archive 2 properties"
    done = client_admin.post(f"/properties/archive/?{query}", follow=True)
    assert "Two properties were archived." in done.content.decode()
    theirs.refresh_from_db()
    assert theirs.status == Property.Status.ACTIVE
    assert Property.objects.filter(status=Property.Status.ARCHIVED).count() == 2


def test_archiving_nothing_says_what_to_do(client_admin: Client) -> None:
    page = client_admin.get("/properties/archive/", follow=True).content.decode()
    assert "No property was chosen." in page


@pytest.mark.parametrize("query", ["ids=x", "ids=01a1fb91-b871-772e-b4cb-db226bef69ac"])
def test_archiving_what_is_not_there_is_not_found(client_admin: Client, query: str) -> None:
    assert client_admin.get(f"/properties/archive/?{query}").status_code == 404
