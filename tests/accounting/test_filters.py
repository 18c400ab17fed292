from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.http import QueryDict
from django.utils import timezone

from access.models import Organisation, User
from accounting import filters as filters_module
from accounting.filters import TransactionFilter
from accounting.models import Transaction
from accounting.selectors import Totals, totals_of
from accounting.services import transactions
from tests.factories.accounting import TransactionFactory
from tests.factories.properties import PropertyFactory


def found(organisation: Organisation, query: str) -> set[str]:
    filters = TransactionFilter(QueryDict(query), organisation=organisation)
    shown = {entry.description for entry in filters.searched()}
    assert shown == {entry.description for entry in filters.everything()}
    return shown


@pytest.fixture
def books(organisation: Organisation, other_organisation: Organisation, admin_user: User) -> dict[str, Transaction]:
    """Six lines with descriptions that name them, and one of the rival."""
    today = timezone.localdate()
    home = PropertyFactory(organisation=organisation, name="12 Queen Street", suburb="New Farm", postcode="4005")
    other_home = PropertyFactory(organisation=organisation, name="9 شارع النيل", suburb="Subiaco")
    TransactionFactory(organisation=other_organisation, description="rival", occurred_on=today)
    connection = uuid4()
    rows = {
        "rent": TransactionFactory(
            organisation=organisation, property=home, description="rent", occurred_on=today, reference="R-77",
            counterparty="Nguyễn, Lan", provider="propertyme", connection_id=connection, provider_transaction_id="p1",
        ),
        "old": TransactionFactory(
            organisation=organisation, property=home, description="old", occurred_on=today - timedelta(days=800)
        ),
        "water": TransactionFactory(
            organisation=organisation, property=other_home, description="water", code="water", occurred_on=today,
            amount=Decimal("99.50"), counterparty="Sydney Water", reference="100%_x",
        ),
        "fee": TransactionFactory(
            organisation=organisation, property=other_home, description="fee", code="agent_fees",
            occurred_on=today - timedelta(days=40), amount=Decimal("45.00"),
        ),
        "extra": TransactionFactory(
            organisation=organisation, property=home, description="extra", code="other_rental_income",
            occurred_on=today, amount=Decimal("10.00"),
        ),
    }  # fmt: skip
    wrong = TransactionFactory(organisation=organisation, property=home, description="wrong", occurred_on=today)
    transactions.reverse_transaction(transaction=wrong, user=admin_user, reason="Twice")
    rows["wrong"] = wrong
    return rows


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"rent", "water", "fee", "extra", "wrong", "Reversal: wrong"}),
        ("period=all", {"rent", "old", "water", "fee", "extra", "wrong", "Reversal: wrong"}),
        ("kind=expense", {"water", "fee"}),
        ("category=water", {"water"}),
        ("category=other_rental_income", {"extra"}),
        ("category=rental_income", {"rent", "wrong", "Reversal: wrong"}),
        ("status=confirmed", {"rent", "water", "fee", "extra"}),
        ("status=reversed", {"wrong"}),
        ("status=reversal", {"Reversal: wrong"}),
        ("source=manual&kind=income", {"extra", "wrong", "Reversal: wrong"}),
        ("amount_min=45&amount_max=99.50", {"water", "fee"}),
        ("q=nguyễn", {"rent"}),
        ("q=r-77", {"rent"}),
        ("q=lan+r-77", {"rent"}),
        ("q=lan+water", set()),
        ("q=0%25_", {"water"}),
        ("address=queen&kind=income&status=confirmed", {"rent", "extra"}),
        ("address=subiaco", {"water", "fee"}),
        ("address=4005+queen&status=reversed", {"wrong"}),
        ("address=nowhere", set()),
        ("exported=yes", set()),
        ("exported=no&kind=expense", {"water", "fee"}),
        ("batch=no-moment", set()),
    ],
)
def test_each_filter(organisation: Organisation, books: dict[str, Transaction], query: str, names: set[str]) -> None:
    assert found(organisation, query) == names


def test_source_and_property_by_id(organisation: Organisation, books: dict[str, Transaction]) -> None:
    rent = books["rent"]
    assert found(organisation, f"source={rent.connection_id}") == {"rent"}
    assert found(organisation, f"property={books['fee'].property_id}") == {"water", "fee"}


def test_days_win_over_the_period(organisation: Organisation, books: dict[str, Transaction]) -> None:
    day = books["fee"].occurred_on.isoformat()
    assert found(organisation, f"period=this-month&date_from={day}&date_to={day}") == {"fee"}
    assert found(organisation, f"date_to={books['old'].occurred_on.isoformat()}") == {"old"}


def test_one_export_by_its_moment(organisation: Organisation, admin_user: User, books: dict[str, Transaction]) -> None:
    _, moment = transactions.mark_exported(
        organisation=organisation, ids=[books["rent"].pk, books["fee"].pk], user=admin_user
    )
    query = QueryDict(mutable=True)
    query["batch"] = moment.isoformat()
    assert found(organisation, query.urlencode()) == {"rent", "fee"}
    query["batch"] = (moment - timedelta(seconds=1)).replace(tzinfo=None).isoformat()
    assert found(organisation, query.urlencode()) == set()


def test_what_cannot_be_read_is_left_out_and_said(
    organisation: Organisation, other_organisation: Organisation, books: dict[str, Transaction]
) -> None:
    foreign = PropertyFactory(organisation=other_organisation)
    query = QueryDict(
        f"category=nonsense&date_from=yesterday&amount_min=x&property={foreign.pk}&source=me&kind=expense"
    )
    filters = TransactionFilter(query, organisation=organisation)
    assert {entry.description for entry in filters.searched()} == {"water", "fee"}
    assert set(filters.form.errors) == {"category", "date_from", "amount_min", "property", "source"}


def test_a_search_looks_through_the_newest_lines_only(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = PropertyFactory(organisation=organisation)
    first = date(2026, 1, 10)
    for day in range(6):
        TransactionFactory(
            organisation=organisation, property=home, occurred_on=first + timedelta(days=day), description=f"line {day}"
        )
    monkeypatch.setattr(filters_module, "SEARCH_WINDOW", 2)
    filters = TransactionFilter(QueryDict("period=all&q=line"), organisation=organisation)
    assert [entry.description for entry in filters.searched().order_by("-occurred_on")] == [
        "line 5",
        "line 4",
        "line 3",
    ]
    assert filters.searched_from == date(2026, 1, 13)
    assert filters.everything().count() == 6
    plain = TransactionFilter(QueryDict("period=all"), organisation=organisation)
    assert plain.searched().count() == 6
    assert plain.searched_from is None


def test_an_address_of_many_properties_is_compared_line_by_line(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters_module, "FEW_PROPERTIES", 1)
    for number in range(3):
        home = PropertyFactory(organisation=organisation, name=f"{number} Long Street")
        TransactionFactory(organisation=organisation, property=home, description=f"line {number}")
    TransactionFactory(organisation=organisation, description="elsewhere")
    assert found(organisation, "period=all&address=long+street") == {"line 0", "line 1", "line 2"}


def test_totals_cancel_reversed_lines_and_stop_at_a_limit(
    organisation: Organisation, books: dict[str, Transaction]
) -> None:
    lines = TransactionFilter(QueryDict(""), organisation=organisation).searched()
    totals = totals_of(lines)
    assert totals == Totals(lines=6, income=Decimal("650.00"), expense=Decimal("144.50"), not_exported=6)
    assert (totals.net, totals.outflow) == (Decimal("505.50"), Decimal("-144.50"))
    partial = totals_of(lines, limit=4)
    assert (partial.lines, partial.is_partial) == (5, True)
    assert totals_of(lines, limit=6).is_partial is False
    empty = totals_of(Transaction.objects.none(), limit=None)
    assert empty == Totals(lines=0, income=Decimal(0), expense=Decimal(0), not_exported=0)


def test_batch_without_a_zone_is_taken_as_utc(organisation: Organisation, admin_user: User) -> None:
    entry = TransactionFactory(organisation=organisation)
    _, moment = transactions.mark_exported(organisation=organisation, ids=[entry.pk], user=admin_user)
    naive = datetime.fromisoformat(moment.isoformat()).replace(tzinfo=None).isoformat()
    filters = TransactionFilter(QueryDict(f"period=all&batch={naive}"), organisation=organisation)
    assert [line.pk for line in filters.everything()] == [entry.pk]
