from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from access.models import Organisation, User
from accounting.models import Transaction
from accounting.services import exports, transactions
from accounting.views.exports import HEAD, safe_text
from tests.factories.accounting import TransactionFactory
from tests.factories.properties import PropertyFactory
from tests.query_counts import assert_query_count


def _file(client: Client, query: str) -> list[dict[str, str]]:
    response = client.get(f"/transactions/export/?{query}")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeffDate,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert all(tuple(row) == HEAD for row in rows)
    return rows


@pytest.fixture
def books(organisation: Organisation, other_organisation: Organisation) -> list[Transaction]:
    home = PropertyFactory(organisation=organisation, name="9 شارع النيل", suburb="Subiaco", state="WA")
    TransactionFactory(organisation=other_organisation, occurred_on=date(2026, 1, 3))
    return [
        TransactionFactory(
            organisation=organisation, property=home, occurred_on=date(2026, 1, 3), counterparty="Nguyễn, Lan",
            reference="R-1",
        ),
        TransactionFactory(
            organisation=organisation, property=home, occurred_on=date(2026, 1, 4), code="water",
            amount=Decimal("110.00"), tax_amount=Decimal("10.00"), description='=HYPERLINK("http://x")',
            counterparty="-2+3", reference="@sum", category_reason="Rule 1: everything else", provider="gone",
            connection_id=uuid4(), provider_transaction_id="b1", is_derived=True,
        ),
        TransactionFactory(organisation=organisation, property=home, occurred_on=date(2026, 3, 1)),
    ]  # fmt: skip


def test_file_holds_exactly_what_the_filters_find(client_agent: Client, books: list[Transaction]) -> None:
    rows = _file(client_agent, "date_from=2026-01-01&date_to=2026-01-31&format=csv")
    assert [row["Transaction id"] for row in rows] == [str(books[0].pk), str(books[1].pk)]
    assert rows[1] == {
        "Date": "2026-01-04",
        "Property": "9 شارع النيل",
        "Suburb": "Subiaco",
        "State": "WA",
        "Postcode": "2042",
        "Kind": "expense",
        "Category code": "water",
        "Category": "Water charges",
        "Amount": "-110.00",
        "Tax": "10.00",
        "Currency": "AUD",
        "Description": '\'=HYPERLINK("http://x")',
        "Paid by or to": "'-2+3",
        "Reference": "'@sum",
        "Status": "Confirmed",
        "Source": "gone",
        "Derived": "yes",
        "Why this category": "Rule 1: everything else",
        "Transaction id": str(books[1].pk),
        "Reverses": "",
    }
    assert (rows[0]["Amount"], rows[0]["Tax"], rows[0]["Source"], rows[0]["Paid by or to"]) == (
        "640.00", "", "Entered by hand", "Nguyễn, Lan",
    )  # fmt: skip
    assert sum(Decimal(row["Amount"]) for row in rows) == Decimal("530.00")


def test_reversals_name_what_they_reverse(
    organisation: Organisation, admin_user: User, client_agent: Client, books: list[Transaction]
) -> None:
    transactions.reverse_transaction(transaction=books[0], user=admin_user, reason="Twice")
    rows = _file(client_agent, "date_from=2026-01-01&date_to=2026-01-31&kind=income&format=csv")
    assert [(row["Amount"], row["Status"], row["Reverses"]) for row in rows] == [
        ("640.00", "Reversed", ""),
        ("-640.00", "Reversing entry", str(books[0].pk)),
    ]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formulas_become_text(text: str) -> None:
    assert safe_text(text) == f"'{text}"


def test_ordinary_text_stays() -> None:
    assert safe_text("a=b") == "a=b"
    assert safe_text("") == ""


def test_page_says_what_is_exported_and_locks_on_request(client_agent: Client, books: list[Transaction]) -> None:
    url = "/transactions/export/?date_from=2026-01-01&date_to=2026-01-31"
    page = client_agent.get(url).content.decode()
    assert "2 lines" in page
    assert "+$530.00" in page
    assert "Two lines have not been exported yet." in page
    response = client_agent.post(url)
    assert response.status_code == 302
    assert Transaction.objects.filter(exported_at__isnull=False).count() == 2
    target = response.headers["Location"]
    page = client_agent.get(target).content.decode()
    assert "2 lines are locked." in page
    assert "Mark as exported" not in page
    rows = _file(client_agent, f"{target.partition('?')[2]}&format=csv")
    assert [row["Transaction id"] for row in rows] == [str(books[0].pk), str(books[1].pk)]
    again = client_agent.post(url, follow=True).content.decode()
    assert "Every one of these lines was exported before, so nothing was locked." in again


def test_a_lock_that_is_too_large_says_so(
    client_agent: Client, books: list[Transaction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "EXPORT_LIMIT", 1)
    page = client_agent.post("/transactions/export/?period=all", follow=True).content.decode()
    assert "Export them in parts" in page
    assert not Transaction.objects.filter(exported_at__isnull=False).exists()


def test_nothing_to_export(client_agent: Client) -> None:
    assert "There is nothing to export." in client_agent.get("/transactions/export/").content.decode()


def test_queries(client_agent: Client, books: list[Transaction]) -> None:
    assert_query_count("transaction_export", client_agent, "/transactions/export/?period=all")
