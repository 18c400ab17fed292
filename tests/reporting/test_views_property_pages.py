from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from properties.models import Property
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory, ProviderRecordFactory
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import OwnerFactory, PropertyFactory, UnitFactory
from tests.factories.tenancies import LeaseFactory
from tests.query_counts import assert_query_count

TABS = ["", "units/", "leases/", "money/", "work-orders/", "source/"]


@pytest.fixture
def home(organisation: Organisation) -> Property:
    return PropertyFactory(
        organisation=organisation,
        name="123 Đường Nguyễn Thị Minh Khai, Phường Bến Nghé, Quận 1",
        owner=OwnerFactory(organisation=organisation, name="أحمد محمد"),
    )


def furnish(home: Property, size: int) -> None:
    organisation = home.organisation
    connection = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    PropertyMappingFactory(
        organisation=organisation,
        connection=connection,
        property=home,
        state="mapped",
        provider_property_id=f"lot-{home.pk}-{size}",
    )
    for number in range(size):
        unit = UnitFactory(organisation=organisation, property=home, label=f"{size}-{number}", status="occupied")
        lease = LeaseFactory(organisation=organisation, property=home, unit=unit, tenant_names=f"Tenant {number}")
        TransactionFactory(organisation=organisation, property=home, lease=lease, occurred_on=timezone.localdate())
        WorkOrderFactory(organisation=organisation, property=home, unit=unit, title=f"Tap {number}")


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_has_an_address_and_works_empty(client_admin: Client, home: Property, tab: str) -> None:
    response = client_admin.get(f"/properties/{home.pk}/{tab}")
    page = response.content.decode()
    assert response.status_code == 200
    assert home.name in page
    assert f'<a href="/properties/{home.pk}/{tab}" aria-current="page">' in page


@pytest.mark.parametrize("tab", TABS)
def test_another_organisations_property_is_not_found(
    client_admin: Client, other_organisation: Organisation, tab: str
) -> None:
    theirs = PropertyFactory(organisation=other_organisation)
    assert client_admin.get(f"/properties/{theirs.pk}/{tab}").status_code == 404
    assert client_admin.get(f"/properties/{uuid4()}/{tab}").status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_queries_do_not_grow_with_the_property(client_admin: Client, home: Property, tab: str) -> None:
    name = f"property_{tab.strip('/').replace('-', '_') or 'overview'}"
    furnish(home, 2)
    assert_query_count(name, client_admin, f"/properties/{home.pk}/{tab}")
    for number in range(6 if tab != "source/" else 0):
        unit = UnitFactory(organisation=home.organisation, property=home, label=f"more {number}")
        lease = LeaseFactory(organisation=home.organisation, property=home, unit=unit)
        TransactionFactory(organisation=home.organisation, property=home, lease=lease)
        WorkOrderFactory(organisation=home.organisation, property=home, unit=unit)
    assert_query_count(name, client_admin, f"/properties/{home.pk}/{tab}")


def test_the_overview_adds_up(client_admin: Client, home: Property) -> None:
    furnish(home, 3)
    response = client_admin.get(f"/properties/{home.pk}/")
    assert response.context["rent_by_week"] == Decimal("1920.00")
    assert response.context["month"].income == Decimal("1920.00")
    assert (response.context["summary"].units, response.context["summary"].work_orders) == (3, 3)
    page = response.content.decode()
    assert "Tap 2" in page
    assert "أحمد محمد" in page
    assert 'href="/settings/integrations/propertyme/' in page


def test_every_unit_has_a_row_with_its_lease(client_admin: Client, home: Property) -> None:
    furnish(home, 1)
    UnitFactory(organisation=home.organisation, property=home, label="Free", bedrooms=2, market_rent=Decimal("585.10"))
    rows = client_admin.get(f"/properties/{home.pk}/units/").context["rows"]
    assert [(unit.label, lease.tenant_names if lease else None) for unit, lease in rows] == [
        ("1-0", "Tenant 0"),
        ("Free", None),
    ]
    assert "$585.10" in client_admin.get(f"/properties/{home.pk}/units/").content.decode()


def test_money_shows_months_totals_and_expense_with_a_minus(client_admin: Client, home: Property) -> None:
    today = timezone.localdate()
    organisation = home.organisation
    TransactionFactory(organisation=organisation, property=home, occurred_on=today, amount=Decimal("640.00"))
    TransactionFactory(
        organisation=organisation, property=home, code="water", occurred_on=today, amount=Decimal("99.90")
    )
    TransactionFactory(organisation=organisation, property=home, occurred_on=date(2019, 1, 1), amount=Decimal("1.00"))
    response = client_admin.get(f"/properties/{home.pk}/money/")
    assert (response.context["income"], response.context["expense"], response.context["net"]) == (
        Decimal("640.00"),
        Decimal("99.90"),
        Decimal("540.10"),
    )
    page = response.content.decode()
    assert "+$640.00" in page
    assert "−$99.90" in page
    assert f"/transactions/?property={home.pk}" in page
    assert len(response.context["page"].items) == 3


def test_the_source_says_what_the_property_is_called_there(client_admin: Client, home: Property) -> None:
    connection = ConnectionFactory(organisation=home.organisation, account_name="Seaside Office")
    record = ProviderRecordFactory(
        organisation=home.organisation, connection=connection, resource="property", provider_id="lot-77"
    )
    PropertyMappingFactory(
        organisation=home.organisation,
        connection=connection,
        property=home,
        state="mapped",
        provider_property_id="lot-77",
        provider_property_address="123 Nguyen St",
        auto_sync=False,
    )
    page = client_admin.get(f"/properties/{home.pk}/source/").content.decode()
    assert "123 Nguyen St" in page
    assert "Seaside Office" in page
    assert "Not imported: switched off" in page
    assert f"/settings/integrations/propertyme/records/{record.pk}/" in page


def test_an_archived_property_can_be_managed_again(client_admin: Client, home: Property) -> None:
    Property.objects.update(status=Property.Status.ARCHIVED)
    assert "Manage again" in client_admin.get(f"/properties/{home.pk}/").content.decode()
    page = client_admin.post(f"/properties/{home.pk}/restore/", follow=True).content.decode()
    assert "is managed again." in page
    home.refresh_from_db()
    assert home.status == Property.Status.ACTIVE
