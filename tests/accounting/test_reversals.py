from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from access.models import Organisation, User
from accounting.models import Transaction, TransactionRevision
from accounting.services.reversals import Bucket, count_created, restore_voided, reverse_created
from tests.factories.accounting import TransactionFactory

RUN, UNDO = uuid.UUID(int=1), uuid.UUID(int=2)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
CLOSED = date(2025, 6, 30)


@pytest.fixture
def entries(organisation: Organisation, admin_user: User) -> dict[str, Transaction]:
    """What a run created, and what became of it since."""
    made = {"organisation": organisation, "sync_run_id": RUN}
    return {
        "plain": TransactionFactory(**made),
        "bill": TransactionFactory(**made, code="water", amount=Decimal("81.25")),
        "edited": TransactionFactory(**made, edited_at=NOW, edited_by=admin_user),
        "exported": TransactionFactory(**made, exported_at=NOW),
        "closed": TransactionFactory(**made, occurred_on=CLOSED),
        "other run": TransactionFactory(organisation=organisation, sync_run_id=UNDO),
        "rival": TransactionFactory(sync_run_id=RUN),
    }


def test_every_row_is_counted_in_one_bucket(organisation: Organisation, entries: dict[str, Transaction]) -> None:
    found = count_created(organisation=organisation, run_id=RUN, closed_through=CLOSED)
    assert found == {
        "reversed": Bucket(2, Decimal("640.00"), Decimal("81.25")),
        "kept": Bucket(1, Decimal("640.00"), Decimal(0)),
        "blocked": Bucket(2, Decimal("1280.00"), Decimal(0)),
    }


def undo(organisation: Organisation) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        return reverse_created(cursor, organisation=organisation, undone_run_id=RUN, run_id=UNDO, closed_through=CLOSED)


@pytest.mark.django_db(transaction=True)
def test_only_what_nobody_touched_is_reversed_and_only_once(
    organisation: Organisation, entries: dict[str, Transaction]
) -> None:
    assert (undo(organisation), undo(organisation)) == (2, 0)
    states = {name: Transaction.objects.get(pk=entry.pk).status for name, entry in entries.items()}
    assert {name for name, state in states.items() if state == "reversed"} == {"plain", "bill"}
    reversals = Transaction.objects.filter(status="reversal").order_by("amount")
    assert [(row.amount, row.reverses, row.sync_run_id) for row in reversals] == [
        (Decimal("-640.00"), entries["plain"], UNDO),
        (Decimal("-81.25"), entries["bill"], UNDO),
    ]


def test_a_line_comes_back_under_a_key_of_its_own(organisation: Organisation, admin_user: User) -> None:
    entry = TransactionFactory(organisation=organisation, status="reversed", provider_transaction_id="payment-1")
    restored = restore_voided(
        transaction=entry,
        provider_transaction_id="payment-1~2",
        user=admin_user,
        reason="Taken back.",
        sync_run_id=UNDO,
    )
    entry.refresh_from_db()
    assert (entry.status, restored.status, restored.amount) == ("reversed", "confirmed", Decimal("640.00"))
    assert restored.pk != entry.pk
    assert (restored.provider_transaction_id, restored.sync_run_id) == ("payment-1~2", UNDO)
    revision = TransactionRevision.objects.get()
    assert (revision.transaction, revision.changed_by, revision.reason) == (restored, admin_user, "Taken back.")
