from __future__ import annotations

from decimal import Decimal

from django.test import Client

from access.models import Organisation
from tests.factories.accounting import TransactionFactory
from tests.factories.properties import PropertyFactory
from tests.factories.tenancies import LeaseFactory, LeaseTenantFactory, TenantFactory
from tests.query_counts import assert_query_count


def fill(organisation: Organisation, size: int) -> None:
    for number in range(size):
        home = PropertyFactory(organisation=organisation, name=f"{number} Queen Street")
        lease = LeaseFactory(organisation=organisation, property=home, tenant_names="Queen, Ada")
        LeaseTenantFactory(lease=lease, tenant=TenantFactory(organisation=organisation, name="Queen, Ada"))
        TransactionFactory(organisation=organisation, property=home, reference="QUEEN 7", amount=Decimal("77.70"))


def test_each_kind_has_its_list(client_admin: Client, organisation: Organisation) -> None:
    fill(organisation, 1)
    page = client_admin.get("/search/?q=queen+7").content.decode()
    assert "QUEEN 7" in page
    assert ">Tenants</h2>" not in page
    page = client_admin.get("/search/?q=queen").content.decode()
    assert "Three matches for" in page
    for heading in ("Properties", "Tenants", "Leases"):
        assert f"<h2>{heading}</h2>" in page
    assert "$77.70" in client_admin.get("/search/?q=77.70").content.decode()


def test_nothing_asked_and_nothing_found(client_admin: Client) -> None:
    assert "Write an address, a name, an amount or a reference" in client_admin.get("/search/").content.decode()
    page = client_admin.get("/search/?q=<script>").content.decode()
    assert "Nothing was found." in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_queries_do_not_grow_with_the_matches(client_admin: Client, organisation: Organisation) -> None:
    fill(organisation, 2)
    assert_query_count("search", client_admin, "/search/?q=queen")
    fill(organisation, 6)
    assert_query_count("search", client_admin, "/search/?q=queen")
