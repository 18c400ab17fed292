from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from integrations.models import Connection
from reporting.views.today import greeting
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory
from tests.factories.properties import PropertyFactory, UnitFactory
from tests.factories.tenancies import LeaseFactory
from tests.query_counts import assert_query_count


@pytest.mark.parametrize(
    ("hour", "words"),
    [
        (4, "Good evening"), (5, "Good morning"), (11, "Good morning"), (12, "Good afternoon"),
        (17, "Good afternoon"), (18, "Good evening"), (23, "Good evening"),
    ],
)  # fmt: skip
def test_greeting(hour: int, words: str) -> None:
    assert greeting(hour) == words


def portfolio(organisation: Organisation, size: int) -> None:
    today = timezone.localdate()
    connection = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    for number in range(size):
        unit = UnitFactory(organisation=organisation, status="occupied")
        LeaseFactory(
            organisation=organisation,
            unit=unit,
            property=unit.property,
            ends_on=today + timedelta(days=number),
            arrears_amount=Decimal("100.00"),
            arrears_days=20 + number,
        )
        TransactionFactory(organisation=organisation, property=unit.property, occurred_on=today)
        PropertyMappingFactory(organisation=organisation, connection=connection)


def test_a_new_organisation_is_shown_two_ways_to_begin(client_admin: Client) -> None:
    page = client_admin.get("/").content.decode()
    assert "Connect a provider" in page
    assert "Add a property" in page
    assert "Needs you" not in page


def test_everything_in_step(client_admin: Client, organisation: Organisation) -> None:
    UnitFactory(organisation=organisation, status="occupied")
    page = client_admin.get("/").content.decode()
    assert "Nothing needs you. Everything is in step." in page
    assert "No source is connected." in page
    assert "nobody is behind" in page
    assert "No income or expense in twelve months." in page


def test_what_needs_the_person_stands_with_its_button(client_admin: Client, organisation: Organisation) -> None:
    portfolio(organisation, 3)
    Connection.objects.update(status=Connection.Status.EXPIRED, status_since=datetime(2026, 1, 1, tzinfo=UTC))
    response = client_admin.get("/")
    page = response.content.decode()
    assert "Four things need you. Everything else is in step." in page
    assert [need.action for need in response.context["needs"]] == ["Reconnect", "See who", "Open", "Map"]
    assert ", Mara" in page
    assert "Three leases end within 30 days" in page
    assert "$300.00" in page  # arrears
    assert "$1,920" in page  # rent this month: three times 640


def test_the_hour_is_that_of_the_organisation(
    client_admin: Client, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    UnitFactory(organisation=organisation)
    # 22:30 in UTC is 09:30 of the next day in Sydney.
    assert "Good morning, Mara" in client_admin.get("/").content.decode()


def test_a_failing_source_is_on_its_card(client_admin: Client, organisation: Organisation) -> None:
    PropertyFactory(organisation=organisation)
    ConnectionFactory(organisation=organisation, failing_since=timezone.now(), account_name="Żółw & Söhne")
    page = client_admin.get("/").content.decode()
    assert "Żółw &amp; Söhne" in page
    assert ">Failing</span>" in page


def test_strangers_and_tenants_stay_out(client: Client, client_tenant: Client) -> None:
    assert client.get("/").status_code == 302
    assert client_tenant.get("/").status_code == 403


def test_queries_do_not_grow_with_the_portfolio(client_admin: Client, organisation: Organisation) -> None:
    portfolio(organisation, 3)
    assert_query_count("today", client_admin, "/")
    portfolio(organisation, 9)
    assert_query_count("today", client_admin, "/")
