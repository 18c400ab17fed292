from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation, User
from accounting import filters as filters_module
from accounting import selectors
from accounting.models import Transaction
from accounting.services import periods, transactions
from integrations.models import Connection
from tests.factories.accounting import TransactionFactory, category
from tests.factories.integrations import ConnectionFactory, ProviderRecordFactory
from tests.factories.properties import PropertyFactory
from tests.query_counts import assert_query_count


def _today(organisation: Organisation, **facts: object) -> Transaction:
    return TransactionFactory(organisation=organisation, occurred_on=timezone.localdate(), **facts)


def _imported(connection: Connection, key: str, **facts: object) -> Transaction:
    return _today(
        connection.organisation,
        provider="propertyme",
        connection_id=connection.pk,
        provider_transaction_id=key,
        **facts,
    )


def test_list_shows_lines_totals_and_period(organisation: Organisation, client_agent: Client) -> None:
    connection = ConnectionFactory(organisation=organisation)
    rent = _imported(connection, "p1", counterparty="Nguyễn, Lan", reference="R-1")
    _today(organisation, code="water", amount=Decimal("110.00"), description="=cmd|calc")
    page = client_agent.get("/transactions/").content.decode()
    assert f"/transactions/{rent.pk}/" in page
    assert "Last 12 months" in page
    assert "+$640.00" in page
    assert "\u2212$110.00" in page
    assert "+$530.00" in page
    assert "PropertyMe" in page
    assert "entered by hand" in page
    assert "2 lines" in page


def test_filters_become_chips_and_errors_are_said(organisation: Organisation, client_agent: Client) -> None:
    _today(organisation, description="Rent of the week")
    _today(organisation, code="water", description="Usage")
    page = client_agent.get("/transactions/?kind=expense&date_from=yesterday&q=usa").content.decode()
    assert "Usage" in page
    assert "Rent of the week" not in page
    assert 'href="?date_from=yesterday&amp;q=usa"' in page
    assert "A filter was left out because it could not be read." in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("", "The books of the last twelve months are empty."), ("?kind=income", "No transaction fits these filters.")],
)
def test_empty_states_say_what_to_do(client_agent: Client, query: str, sentence: str) -> None:
    assert sentence in client_agent.get(f"/transactions/{query}").content.decode()


def test_large_totals_are_added_up_on_request(
    organisation: Organisation, client_agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "TOTALS_LIMIT", 2)
    for _ in range(3):
        _today(organisation, amount=Decimal("100.00"))
    page = client_agent.get("/transactions/?kind=income").content.decode()
    assert "More than 2 lines" in page
    assert 'hx-get="/transactions/?kind=income&amp;totals=all"' in page
    assert "+$300.00" not in page
    assert "+$300.00" in client_agent.get("/transactions/?kind=income&totals=all").content.decode()
    part = client_agent.get("/transactions/?kind=income&totals=all", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith("<tfoot")
    assert part.count("+$300.00") == 2
    assert "3 lines" in part


def test_a_search_that_stopped_offers_the_days_before(
    organisation: Organisation, client_agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters_module, "SEARCH_WINDOW", 1)
    for day in (3, 2, 1):
        TransactionFactory(organisation=organisation, occurred_on=date(2026, 2, day), description=f"Rent {day}")
    page = client_agent.get("/transactions/?period=all&q=Rent").content.decode()
    assert "Rent 3" in page
    assert "Rent 2" in page
    assert "Rent 1" not in page
    assert 'href="?q=Rent&amp;date_to=2026-02-01"' in page
    earlier = client_agent.get("/transactions/?q=Rent&date_to=2026-02-01").content.decode()
    assert "Rent 1" in earlier
    nothing = client_agent.get("/transactions/?period=all&q=absent").content.decode()
    assert "Nothing in the newest lines of this period." in nothing


def test_pages_follow_on_without_gap_or_repeat(organisation: Organisation, client_agent: Client) -> None:
    home = PropertyFactory(organisation=organisation)
    for number in range(60):
        _today(organisation, property=home, description=f"Line {number:02}.")
    first = client_agent.get("/transactions/").context["page"]
    second = client_agent.get(f"/transactions/{first.older_url}").context["page"]
    shown = [entry.description for entry in [*first.items, *second.items]]
    assert shown == [f"Line {number:02}." for number in range(59, -1, -1)]
    back = client_agent.get(f"/transactions/{second.newer_url}").context["page"]
    assert [entry.pk for entry in back.items] == [entry.pk for entry in first.items]
    ascending = client_agent.get("/transactions/?sort=date").context["page"]
    assert ascending.items[0].description == "Line 00."


def test_queries_do_not_grow_with_the_data(organisation: Organisation, client_agent: Client) -> None:
    connection = ConnectionFactory(organisation=organisation)
    entry = _imported(connection, "p0")
    assert_query_count("transaction_list", client_agent, "/transactions/")
    for number in range(1, 20):
        _imported(connection, f"p{number}")
        _today(organisation, code="water")
    assert_query_count("transaction_list", client_agent, "/transactions/")
    assert_query_count("transaction_list_search", client_agent, "/transactions/?q=rent&category=rental_income")
    part = {"headers": {"HX-Request": "true"}}
    assert_query_count("transaction_list_part", client_agent, "/transactions/", **part)
    assert_query_count("transaction_detail", client_agent, f"/transactions/{entry.pk}/")
    assert_query_count("transaction_edit", client_agent, f"/transactions/{entry.pk}/edit/")
    assert_query_count("transaction_add", client_agent, "/transactions/new/")


def test_detail_shows_provenance_history_and_reason(
    organisation: Organisation, admin_user: User, client_agent: Client
) -> None:
    connection = ConnectionFactory(organisation=organisation)
    record = ProviderRecordFactory(
        organisation=organisation, connection=connection, resource="bill", provider_id="bill-9"
    )
    entry = _imported(
        connection, "bill-9~2", code="sundry", category_reason="Rule 4: supplier has “Water”", job_ref="job-1"
    )
    transactions.edit_transaction(
        transaction=entry, user=admin_user, category=category(organisation, "water"), reason="Read the bill"
    )
    page = client_agent.get(f"/transactions/{entry.pk}/").content.decode()
    assert "Chosen by Mara Kowalska" in page
    assert "<del>Sundry rental expenses</del>" in page
    assert "<ins>Water charges</ins>" in page
    assert "Read the bill" in page
    assert f"/settings/integrations/propertyme/records/{record.pk}/" in page
    assert "bill-9~2" in page
    assert f"/work-orders/job/{connection.pk}/job-1" in page
    reversal = transactions.reverse_transaction(transaction=entry, user=admin_user, reason="Entered twice")
    page = client_agent.get(f"/transactions/{entry.pk}/").content.decode()
    assert "This entry was reversed" in page
    assert f"/transactions/{reversal.pk}/" in page
    assert f"/transactions/{entry.pk}/edit/" not in page
    page = client_agent.get(f"/transactions/{reversal.pk}/").content.decode()
    assert "This entry cancels another one." in page
    assert f"/transactions/{entry.pk}/" in page


def test_locked_lines_say_why(organisation: Organisation, admin_user: User, client_agent: Client) -> None:
    exported = _today(organisation)
    closed = TransactionFactory(organisation=organisation, occurred_on=date(2025, 6, 1))
    transactions.mark_exported(organisation=organisation, ids=[exported.pk], user=admin_user)
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    page = client_agent.get(f"/transactions/{exported.pk}/").content.decode()
    assert "Locked since it was exported" in page
    assert f"/transactions/{exported.pk}/reverse/" not in page
    page = client_agent.get(f"/transactions/{closed.pk}/").content.decode()
    assert "so this entry can no longer change" in page
    assert f"/transactions/{closed.pk}/reverse/" not in page


def test_edit_saves_and_refusals_stand_beside_the_form(
    organisation: Organisation, admin_user: User, client_agent: Client
) -> None:
    entry = _today(organisation)
    url = f"/transactions/{entry.pk}/edit/"
    assert client_agent.get(url).status_code == 200
    facts = {
        "category": str(entry.category_id),
        "description": "Rent, week 2",
        "occurred_on": entry.occurred_on.isoformat(),
        "amount": "641.00",
        "reason": "Bank statement",
    }
    assert client_agent.post(url, {**facts, "reason": ""}).status_code == 422
    assert client_agent.post(url, {**facts, "amount": "-1"}).status_code == 422
    foreign = category(organisation, "water")
    assert client_agent.post(url, {**facts, "category": str(foreign.pk)}).status_code == 422
    entry.refresh_from_db()
    assert entry.amount == Decimal("640.00")
    response = client_agent.post(url, facts)
    assert (response.status_code, response.headers["Location"]) == (302, f"/transactions/{entry.pk}/")
    entry.refresh_from_db()
    assert (entry.amount, entry.description) == (Decimal("641.00"), "Rent, week 2")
    periods.close_books(organisation=organisation, through=entry.occurred_on, user=admin_user)
    response = client_agent.post(url, facts)
    assert response.status_code == 422
    assert "lies in a closed period" in response.content.decode()


def test_reverse_asks_with_the_numbers(organisation: Organisation, client_agent: Client) -> None:
    connection = ConnectionFactory(organisation=organisation)
    entry = _imported(connection, "p1")
    url = f"/transactions/{entry.pk}/reverse/"
    page = client_agent.get(url).content.decode()
    assert "An entry of \u2212$640.00 is added to rental income." in page
    assert "No sync brings it back" in page
    assert Transaction.objects.count() == 1
    assert client_agent.post(url, {"reason": ""}).status_code == 422
    day = entry.occurred_on - timedelta(days=1)
    response = client_agent.post(url, {"reason": "Entered twice", "occurred_on": day.isoformat()})
    reversal = Transaction.objects.get(reverses=entry)
    assert response.headers["Location"] == f"/transactions/{reversal.pk}/"
    assert (reversal.amount, reversal.occurred_on) == (Decimal("-640.00"), day)
    response = client_agent.post(url, {"reason": "Again"})
    assert response.status_code == 422
    assert "This entry has been reversed." in response.content.decode()


def test_add_by_address(organisation: Organisation, other_organisation: Organisation, client_agent: Client) -> None:
    category(organisation, "water")
    home = PropertyFactory(organisation=organisation, name="12 Queen Street", suburb="New Farm")
    PropertyFactory(organisation=organisation, name="120 Queen Street", suburb="New Farm")
    PropertyFactory(organisation=other_organisation, name="5 Rival Road")
    page = client_agent.get(f"/transactions/new/?property={home.pk}").content.decode()
    assert 'value="12 Queen Street, New Farm NSW 2042"' in page
    facts = {
        "entry_id": str(uuid4()),
        "property": "12 Queen Street",
        "category": "water",
        "occurred_on": "2025-12-04",
        "amount": "88.00",
        "tax_amount": "8.00",
        "description": "Usage",
    }
    for wrong, sentence in (
        ({"property": "queen"}, "Several properties fit: 12 Queen Street, New Farm NSW 2042; 120 Queen Street"),
        ({"property": "Rival Road"}, "No property has this address."),
        ({"amount": "0"}, "The amount must be more than zero"),
        ({"category": "nonsense"}, "Select a valid choice"),
    ):
        response = client_agent.post("/transactions/new/", {**facts, **wrong})
        assert response.status_code == 422
        assert sentence in response.content.decode()
    for _ in range(2):
        response = client_agent.post("/transactions/new/", facts)
        assert response.status_code == 302
    entry = Transaction.objects.get()
    assert response.headers["Location"] == f"/transactions/{entry.pk}/"
    assert (entry.property, entry.kind, entry.amount, entry.tax_amount, entry.provider) == (
        home, "expense", Decimal("88.00"), Decimal("8.00"), "",
    )  # fmt: skip


def test_addresses_are_offered_from_the_second_letter(
    organisation: Organisation, other_organisation: Organisation, client_agent: Client
) -> None:
    PropertyFactory(organisation=organisation, name="12 Queen Street")
    PropertyFactory(organisation=other_organisation, name="13 Queen Street")
    page = client_agent.get("/transactions/property-choices/?property=qu").content.decode()
    assert '<option value="12 Queen Street, Newtown NSW 2042">' in page
    assert "13 Queen Street" not in page
    assert "<option" not in client_agent.get("/transactions/property-choices/?property=q").content.decode()


@pytest.mark.parametrize("tail", ["", "edit/", "reverse/"])
def test_another_organisations_line_is_not_found(
    other_organisation: Organisation, client_agent: Client, tail: str
) -> None:
    foreign = TransactionFactory(organisation=other_organisation)
    assert client_agent.get(f"/transactions/{foreign.pk}/{tail}").status_code == 404
    if tail:
        assert client_agent.post(f"/transactions/{foreign.pk}/{tail}", {"reason": "x"}).status_code == 404
    assert client_agent.get("/transactions/new/", {"property": str(foreign.property_id)}).status_code == 200
    foreign.refresh_from_db()
    assert foreign.status == "confirmed"


def test_strangers_and_tenants_are_kept_out(organisation: Organisation, client: Client, client_tenant: Client) -> None:
    assert client.get("/transactions/").headers["Location"].startswith("/accounts/login/")
    assert client_tenant.get("/transactions/").status_code == 403
