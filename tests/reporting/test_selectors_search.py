from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from access.models import Organisation
from reporting.selectors import search as search_module
from reporting.selectors.search import amount_in, search_everything
from tests.factories.accounting import TransactionFactory
from tests.factories.properties import OwnerFactory, PropertyFactory
from tests.factories.tenancies import LeaseFactory, TenantFactory


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("640", "640"),
        ("$1,234.50", "1234.50"),
        ("−80.00", "80.00"),
        ("12 Queen", None),
        ("1.234", None),
        ("$", None),
    ],
)
def test_amount_in(text: str, amount: str | None) -> None:
    assert amount_in(text) == (Decimal(amount) if amount else None)


def test_each_kind_is_found_and_every_word_has_to_match(organisation: Organisation) -> None:
    owner = OwnerFactory(organisation=organisation, name="Żółć Sp. z o.o.")
    home = PropertyFactory(organisation=organisation, name="12 Queen Street", suburb="New Farm", owner=owner)
    PropertyFactory(organisation=organisation, name="14 Queen Street", suburb="Newtown")
    tenant = TenantFactory(organisation=organisation, name="Nguyễn, Lan", email="lan@queen.example")
    lease = LeaseFactory(organisation=organisation, property=home, tenant_names="Nguyễn, Lan")
    found = search_everything(organisation=organisation, text=" queen  farm ")
    assert found.properties == [home]
    assert found.leases == [lease]
    assert found.tenants == []
    assert search_everything(organisation=organisation, text="nguyễn").tenants == [tenant]
    assert search_everything(organisation=organisation, text="nguyễn").leases == [lease]
    assert search_everything(organisation=organisation, text="żółć").properties == [home]


def test_transactions_by_amount_and_by_reference(organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation)
    rent = TransactionFactory(organisation=organisation, property=home, amount=Decimal("1234.50"), reference="RCPT-77")
    back = TransactionFactory(organisation=organisation, property=home, amount=Decimal("-1234.50"), reference="RCPT-78")
    TransactionFactory(organisation=organisation, property=home, amount=Decimal("1234.51"))
    found = search_everything(organisation=organisation, text="$1,234.5").transactions
    assert {line.pk for line in found} == {rent.pk, back.pk}
    assert search_everything(organisation=organisation, text="rcpt-77").transactions == [rent]
    assert search_everything(organisation=organisation, text="rcpt").transactions == []


def test_only_the_newest_lines_are_looked_through(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "NEWEST_LINES", 1)
    home = PropertyFactory(organisation=organisation)
    for day in (1, 2, 3):
        TransactionFactory(
            organisation=organisation, property=home, amount=Decimal("5.00"), occurred_on=date(2026, 11, day)
        )
    found = search_everything(organisation=organisation, text="5.00").transactions
    # The day on which the edge lies is shown whole.
    assert [line.occurred_on.day for line in found] == [3, 2]


def test_more_is_said_and_blank_finds_nothing(organisation: Organisation) -> None:
    for _ in range(9):
        PropertyFactory(organisation=organisation, suburb="Subiaco")
    found = search_everything(organisation=organisation, text="subiaco")
    assert (len(found.properties), found.more, found.total) == (8, frozenset({"properties"}), 8)
    assert search_everything(organisation=organisation, text=" \x00 ").total == 0


def test_another_organisation_finds_nothing(organisation: Organisation, other_organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation, name="12 Queen Street")
    LeaseFactory(organisation=organisation, property=home, tenant_names="Queen")
    TenantFactory(organisation=organisation, name="Queen 12")
    TransactionFactory(organisation=organisation, property=home, reference="12")
    for text in ("queen", "12"):
        assert search_everything(organisation=other_organisation, text=text).total == 0
