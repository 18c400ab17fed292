from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from access.models import Organisation, User
from accounting.services import periods
from tests.factories.accounting import TransactionFactory
from tests.query_counts import assert_query_count


def test_close_asks_with_the_numbers_and_then_closes(organisation: Organisation, client_admin: Client) -> None:
    TransactionFactory(organisation=organisation, occurred_on=date(2025, 6, 30))
    TransactionFactory(organisation=organisation, occurred_on=date(2025, 7, 1))
    assert "No period is closed" in client_admin.get("/accounting/periods/").content.decode()
    page = client_admin.get("/accounting/periods/close/?through=2025-06-30").content.decode()
    assert "1 more transaction can no longer be changed: $640.00 of income, $0.00 of expense." in page
    assert periods.closed_through(organisation) is None
    response = client_admin.post("/accounting/periods/close/", {"through": "2025-06-30"})
    assert response.headers["Location"] == "/accounting/periods/"
    assert periods.closed_through(organisation) == date(2025, 6, 30)
    page = client_admin.get("/accounting/periods/").content.decode()
    assert "The books are closed through" in page
    assert "Mara Kowalska" in page
    page = client_admin.get("/accounting/periods/close/?through=2025-07-31").content.decode()
    assert "1 more transaction since" in page


def test_reopen_in_part_and_altogether(organisation: Organisation, admin_user: User, client_admin: Client) -> None:
    TransactionFactory(organisation=organisation, occurred_on=date(2025, 6, 30))
    periods.close_books(organisation=organisation, through=date(2025, 9, 30), user=admin_user)
    page = client_admin.get("/accounting/periods/reopen/?through=2025-07-31").content.decode()
    assert "0 transactions through" in page
    client_admin.post("/accounting/periods/reopen/", {"through": "2025-07-31"})
    assert periods.closed_through(organisation) == date(2025, 7, 31)
    page = client_admin.get("/accounting/periods/reopen/").content.decode()
    assert "1 transaction through" in page
    client_admin.post("/accounting/periods/reopen/", {"through": ""})
    assert periods.closed_through(organisation) is None


@pytest.mark.parametrize(
    ("url", "data", "sentence"),
    [
        ("/accounting/periods/close/", {"through": "soon"}, "Choose the day through which"),
        ("/accounting/periods/close/", {"through": "2025-06-01"}, "already closed through"),
        ("/accounting/periods/reopen/", {"through": "2025-02-31"}, "This is not a day."),
        ("/accounting/periods/reopen/", {"through": "2026-01-01"}, "Choose a day before"),
    ],
)
def test_refusals_are_said_and_change_nothing(
    organisation: Organisation, admin_user: User, client_admin: Client, url: str, data: dict[str, str], sentence: str
) -> None:
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    assert sentence in client_admin.post(url, data, follow=True).content.decode()
    assert periods.closed_through(organisation) == date(2025, 6, 30)


def test_nothing_to_reopen(client_admin: Client) -> None:
    page = client_admin.get("/accounting/periods/reopen/", follow=True).content.decode()
    assert "there is nothing to reopen" in page


def test_property_managers_look_but_do_not_close(organisation: Organisation, client_agent: Client) -> None:
    page = client_agent.get("/accounting/periods/").content.decode()
    assert "Admins of Harbour &amp; Co close and reopen the books." in page
    for tail in ("close/?through=2025-06-30", "reopen/"):
        assert client_agent.get(f"/accounting/periods/{tail}").status_code == 403
        assert client_agent.post(f"/accounting/periods/{tail}", {"through": "2025-06-30"}).status_code == 403
    assert periods.closed_through(organisation) is None


def test_queries(client_admin: Client) -> None:
    assert_query_count("periods", client_admin, "/accounting/periods/")
