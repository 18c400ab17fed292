"""From files to the books and back: upload, map, preview, apply, the same again, an edited one, a conflict, undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from access.models import User
from accounting.models import Transaction
from accounting.services.transactions import edit_transaction
from core.errors import DomainError
from integrations.models import Conflict, Connection, FileUpload, PropertyMapping, ProviderRecord, SyncPlan, SyncRun
from integrations.services import files as file_services
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.services.undo import undo_run
from integrations.sync.runner import run_sync
from tenancies.models import Lease

pytestmark = pytest.mark.django_db(transaction=True)

PROPERTIES = """Property Code,Address,Weekly Rent,Landlord
P1,"4/18 Acacia Avenue, Newtown NSW 2042",640,Anna Kowalska
P2,"9 شارع النيل, Subiaco WA 6008",410,Łukasz Żółć
"""
LEASES = """Lease ID,Property,Tenant Name,Rent Amount,Frequency,Start Date,End Date
L1,P1,Lan Nguyễn,640.00,weekly,05/01/2026,04/01/2027
"""
TRANSACTIONS = """Receipt Id,Date,Property,Tenant,Amount,Type,Details
R1,05/01/2026,P1,Lan Nguyễn,640.00,Rent,First week
R2,12/01/2026,P1,Lan Nguyễn,640.00,Rent,Second week
C1,13/01/2026,P1,Lee & Sons,-88.00,Cost,Tap
"""
Bring = Callable[..., SyncRun]


def map_all(source: Connection, user: User) -> None:
    ids = list(PropertyMapping.objects.filter(connection=source, state="unmapped").values_list("id", flat=True))
    mapping_services.create_all_missing(connection=source, user=user, ids=ids)
    for run in source.runs.filter(status="queued"):
        run_sync(run.pk)


@pytest.fixture
def filled(bring: Bring, source: Connection, admin_user: User) -> SyncRun:
    """Everything uploaded and mapped; answers the run that brought the transactions."""
    bring("properties", PROPERTIES)
    map_all(source, admin_user)
    bring("leases", LEASES, dates="dmy")
    return bring("transactions", TRANSACTIONS, columns={
        "id": "Receipt Id", "date": "Date", "property": "Property", "party": "Tenant", "amount": "Amount",
        "type": "Type", "description": "Details",
    }, dates="dmy")  # fmt: skip


def books() -> list[tuple[str, str, Decimal, date, str]]:
    rows = Transaction.objects.filter(status="confirmed").order_by("occurred_on", "id")
    return [(row.kind, row.counterparty, row.amount, row.occurred_on, row.description) for row in rows]


FIRST = ("income", "Lan Nguyễn", Decimal("640.00"), date(2026, 1, 5), "First week")
SECOND = ("income", "Lan Nguyễn", Decimal("640.00"), date(2026, 1, 12), "Second week")
COST = ("expense", "Lee & Sons", Decimal("88.00"), date(2026, 1, 13), "Tap")


def test_files_become_properties_leases_and_books(filled: SyncRun) -> None:
    assert (filled.status, filled.transactions_created, filled.errors) == ("completed", 3, [])
    assert books() == [FIRST, SECOND, COST]
    lease = Lease.objects.get()
    assert (lease.tenant_names, lease.rent_amount, lease.starts_on, str(lease.property)) == (
        "Lan Nguyễn", Decimal("640.00"), date(2026, 1, 5), "4/18 Acacia Avenue",
    )  # fmt: skip
    assert Transaction.objects.get(description="First week").lease_id == lease.id
    home = Lease.objects.get().property
    assert (home.suburb, home.state, home.postcode, str(home.owner)) == ("Newtown", "NSW", "2042", "Anna Kowalska")


def test_the_same_file_again_changes_nothing(filled: SyncRun, bring: Bring) -> None:
    before = list(ProviderRecord.objects.order_by("id").values())
    run = bring("transactions", TRANSACTIONS)
    assert run.counts["payment"] == {"seen": 2, "unchanged": 2}
    assert run.counts["bill"] == {"seen": 1, "unchanged": 1}
    assert list(ProviderRecord.objects.order_by("id").values()) == before
    assert books() == [FIRST, SECOND, COST]


def test_an_edited_file_updates_and_a_persons_edit_makes_a_conflict(
    filled: SyncRun, bring: Bring, admin_user: User
) -> None:
    edit_transaction(
        transaction=Transaction.objects.get(description="Second week"), user=admin_user, amount=Decimal("600.00")
    )
    run = bring("transactions", TRANSACTIONS.replace("640.00", "650.00"))
    assert (run.counts["payment"]["updated"], run.counts["payment"]["conflicted"]) == (1, 1)
    assert [row[2] for row in books()] == [Decimal("650.00"), Decimal("600.00"), Decimal("88.00")]
    assert Conflict.objects.get().changes["amount"] == ["600.00", "650.00"]


def test_a_preview_says_what_would_change_and_apply_does_exactly_that(
    filled: SyncRun, check: Callable[..., FileUpload], admin_user: User, source: Connection
) -> None:
    more = TRANSACTIONS.replace("88.00", "90.00") + "R3,19/01/2026,P1,Lan Nguyễn,640.00,Rent,Third week\n"
    upload, plan = file_services.take_over(upload=check("transactions", more), user=admin_user)
    assert isinstance(plan, SyncPlan)
    run_sync(plan.runs.get().pk)
    plan.refresh_from_db()
    assert (upload.status, plan.status, plan.counts) == ("accepted", "ready", {"create": 1, "update": 1})
    assert len(books()) == 3
    run_sync(sync_services.apply_plan(plan=plan, user=admin_user).pk)
    assert [row[2] for row in books()] == [Decimal(text) for text in ("640.00", "640.00", "90.00", "640.00")]
    source.refresh_from_db()
    assert source.last_sync_at == plan.created_at


def test_undo_takes_the_import_back(filled: SyncRun, admin_user: User) -> None:
    run_sync(undo_run(run=filled, user=admin_user).pk)
    assert books() == []
    assert ProviderRecord.objects.filter(resource="payment").count() == 2


def test_the_whole_list_marks_what_is_gone_and_a_part_does_not(filled: SyncRun, bring: Bring) -> None:
    part = "\n".join(TRANSACTIONS.splitlines()[:2]) + "\n"
    bring("transactions", part)
    assert not ProviderRecord.objects.filter(verdict="missing").exists()
    run = bring("transactions", part, whole=True)
    assert run.status == "held"
    assert "no bill records at all, where 1 were known" in run.held_reason
    released = run_sync(sync_services.release_held(run=run, user=None).pk)  # type: ignore[arg-type]
    released.refresh_from_db()
    assert released.status == "completed"
    gone = ProviderRecord.objects.filter(verdict="missing").values_list("provider_id", flat=True)
    assert set(gone) == {"R2", "transaction:C1"}
    assert len(books()) == 3


def test_a_whole_file_with_errors_is_refused(
    filled: SyncRun, check: Callable[..., FileUpload], admin_user: User
) -> None:
    upload = check("transactions", TRANSACTIONS + "R9,40/40/2026,P1,Lan,1.00,Rent,\n")
    assert (upload.good, upload.bad) == (3, 1)
    with pytest.raises(DomainError) as refusal:
        file_services.take_over(upload=upload, user=admin_user, is_whole=True)
    assert refusal.value.code == "errors_in_whole"
    upload.refresh_from_db()
    assert upload.status == "checked"


def test_two_equal_rents_without_ids_are_two_payments(bring: Bring, source: Connection, admin_user: User) -> None:
    bring("properties", PROPERTIES)
    map_all(source, admin_user)
    rows = "Date,Property,Tenant,Amount\n" + "2026-01-05,P1,Lan Nguyễn,640.00\n" * 2
    run = bring("transactions", rows)
    assert run.transactions_created == 2
    again = bring("transactions", rows)
    assert again.counts["payment"] == {"seen": 2, "unchanged": 2}
    assert Transaction.objects.count() == 2
