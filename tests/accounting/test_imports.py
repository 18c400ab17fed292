from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation
from accounting.models import Transaction, TransactionRevision
from accounting.services.imports import Imported, import_planned
from integrations.sync.work import chunk
from properties.models import Property
from tests.factories.accounting import TransactionFactory, category
from tests.factories.properties import PropertyFactory

CONNECTION, RUN = uuid.UUID(int=1), uuid.UUID(int=2)
Status = Transaction.Status
# The working tables empty themselves at a commit, so each chunk must really commit.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(organisation: Organisation) -> Property:
    return PropertyFactory(organisation=organisation)


def line(home: Property, provider_id: str, **values: Any) -> dict[str, Any]:
    """A planned rent payment of $640.00."""
    rent = category(home.organisation, "rental_income")
    return {
        "record_id": uuid.uuid4(),
        "action": "create",
        "verdict": "imported",
        "reason": "",
        "generation": 1,
        "transaction_id": uuid.uuid4(),
        "cause": "",
        "property_id": home.pk,
        "category_id": rent.pk,
        "category_reason": "",
        "kind": "income",
        "occurred_on": date(2025, 12, 4),
        "amount": Decimal("640.00"),
        "description": "Rent",
        "counterparty": "",
        "reference": "",
        "is_derived": False,
        "job_ref": "",
        "provider_transaction_id": provider_id,
        "changes": "{}",
        **values,
    }


def work(organisation: Organisation, *lines: dict[str, Any]) -> tuple[Imported, list[tuple[str, str]]]:
    """Imports a plan of these lines; what came of it, and (action, reason) of each line afterwards."""
    with chunk(CONNECTION) as cursor:
        for values in lines:
            names = ", ".join(values)
            marks = ", ".join(["%s"] * len(values))
            cursor.execute(f"INSERT INTO pt_plan ({names}) VALUES ({marks})", list(values.values()))  # noqa: S608
        found = import_planned(
            cursor,
            organisation=organisation,
            provider="propertyme",
            connection_id=CONNECTION,
            run_id=RUN,
            update_reason="Changed at PropertyMe.",
        )
        cursor.execute("SELECT action, reason FROM pt_plan ORDER BY provider_transaction_id")
        return found, cursor.fetchall()


def test_planned_records_become_transactions_once(organisation: Organisation, home: Property) -> None:
    water = category(organisation, "water")
    rent = line(home, "payment-1")
    bill = line(home, "bill-1", kind="expense", amount=Decimal("81.25"), category_id=water.pk, description="Water")
    found, _ = work(organisation, rent, bill)
    assert found == Imported(created=2, income=Decimal("640.00"), expense=Decimal("81.25"))
    made = Transaction.objects.get(pk=rent["transaction_id"])
    assert (made.amount, made.currency, made.status, made.kind) == (
        Decimal("640.00"),
        "AUD",
        Status.CONFIRMED,
        "income",
    )
    assert (made.provider, made.connection_id, made.sync_run_id) == ("propertyme", CONNECTION, RUN)
    again, lines = work(organisation, line(home, "payment-1"), line(home, "payment-2"))
    assert again == Imported(created=1, income=Decimal("640.00"), expense=Decimal(0))
    assert lines == [("duplicate", "Already imported under the same id."), ("create", "")]
    assert Transaction.objects.count() == 3


def test_an_update_keeps_its_history(organisation: Organisation, home: Property) -> None:
    entry = TransactionFactory(organisation=organisation, property=home, category_reason="As it was")
    changes = '{"amount": ["640.00", "650.00"]}'
    update = line(
        home,
        "",
        action="update",
        transaction_id=entry.pk,
        amount=Decimal("650.00"),
        changes=changes,
        category_reason="x",
    )
    assert work(organisation, update)[0].created == 0
    entry.refresh_from_db()
    assert (entry.amount, entry.category_reason) == (Decimal("650.00"), "As it was")
    revision = TransactionRevision.objects.get()
    assert (revision.transaction, revision.reason, revision.sync_run_id) == (entry, "Changed at PropertyMe.", RUN)
    assert revision.changes == {"amount": ["640.00", "650.00"]}


def test_a_void_is_reversed_once_by_an_opposite_entry(organisation: Organisation, home: Property) -> None:
    entry = TransactionFactory(
        organisation=organisation, property=home, provider="propertyme", connection_id=CONNECTION,
        provider_transaction_id="payment-1",
    )  # fmt: skip
    void = line(home, "", action="void", transaction_id=entry.pk, reason="Voided at the provider: reversed.")
    for _ in range(2):
        work(organisation, void)
    entry.refresh_from_db()
    opposite = Transaction.objects.get(reverses=entry)
    assert (entry.status, opposite.status, opposite.amount) == (Status.REVERSED, Status.REVERSAL, Decimal("-640.00"))
    assert (opposite.provider_transaction_id, opposite.description) == ("payment-1~void", "Reversal: Rent")
    assert Transaction.objects.count() == 2
