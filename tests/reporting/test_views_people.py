from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from tenancies.models import Lease
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import ConnectionFactory, ProviderRecordFactory
from tests.factories.tenancies import LeaseFactory, LeaseTenantFactory
from tests.query_counts import assert_query_count

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def lease(organisation: Organisation) -> Lease:
    lease = LeaseFactory(
        organisation=organisation,
        tenant_names="Wiśniewska-Brzęczyszczykiewicz, Małgorzata",
        ends_on=timezone.localdate() + timedelta(days=12),
        arrears_amount=Decimal("978.46"),
        arrears_days=69,
        edited_fields=["rent_amount", "ends_on"],
    )
    LeaseTenantFactory(lease=lease, tenant__email="m@tenant.example")
    return lease


def test_a_lease_with_its_payments_tenants_and_edits(client_admin: Client, lease: Lease) -> None:
    TransactionFactory(organisation=lease.organisation, property=lease.property, lease=lease, amount=Decimal("640.00"))
    TransactionFactory(organisation=lease.organisation, property=lease.property, amount=Decimal("111.11"))
    page = client_admin.get(f"/leases/{lease.pk}/").content.decode()
    assert "Wiśniewska-Brzęczyszczykiewicz, Małgorzata" in page
    assert "in 12 days" in page
    assert "69 days behind" in page
    assert "+$640.00" in page
    assert "111.11" not in page
    assert "m@tenant.example" in page
    assert "Changed by a person, left alone by syncs: rent, end of term." in page
    # Without a source there is nothing that could write it again.
    assert "Let syncs write it again" not in page


def test_a_lease_of_a_source_leads_to_its_record(client_admin: Client, lease: Lease) -> None:
    connection = ConnectionFactory(organisation=lease.organisation, last_sync_at=timezone.now())
    record = ProviderRecordFactory(
        organisation=lease.organisation, connection=connection, resource="tenancy", provider_id="T-1"
    )
    Lease.objects.update(connection_id=connection.pk, provider="propertyme", provider_id="T-1")
    page = client_admin.get(f"/leases/{lease.pk}/").content.decode()
    assert f"/settings/integrations/propertyme/records/{record.pk}/" in page
    assert "Let syncs write it again" in page
    assert_query_count("lease_detail", client_admin, f"/leases/{lease.pk}/")


def test_another_organisations_lease_is_not_found(client_admin: Client, other_organisation: Organisation) -> None:
    theirs = LeaseFactory(organisation=other_organisation)
    assert client_admin.get(f"/leases/{theirs.pk}/").status_code == 404


def owing(organisation: Organisation, size: int) -> None:
    connection = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    for number in range(size):
        LeaseFactory(
            organisation=organisation,
            connection_id=connection.pk,
            provider_id=f"T-{connection.pk}-{number}",
            arrears_amount=Decimal("10.00"),
            arrears_days=number * 31,
        )


def test_arrears_oldest_first_with_buckets_and_totals(client_admin: Client, organisation: Organisation) -> None:
    owing(organisation, 4)
    response = client_admin.get("/arrears/")
    assert [row.arrears_days for row in response.context["page"].items] == [93, 62, 31, 0]
    assert [bucket.tenancies for bucket in response.context["buckets"]] == [1, 1, 1, 1]
    assert response.context["totals"].arrears == Decimal("40.00")
    assert "Four tenancies owe $40.00; the oldest is 93 days behind." in response.content.decode()


def test_arrears_by_age_and_by_words(client_admin: Client, organisation: Organisation, lease: Lease) -> None:
    owing(organisation, 4)
    old = client_admin.get("/arrears/?age=90%2B")
    assert [row.arrears_days for row in old.context["page"].items] == [93]
    assert "More than 90 days" in old.context["chips"][0]["value"]
    found = client_admin.get("/arrears/?q=małgorzata", **HTMX)
    assert [row.pk for row in found.context["page"].items] == [lease.pk]
    assert found.content.decode().lstrip().startswith('<div id="list"')
    assert found.context["totals"].arrears == Decimal("978.46")
    assert "No tenancy in arrears matches these filters." in client_admin.get("/arrears/?q=nobody").content.decode()


def test_nobody_behind(client_admin: Client) -> None:
    assert "Nobody is behind with the rent." in client_admin.get("/arrears/").content.decode()


def test_queries_do_not_grow_with_the_arrears(client_admin: Client, organisation: Organisation) -> None:
    owing(organisation, 3)
    assert_query_count("arrears", client_admin, "/arrears/")
    owing(organisation, 9)
    assert_query_count("arrears", client_admin, "/arrears/")
