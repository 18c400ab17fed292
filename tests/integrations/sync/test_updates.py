"""What changes at the provider after its import, and who wins when a person changed ours meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from access.models import User
from accounting.models import Category, Transaction
from accounting.services import periods, transactions
from core.errors import DomainError
from integrations.models import Conflict, Connection
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import records as record_services
from integrations.services.conflicts import resolve_conflict
from tests.integrations.sync.conftest import (
    balance,
    bill_of,
    entry_of,
    found,
    live,
    mapping_of,
    owed,
    rent_of,
    sync,
    work_waiting,
)

pytestmark = pytest.mark.django_db(transaction=True)


def _card(source: Connection) -> Conflict:
    return Conflict.objects.get(connection=source, state="open")


def test_an_upstream_edit_updates_ours_and_keeps_its_history(synced: Connection, vendor: SandboxServer) -> None:
    rent, bill = rent_of(vendor), bill_of(vendor)
    old = entry_of(synced, "payment", rent["Id"])
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="701.25", on="2026-06-20", reference="Corrected")
    vendor.vendor.edit("edit_bill", record=bill["Id"], amount="55", detail="Zauberwort quarterly council rates")
    run = sync(synced)
    assert (run.counts["payment"]["updated"], run.counts["bill"]["updated"], run.transactions_created) == (1, 1, 0)
    new = entry_of(synced, "payment", rent["Id"])
    assert (new.pk, new.amount, new.occurred_on) == (old.pk, Decimal("701.25"), date(2026, 6, 20))
    history = new.revisions.get()
    assert history.changes == {
        "amount": [f"{old.amount:.2f}", "701.25"],
        "occurred_on": [old.occurred_on.isoformat(), "2026-06-20"],
        "reference": [old.reference, "Corrected"],
    }
    assert (history.reason, history.changed_by, history.sync_run_id) == ("Changed in PropertyMe.", None, run.pk)
    line = entry_of(synced, "bill", bill["Id"])
    assert (line.amount, line.category.code) == (Decimal("55.00"), "council_rates")
    assert live(synced) == owed(vendor)
    assert sync(synced).counts["payment"].get("updated", 0) == 0


def test_a_persons_edit_makes_a_card_and_ours_can_be_kept(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("100"))
    assert sync(synced, full=True).counts["payment"].get("conflicted", 0) == 0
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    run = sync(synced)
    assert run.counts["payment"]["conflicted"] == 1
    card = _card(synced)
    assert (card.cause, card.changes) == ("edited", {"amount": ["100.00", "200.00"]})
    record = found(synced, "payment", rent["Id"])
    assert (record.verdict, record.reason) == ("conflict", "It changed at the provider, and a person changed ours.")
    resolve_conflict(conflict=card, user=admin_user, take_theirs=False)
    with pytest.raises(DomainError, match="decided already"):
        resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    record.refresh_from_db()
    assert (record.verdict, record.reason) == ("imported", f"{admin_user} kept ours when it changed at the provider.")
    # The same content asks no second time, not even when the record is worked again.
    mapping = mapping_of(synced, rent["LotId"])
    mapping_services.map_property(mapping=mapping, property=mapping.property, user=admin_user)
    work_waiting(synced)
    sync(synced, full=True)
    assert not Conflict.objects.filter(state="open").exists()
    assert entry_of(synced, "payment", rent["Id"]).amount == Decimal("100.00")
    # Other content does.
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="300")
    sync(synced)
    assert _card(synced).changes == {"amount": ["100.00", "300.00"]}


def test_theirs_can_be_taken_and_ours_then_follows_again(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    bill = bill_of(vendor)
    ours = entry_of(synced, "bill", bill["Id"])
    sundry = Category.objects.get(organisation=synced.organisation, code="legal")
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("1.23"), category=sundry)
    vendor.vendor.edit("edit_bill", record=bill["Id"], amount="110")
    sync(synced)
    vendor.vendor.edit("edit_bill", record=bill["Id"], amount="220")
    sync(synced)
    card = _card(synced)
    assert card.changes == {"amount": ["1.23", "220.00"], "tax_amount": ["", "20.00"]}
    resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    ours.refresh_from_db()
    assert (ours.amount, ours.tax_amount, ours.edited_at) == (Decimal("220.00"), Decimal("20.00"), None)
    assert ours.category == sundry
    assert ours.revisions.order_by("-id")[0].reason == "Took over what the provider says."
    vendor.vendor.edit("edit_bill", record=bill["Id"], amount="330")
    sync(synced)
    assert live(synced) == owed(vendor)


def test_a_card_closes_when_theirs_becomes_what_ours_says(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("100"))
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="100")
    sync(synced)
    assert Conflict.objects.get().state == "obsolete"
    assert found(synced, "payment", rent["Id"]).verdict == "imported"


def test_closed_books_hold_changes_and_new_lines_back(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent, organisation = rent_of(vendor), synced.organisation
    ours = entry_of(synced, "payment", rent["Id"])
    periods.close_books(organisation=organisation, through=ours.occurred_on, user=admin_user)
    day = ours.occurred_on.isoformat()
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    late = vendor.vendor.edit("add_receipt", tenancy_id=rent["TenancyId"], amount="75", on=day)
    run = sync(synced)
    assert (run.counts["payment"]["conflicted"], run.transactions_created) == (2, 0)
    card = _card(synced)
    assert card.cause == "closed"
    record = found(synced, "payment", late)
    assert record.verdict == "conflict"
    written = f"{ours.occurred_on.day} {ours.occurred_on:%b %Y}"
    assert record.reason == f"The books are closed through {written}. Reopen them and try again, or dismiss it."
    with pytest.raises(DomainError) as refused:
        resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    assert refused.value.code == "period_closed"
    periods.reopen_books(organisation=organisation, through=None, user=admin_user)
    resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    record_services.retry_record(record=record, user=admin_user)
    work_waiting(synced)
    assert live(synced) == owed(vendor)


def test_an_edit_that_moves_a_line_into_closed_books_is_a_card(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    day = entry_of(synced, "payment", rent["Id"]).occurred_on
    periods.close_books(organisation=synced.organisation, through=day - timedelta(days=60), user=admin_user)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], on=(day - timedelta(days=61)).isoformat())
    sync(synced, full=True)
    assert _card(synced).cause == "closed"


def test_exported_lines_stay_as_they_were_exported(synced: Connection, vendor: SandboxServer, admin_user: User) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.mark_exported(organisation=synced.organisation, ids=[ours.pk], user=admin_user)
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    card = _card(synced)
    reason = "It changed at the provider after we exported it."
    assert (card.cause, found(synced, "payment", rent["Id"]).reason) == ("exported", reason)
    with pytest.raises(DomainError) as refused:
        resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    assert refused.value.code == "exported"
    vendor.vendor.edit("void_receipt", record=rent["Id"])
    sync(synced)
    card.refresh_from_db()
    assert (card.state, card.changes) == ("open", {"status": ["confirmed", "void"]})
    with pytest.raises(DomainError) as refused:
        resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    assert refused.value.code == "exported"
    resolve_conflict(conflict=card, user=admin_user, take_theirs=False)
    ours.refresh_from_db()
    assert (ours.status, ours.amount) == ("confirmed", Decimal(str(rent["Amount"])))


def test_an_upstream_void_reverses_and_its_return_enters_anew(synced: Connection, vendor: SandboxServer) -> None:
    rent, bill = rent_of(vendor), bill_of(vendor, of_job=True)
    ours = entry_of(synced, "payment", rent["Id"])
    vendor.vendor.edit("void_receipt", record=rent["Id"])
    vendor.vendor.edit("cancel_bill", record=bill["Id"])
    run = sync(synced)
    assert (run.counts["payment"]["updated"], run.counts["bill"]["updated"]) == (1, 1)
    ours.refresh_from_db()
    assert (ours.status, ours.reversed_by.status, ours.reversed_by.amount) == ("reversed", "reversal", -ours.amount)
    assert ours.revisions.get().reason == "Voided at the provider: reversed."
    assert found(synced, "payment", rent["Id"]).reason == "Voided at the provider: reversed."
    expected = owed(vendor)
    assert live(synced) == expected
    assert balance(synced)["income"] == sum(line[1] for line in expected.values() if line[0] == "income")
    sync(synced, full=True)
    assert live(synced) == expected
    vendor.vendor.edit("patch", resource="receipts", record=rent["Id"], fields={"IsVoid": False})
    vendor.vendor.edit("edit_bill", record=bill["Id"], paid="2026-06-25")
    run = sync(synced)
    assert run.transactions_created == 2
    again = entry_of(synced, "payment", rent["Id"])
    assert again.provider_transaction_id == f"{rent['Id']}~2"
    assert live(synced) == owed(vendor)
    vendor.vendor.edit("void_receipt", record=rent["Id"])
    sync(synced)
    assert live(synced) == owed(vendor)
    assert Transaction.objects.filter(provider_transaction_id__startswith=rent["Id"]).count() == 4


def test_a_void_of_an_edited_line_is_for_a_person_to_decide(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    first, second = rent_of(vendor), rent_of(vendor, 1)
    for rent in (first, second):
        ours = entry_of(synced, "payment", rent["Id"])
        transactions.edit_transaction(transaction=ours, user=admin_user, description="Paid in cash")
        vendor.vendor.edit("void_receipt", record=rent["Id"])
    sync(synced)
    for rent, take in ((first, True), (second, False)):
        card = Conflict.objects.get(record=found(synced, "payment", rent["Id"]))
        assert (card.cause, card.changes) == ("edited", {"status": ["confirmed", "void"]})
        resolve_conflict(conflict=card, user=admin_user, take_theirs=take)
    assert entry_of(synced, "payment", first["Id"]).status == "reversed"
    assert entry_of(synced, "payment", second["Id"]).status == "confirmed"
    sync(synced, full=True)
    assert not Conflict.objects.filter(state="open").exists()
    assert second["Id"] in live(synced)
    # What was reversed because they voided it comes back when they take the void back.
    vendor.vendor.edit("patch", resource="receipts", record=first["Id"], fields={"IsVoid": False})
    sync(synced)
    assert first["Id"] in live(synced)


def test_what_a_person_reversed_is_never_brought_back(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    rent = rent_of(vendor)
    ours = entry_of(synced, "payment", rent["Id"])
    transactions.reverse_transaction(transaction=ours, user=admin_user, reason="Bounced.")
    vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="200")
    sync(synced)
    record = found(synced, "payment", rent["Id"])
    assert (record.verdict, record.reason) == ("dismissed", "You reversed it, so it stays reversed.")
    mapping = mapping_of(synced, rent["LotId"])
    home = mapping.property
    mapping_services.unmap(mapping=mapping, user=admin_user)
    mapping_services.map_property(mapping=mapping, property=home, user=admin_user)
    work_waiting(synced)
    sync(synced, full=True)
    expected = owed(vendor)
    del expected[rent["Id"]]
    assert live(synced) == expected
