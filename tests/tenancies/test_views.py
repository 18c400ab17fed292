from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from properties.models import Unit
from tenancies.models import Lease
from tests.factories.integrations import ConnectionFactory, ProviderRecordFactory
from tests.factories.properties import UnitFactory
from tests.factories.tenancies import LeaseFactory, LeaseTenantFactory, TenantFactory
from tests.query_counts import assert_query_count

HTMX = {"HTTP_HX_REQUEST": "true"}
TERMS = {"rent_amount": "655.00", "rent_period": "weekly", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}


def leases(organisation: Organisation, size: int) -> list[Lease]:
    connection = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    return [
        LeaseTenantFactory(
            lease__organisation=organisation,
            lease__connection_id=connection.pk,
            lease__provider_id=f"T-{connection.pk}-{number}",
            lease__ends_on=timezone.localdate() + timedelta(days=number),
        ).lease
        for number in range(size)
    ]


def listed(client: Client, query: str, **headers: Any) -> list[Lease]:
    return client.get(f"/leases/{query}", **headers).context["page"].items


def test_first_to_end_comes_first_and_totals_are_below(client_admin: Client, organisation: Organisation) -> None:
    wanted = leases(organisation, 3)
    LeaseFactory(organisation=organisation, is_periodic=True)
    LeaseFactory(organisation=organisation, status="ended")
    response = client_admin.get("/leases/")
    assert [row.pk for row in response.context["page"].items[:3]] == [row.pk for row in wanted]
    assert response.context["totals"].leases == 4
    assert "$2,560.00" in response.content.decode()
    assert "Three leases end within 30 days, 3 within 60, 3 within 90." in response.content.decode()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Active", "Notice", "Owing", "Pending"]),
        ("?status=running", ["Active", "Notice", "Owing"]),
        ("?status=ended", ["Ended"]),
        ("?ending=30", ["Active", "Notice"]),
        ("?arrears=yes", ["Ended", "Owing"]),
        ("?q=noti", ["Notice"]),
        ("?status=burnt", ["Active", "Notice", "Owing", "Pending"]),
    ],
)
def test_filters(client_admin: Client, organisation: Organisation, query: str, names: list[str]) -> None:
    soon = timezone.localdate() + timedelta(days=10)
    LeaseFactory(organisation=organisation, tenant_names="Active", ends_on=soon)
    LeaseFactory(organisation=organisation, tenant_names="Notice", status="notice", vacates_on=soon)
    LeaseFactory(organisation=organisation, tenant_names="Owing", arrears_amount=Decimal("5"))
    LeaseFactory(organisation=organisation, tenant_names="Ended", status="ended", arrears_amount=Decimal("7"))
    LeaseFactory(organisation=organisation, tenant_names="Pending", status="pending")
    assert sorted(row.tenant_names for row in listed(client_admin, query)) == names


def test_sorting(client_admin: Client, organisation: Organisation) -> None:
    for name, rent, period in (("B", "100", "weekly"), ("A", "520", "monthly"), ("C", "400", "fortnightly")):
        LeaseFactory(organisation=organisation, tenant_names=name, rent_amount=Decimal(rent), rent_period=period)
    assert [row.tenant_names for row in listed(client_admin, "?sort=rent")] == ["B", "A", "C"]
    assert [row.tenant_names for row in listed(client_admin, "?sort=-tenant")] == ["C", "B", "A"]


def test_htmx_gets_the_list_alone(client_admin: Client, organisation: Organisation) -> None:
    leases(organisation, 1)
    for path in ("/leases/", "/tenants/"):
        part = client_admin.get(path, **HTMX).content.decode()
        assert part.lstrip().startswith('<div id="list"')
        assert "<html" not in part


def test_empty_lists_say_what_to_do(client_admin: Client) -> None:
    assert "No lease is recorded yet." in client_admin.get("/leases/").content.decode()
    assert "No lease matches these filters." in client_admin.get("/leases/?q=x").content.decode()
    assert "No tenant is recorded yet." in client_admin.get("/tenants/").content.decode()
    assert "Nobody matches this search." in client_admin.get("/tenants/?q=x").content.decode()


def test_an_edit_is_kept_from_syncs(client_admin: Client, organisation: Organisation) -> None:
    lease = LeaseFactory(organisation=organisation, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    response = client_admin.post(f"/leases/{lease.pk}/edit/", TERMS)
    assert response.headers["Location"] == f"/leases/{lease.pk}/"
    lease.refresh_from_db()
    assert (lease.rent_amount, lease.edited_fields) == (Decimal("655.00"), ["rent_amount"])
    client_admin.post(f"/leases/{lease.pk}/follow-source/")
    lease.refresh_from_db()
    assert lease.edited_fields == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"rent_amount": "0"}, "The rent must be more than zero."),
        ({"rent_amount": "a lot"}, "Enter a number."),
        ({"ends_on": "2025-01-01"}, "The lease ends before it starts."),
        ({"ends_on": ""}, "Write when the fixed term ends, or tick that the lease goes on without an end date."),
        ({"vacates_on": "2025-01-01"}, "The moving-out date is before the lease starts."),
        ({"bond_amount": "-1"}, "A bond cannot be less than zero."),
        ({"ends_on": "soon"}, "Enter a valid date."),
    ],
)
def test_a_bad_edit_keeps_what_was_typed(
    client_admin: Client, organisation: Organisation, data: dict[str, str], words: str
) -> None:
    lease = LeaseFactory(organisation=organisation, tenant_names="Okafor, Ada")
    response = client_admin.post(f"/leases/{lease.pk}/edit/", {**TERMS, **data})
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert "Okafor, Ada" in page
    for name, value in data.items():
        assert f'value="{value}"' in page or not value, name
    lease.refresh_from_db()
    assert lease.edited_fields == []


def test_tenants_with_their_lease_and_what_they_owe(client_admin: Client, organisation: Organisation) -> None:
    named = LeaseTenantFactory(
        tenant__name="Nguyễn, Lan",
        lease__organisation=organisation,
        lease__arrears_amount=Decimal("12.34"),
        lease__property__name="12 Queen Street",
    )
    TenantFactory(organisation=organisation, name="Ada Okafor", phone="0400 111 222")
    response = client_admin.get("/tenants/")
    assert [tenant.name for tenant, _ in response.context["rows"]] == ["Ada Okafor", "Nguyễn, Lan"]
    assert "$12.34" in response.content.decode()
    assert "No lease" in response.content.decode()
    assert [tenant.name for tenant, _ in client_admin.get("/tenants/?q=111").context["rows"]] == ["Ada Okafor"]
    page = client_admin.get(f"/tenants/{named.tenant.pk}/").content.decode()
    assert "12 Queen Street" in page
    assert "Entered by hand" in page


def test_a_tenant_of_a_source_leads_to_the_record(client_admin: Client, organisation: Organisation) -> None:
    connection = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    tenant = TenantFactory(organisation=organisation, connection_id=connection.pk, provider_id="C-1")
    record = ProviderRecordFactory(
        organisation=organisation, connection=connection, resource="contact", provider_id="C-1"
    )
    page = client_admin.get(f"/tenants/{tenant.pk}/").content.decode()
    assert f"/settings/integrations/propertyme/records/{record.pk}/" in page


def test_a_unit_goes_offline_and_comes_back_as_its_lease_says(client_admin: Client, organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation, status=Unit.Status.OCCUPIED)
    LeaseFactory(organisation=organisation, unit=unit, property=unit.property)
    page = client_admin.post(f"/units/{unit.pk}/offline/", {"offline": "1"}, follow=True).content.decode()
    assert "is offline and left out of the vacancy figures until you put it back." in page
    page = client_admin.post(f"/units/{unit.pk}/offline/", follow=True).content.decode()
    assert "is back: occupied." in page
    unit.refresh_from_db()
    assert unit.status == Unit.Status.OCCUPIED


def test_what_is_not_theirs_is_not_found(client_admin: Client, other_organisation: Organisation) -> None:
    named = LeaseTenantFactory(lease__organisation=other_organisation)
    assert client_admin.get(f"/leases/{named.lease.pk}/edit/").status_code == 404
    assert client_admin.post(f"/leases/{named.lease.pk}/edit/", TERMS).status_code == 404
    assert client_admin.post(f"/leases/{named.lease.pk}/follow-source/").status_code == 404
    assert client_admin.get(f"/tenants/{named.tenant.pk}/").status_code == 404
    assert client_admin.get(f"/tenants/{uuid4()}/").status_code == 404
    assert client_admin.post(f"/units/{named.lease.unit.pk}/offline/", {"offline": "1"}).status_code == 404
    assert listed(client_admin, "?status=running") == []


def test_queries_do_not_grow_with_the_lists(client_admin: Client, organisation: Organisation) -> None:
    first = leases(organisation, 3)[0]
    for _ in range(2):
        assert_query_count("leases", client_admin, "/leases/")
        assert_query_count("leases_part", client_admin, "/leases/?ending=90&sort=-rent", **HTMX)
        assert_query_count("tenants", client_admin, "/tenants/")
        assert_query_count("lease_edit", client_admin, f"/leases/{first.pk}/edit/")
        leases(organisation, 9)
    tenant = first.lease_tenants.get().tenant
    assert_query_count("tenant_detail", client_admin, f"/tenants/{tenant.pk}/")
