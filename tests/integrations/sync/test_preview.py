"""A preview is a stored plan: it changes nothing, and carrying it out does exactly what it says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db.models import Model, Sum

from access.models import User
from accounting.models import Category, CategoryRule, Transaction, TransactionRevision
from accounting.services import categories, periods, transactions
from core.errors import DomainError
from integrations.models import Conflict, Connection, SyncChange, SyncPlan, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from maintenance.models import WorkOrder
from properties.models import Owner, Property, Unit
from properties.services import create_property
from tenancies.models import Lease, Tenant
from tests.integrations.sync.conftest import (
    entry_of,
    found,
    live,
    map_all,
    mapping_of,
    owed,
    rent_of,
    sync,
    work_waiting,
)

pytestmark = pytest.mark.django_db(transaction=True)
_BOOKS: tuple[type[Model], ...] = (
    Transaction, TransactionRevision, Lease, Tenant, WorkOrder, Property, Unit, Owner, Conflict, SyncChange,
)  # fmt: skip


def _everything() -> dict[str, list[dict[str, object]]]:
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in _BOOKS}


def _preview(source: Connection, user: User, kind: str = "sync") -> SyncPlan:
    plan = sync_services.queue_preview(connection=source, user=user, kind=kind)
    run_sync(SyncRun.objects.get(plan=plan).pk)
    plan.refresh_from_db()
    return plan


def _apply(plan: SyncPlan, user: User) -> SyncRun:
    run = run_sync(sync_services.apply_plan(plan=plan, user=user).pk)
    run.refresh_from_db()
    plan.refresh_from_db()
    return run


def test_a_preview_says_what_would_change_and_changes_nothing(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    edited, voided, held = (rent_of(vendor, place) for place in range(3))
    ours = entry_of(synced, "payment", held["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("1"))
    tenancy = edited["TenancyId"]
    tenant = Tenant.objects.get(leases__provider_id=tenancy)
    vendor.vendor.edit("edit_receipt", record=edited["Id"], amount="500.50")
    vendor.vendor.edit("void_receipt", record=voided["Id"])
    vendor.vendor.edit("edit_receipt", record=held["Id"], amount="2")
    new = vendor.vendor.edit("add_receipt", tenancy_id=tenancy, amount="70")
    bad = vendor.vendor.edit("add_receipt", amount="80")
    vendor.vendor.edit("patch", resource="receipts", record=bad, remove=["Amount"])
    vendor.vendor.edit("change_rent", record=tenancy, amount="777")
    vendor.vendor.edit("patch", resource="contacts", record=tenant.provider_id, fields={"NameText": "Zoë Novak"})
    job = vendor.vendor.edit("report_job")
    before = _everything()
    plan = _preview(synced, admin_user)
    assert _everything() == before
    assert (plan.status, plan.counts) == ("ready", {"create": 2, "update": 3, "void": 1, "conflict": 1, "reject": 1})
    lines = {line.record_id: line for line in plan.lines.all()}
    amount = f"{Decimal(str(edited['Amount'])):.2f}"
    line = lines[found(synced, "payment", edited["Id"]).pk]
    assert (line.action, line.changes, line.kind) == ("update", {"amount": [amount, "500.50"]}, "income")
    assert lines[found(synced, "payment", voided["Id"]).pk].changes == {"status": ["confirmed", "void"]}
    assert lines[found(synced, "payment", held["Id"]).pk].changes == {"amount": ["1.00", "2.00"]}
    line = lines[found(synced, "payment", new).pk]
    assert (line.action, line.amount) == ("create", Decimal("70.00"))
    assert line.property_id == mapping_of(synced, edited["LotId"]).property_id
    assert lines[found(synced, "tenancy", tenancy).pk].changes["rent_amount"][1] == "777.00"
    assert lines[found(synced, "contact", tenant.provider_id).pk].changes == {"name": [tenant.name, "Zoë Novak"]}
    assert lines[found(synced, "job", job).pk].changes["status"] == ["", "new"]
    run = _apply(plan, admin_user)
    assert (run.status, run.transactions_created, run.totals["income"]) == ("completed", 1, "70.00")
    assert (plan.status, set(plan.lines.values_list("state", flat=True))) == ("applied", {"applied"})
    expected = owed(vendor)
    expected[held["Id"]] = ("income", Decimal("1.00"), ours.occurred_on)
    assert live(synced) == expected
    tenant.refresh_from_db()
    assert (tenant.name, Lease.objects.get(provider_id=tenancy).rent_amount) == ("Zoë Novak", Decimal("777.00"))
    assert WorkOrder.objects.get(provider_id=job).status == "new"
    with pytest.raises(DomainError, match="applied or discarded already"):
        sync_services.apply_plan(plan=plan, user=admin_user)
    after = _everything()
    assert sync(synced).transactions_created == 0
    assert {name: after[name] for name in after} == _everything()


def test_the_first_preview_of_mapped_properties_is_the_whole_history(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    lot = vendor.vendor.records("lots")[0]
    address = lot["Address"]
    home = create_property(
        organisation=source.organisation,
        name=lot["AddressText"],
        unit_number=address.get("Unit") or "",
        street_number=address["Number"],
        street=address["Street"],
        suburb=address["Suburb"],
        postcode=address["PostalCode"],
    )
    plan = _preview(source, admin_user)
    mapping = mapping_of(source, lot["Id"])
    assert (mapping.suggested_property, mapping.suggestion_score) == (home, 100)
    assert set(plan.lines.values_list("verdict", flat=True)) == {"unmapped"}
    assert (source.mappings.count(), Transaction.objects.count()) == (8, 0)
    run = _apply(plan, admin_user)
    assert run.status == "completed"
    map_all(source, admin_user)
    assert live(source) == owed(vendor)


def test_a_line_is_void_when_anything_about_it_has_changed_since(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    fine, edited, again, moved = (rent_of(vendor, place) for place in range(4))
    for rent in (fine, edited, again):
        vendor.vendor.edit("edit_receipt", record=rent["Id"], amount="10")
    other = next(row["Id"] for row in vendor.vendor.records("tenancies") if row["LotId"] != fine["LotId"])
    new = vendor.vendor.edit("add_receipt", tenancy_id=other, amount="70")
    plan = _preview(synced, admin_user)
    # A person edits ours, the provider changes theirs, and a property is mapped elsewhere.
    ours = entry_of(synced, "payment", edited["Id"])
    transactions.edit_transaction(transaction=ours, user=admin_user, amount=Decimal("1"))
    vendor.vendor.edit("edit_receipt", record=again["Id"], amount="20")
    sync(synced, trigger="schedule")
    assert entry_of(synced, "payment", again["Id"]).amount == Decimal("20.00")
    run = _apply(plan, admin_user)
    states = {line.record_id: line.state for line in plan.lines.filter(resource="payment")}
    # The schedule has carried the fine ones out already, so there is nothing left of those lines either.
    assert set(states.values()) == {"void"}
    assert run.transactions_created == 0
    assert len(states) == 4
    assert found(synced, "payment", new).verdict == "imported"
    assert moved["Id"] in live(synced)


def test_a_void_line_carries_nothing_out_and_the_next_sync_decides_anew(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    edited = rent_of(vendor)
    other = next(row for row in vendor.vendor.records("tenancies") if row["LotId"] != edited["LotId"])
    vendor.vendor.edit("edit_receipt", record=edited["Id"], amount="10")
    new = vendor.vendor.edit("add_receipt", tenancy_id=other["Id"], amount="70")
    plan = _preview(synced, admin_user)
    transactions.edit_transaction(
        transaction=entry_of(synced, "payment", edited["Id"]), user=admin_user, amount=Decimal("1")
    )
    mapping = mapping_of(synced, other["LotId"])
    elsewhere = mapping_of(synced, edited["LotId"]).property
    mapping.property = elsewhere
    mapping.save()
    _apply(plan, admin_user)
    states = {line.record_id: line.state for line in plan.lines.filter(resource="payment")}
    assert set(states.values()) == {"void"}
    assert not Conflict.objects.exists()
    assert (found(synced, "payment", edited["Id"]).verdict, found(synced, "payment", new).target_id) == (
        "pending",
        None,
    )
    run = sync(synced)
    assert entry_of(synced, "payment", new).property == elsewhere
    assert (run.counts["payment"]["created"], Conflict.objects.get().changes) == (1, {"amount": ["1.00", "10.00"]})


def test_a_preview_can_be_discarded_and_a_sync_imports_what_it_read(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    vendor.vendor.advance(days=20)
    plan = _preview(synced, admin_user)
    planned = plan.lines.filter(action="create", resource__in=["payment", "bill"])
    money = planned.values_list("kind").annotate(total=Sum("amount"))
    sync_services.discard_plan(plan=plan, user=admin_user)
    with pytest.raises(DomainError):
        sync_services.apply_plan(plan=plan, user=admin_user)
    run = sync(synced)
    assert run.transactions_created == planned.count()
    assert {kind: Decimal(run.totals[kind]) for kind, _ in money} == dict(money)
    assert live(synced) == owed(vendor)


def test_an_applied_preview_that_is_tried_again_repeats_nothing(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    vendor.vendor.advance(days=20)
    plan = _preview(synced, admin_user)
    run = _apply(plan, admin_user)
    # As after a worker that died between its last chunk and its own end.
    SyncRun.objects.filter(pk=run.pk).update(status="running")
    retried = run_sync(run.pk)
    retried.refresh_from_db()
    assert (retried.trigger, retried.status, retried.transactions_created) == ("retry", "completed", 0)
    assert set(plan.lines.values_list("state", flat=True)) == {"applied"}
    assert live(synced) == owed(vendor)


@pytest.fixture
def changed_rule(synced: Connection, admin_user: User) -> Callable[[str], Category]:
    """A rule at the top of the table that sends bills with a word to another category."""

    def change(word: str) -> Category:
        target = Category.objects.get(organisation=synced.organisation, code="advertising")
        rule = categories.save_rule(organisation=synced.organisation, category=target, words=[word])
        CategoryRule.objects.filter(pk=rule.pk).update(position=0)
        return target

    return change


def test_a_changed_rule_is_replayed_after_a_preview(
    synced: Connection, vendor: SandboxServer, admin_user: User, changed_rule: Callable[[str], Category]
) -> None:
    bills = Transaction.objects.filter(kind="expense", status="confirmed")
    word = max(
        {row.description.split()[0] for row in bills}, key=lambda w: bills.filter(description__icontains=w).count()
    )
    hit = list(bills.filter(description__icontains=word).order_by("occurred_on", "id"))
    assert len(hit) >= 3
    target = changed_rule(word)
    transactions.edit_transaction(transaction=hit[-1], user=admin_user, description=f"{word}, by hand")
    transactions.mark_exported(organisation=synced.organisation, ids=[hit[-2].pk], user=admin_user)
    day = hit[0].occurred_on
    periods.close_books(organisation=synced.organisation, through=day, user=admin_user)
    free = [row for row in hit[:-2] if row.occurred_on > day]
    before = _everything()
    vendor.requests.clear()
    plan = _preview(synced, admin_user, kind="rules")
    assert (plan.counts, _everything(), vendor.requests.counts) == ({"update": len(free)}, before, {})
    for line in plan.lines.all():
        assert list(line.changes) == ["category"]
        assert line.changes["category"][1] == str(target.pk)
    run = _apply(plan, admin_user)
    assert (run.counts["bill"]["updated"], Conflict.objects.count()) == (len(free), 0)
    for row in hit:
        row.refresh_from_db()
        assert (row.category == target) == (row in free)
    assert free[0].category_reason.startswith("Rule")
    assert free[0].revisions.get().changes["category"][1] == str(target.pk)


def test_only_one_run_at_a_time_and_no_preview_of_a_lost_connection(synced: Connection, admin_user: User) -> None:
    sync_services.queue_sync(connection=synced)
    for ask in (sync_services.queue_preview, sync_services.queue_sync):
        with pytest.raises(DomainError) as refused:
            ask(connection=synced, user=admin_user)
        assert refused.value.code == "already_syncing"
    work_waiting(synced)
    Connection.objects.filter(pk=synced.pk).update(status="expired")
    synced.refresh_from_db()
    for ask in (sync_services.queue_preview, sync_services.queue_sync):
        with pytest.raises(DomainError) as refused:
            ask(connection=synced, user=admin_user)
        assert refused.value.code == "not_connected"
    # What was read already can be mapped and applied all the same.
    mapping = synced.mappings.first()
    assert mapping is not None
    mapping_services.unmap(mapping=mapping, user=admin_user)
    work_waiting(synced)
    assert synced.runs.order_by("-id")[0].status == "completed"
