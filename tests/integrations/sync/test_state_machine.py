"""Anything, in any order, at any time: the books stay those that the oracle works out in plain Python.

Hypothesis plays the provider's staff, our own people, the scheduler and dying workers against a small agency over real
HTTP and a real database. PROPERTYTRACKER_STEPS=10000 plays that many steps, others each time.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from access.models import Membership
from accounting.models import Category, Transaction
from accounting.services import periods, transactions
from core.errors import DomainError
from integrations.models import Conflict, PropertyMapping, ProviderRecord, SyncPlan, SyncRun
from integrations.sandbox import SandboxServer
from integrations.sandbox.mutations import MUTATIONS
from integrations.services import conflicts, mapping, records, undo
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from properties.services import create_property
from tests.factories.access import MembershipFactory
from tests.integrations.sync.conftest import connect
from tests.integrations.sync.oracle import MONEY, Books, Key, Schedule, check_books, places, read_payload, standing
from tests.integrations.sync.tables import check_tables
from tests.support.dying import dying_at

FIRST, LAST = date(2025, 3, 25), date(2025, 7, 20)
PICK = st.integers(0, 9_999)
DAYS = st.integers(0, (LAST - FIRST).days).map(lambda number: FIRST + timedelta(days=number))
DOLLARS = st.integers(1, 200_000).map(lambda cents: Decimal(cents) / 100)
Seen = dict[Key, tuple[UUID, str, bool]]


class Agency(RuleBasedStateMachine):
    """One organisation with its connected agency; `books` is what its people's and syncs' doings must amount to."""

    def __init__(self) -> None:
        super().__init__()
        self.server = SandboxServer(lots=4, years=0.25, seed=11, agencies=1, today=date(2025, 6, 30)).start()
        address = {"PROPERTYME_API_URL": self.server.api_url, "PROPERTYME_AUTH_URL": self.server.url}
        self.overridden = override_settings(**address)
        self.overridden.enable()
        member = MembershipFactory(role=Membership.Role.ADMIN)
        self.user, self.organisation = member.user, member.organisation
        self.source = connect(self.server, self.organisation, self.user)
        self.homes = [create_property(organisation=self.organisation, name=f"{n} Own St") for n in (1, 2, 3)]
        self.books = Books()
        self.plan: SyncPlan | None = None
        self.undoable: list[SyncRun] = []
        self.odd: list[tuple[str, str]] = []

    def teardown(self) -> None:
        self.overridden.disable()
        self.server.stop()

    # --- reading ------------------------------------------------------------------------------------------------------
    def _mirror(self) -> Seen:
        rows = ProviderRecord.objects.filter(connection=self.source, resource__in=MONEY)
        return {
            (resource, provider_id): (content, verdict, missing is not None)
            for resource, provider_id, content, verdict, missing in rows.values_list(
                "resource", "provider_id", "content_hash", "verdict", "missing_since"
            )
        }

    def _records(self, **wanted: Any) -> list[ProviderRecord]:
        rows = ProviderRecord.objects.filter(connection=self.source, resource__in=MONEY, **wanted)
        return list(rows.order_by("resource", "provider_id"))

    def _upstream(self, resource: str) -> list[dict[str, Any]]:
        rows = {row["Id"]: row for row in self.server.vendor.records(resource, limit=10_000)}
        return [rows[name] for name in sorted(rows)]

    def _queued(self) -> list[SyncRun]:
        return list(SyncRun.objects.filter(connection=self.source, status="queued").order_by("id"))

    def _mapping(self, pick: int) -> PropertyMapping:
        found = PropertyMapping.objects.filter(connection=self.source).order_by("provider_property_id")
        return found[pick % len(found)]

    def _live_key(self, pick: int) -> tuple[Key, Transaction] | None:
        keys = sorted(standing(self.source))
        if not keys:
            return None
        resource, name = keys[pick % len(keys)]
        entry = Transaction.objects.get(
            connection_id=self.source.pk, status="confirmed", provider_transaction_id__regex=f"^{name}(~|$)"
        )
        return (resource, name), entry

    # --- running ------------------------------------------------------------------------------------------------------
    def _follow(self, run: SyncRun, before: Seen, *, applies: bool, manual: bool) -> None:
        """Lets the oracle do what the syncs since `before` had to do, going by what the mirror has seen."""
        homes, schedule = places(self.source), Schedule(self.organisation.pk)
        for record in self._records():
            key = (record.resource, record.provider_id)
            content, verdict, was_missing = before.get(key, (None, "", False))
            is_fresh = content != record.content_hash or (was_missing and record.missing_since is None)
            is_woken = (is_fresh or verdict == "pending") and record.verdict != "pending"
            if is_woken or (is_fresh and applies):
                reading = read_payload(record.resource, record.payload)
                place = homes.get(reading.lot) if reading else None
                self.books.work(run.pk, key, reading, place, schedule, manual=manual)

    def _check(self) -> None:
        check_books(self.source, self.books)
        check_tables(self.source)

    def _carry_out(self, run: SyncRun, *, scheduled: bool = False) -> SyncRun:
        before = self._mirror()
        done = run_sync(run.pk)
        done.refresh_from_db()
        assert done.status in ("completed", "held"), done.errors
        is_sync = run.sync_type in ("full", "incremental", "manual")
        scheduled = scheduled or run.trigger == "schedule"
        self._follow(done, before, applies=is_sync, manual=not scheduled)
        if is_sync or (run.sync_type == "apply" and run.plan is None):
            if done.status == "completed":
                waits = {record.property_ref for record in self._records(verdict="pending")}
                paused = {name for name, place in places(self.source).items() if not place.auto_sync}
                assert waits <= (paused if scheduled else set())
            self.undoable.append(done)
        self._check()
        return done

    def _drain(self) -> None:
        for run in self._queued():
            self._carry_out(run)

    @initialize(pick=PICK, number=st.integers(1, 4))
    def first_sync(self, pick: int, number: int) -> None:
        self._carry_out(sync_services.queue_sync(connection=self.source))
        for place in range(number):
            home = self.homes[(pick + place) % len(self.homes)]
            mapping.map_property(mapping=self._mapping(place), property=home, user=self.user)
        self._drain()

    @rule(full=st.booleans(), scheduled=st.booleans(), goes_on=st.booleans())
    def sync(self, full: bool, scheduled: bool, goes_on: bool) -> None:
        trigger = "schedule" if scheduled else "person"
        run = self._carry_out(sync_services.queue_sync(connection=self.source, full=full, trigger=trigger))
        if run.status == "held" and goes_on:
            run = self._carry_out(sync_services.release_held(run=run, user=self.user))
            assert run.status == "completed"
            full = True
        elif run.status == "held":
            sync_services.discard_held(run=run, user=self.user)
            return
        self._check_mirror(full=full)

    def _check_mirror(self, *, full: bool) -> None:
        """The mirror has what the provider lists. Changes to old receipts are seen by a full sync alone."""
        for resource, listed in (("payment", "receipts"), ("bill", "bills")):
            mirror = {record.provider_id: record for record in self._records(resource=resource)}
            upstream = {row["Id"]: row for row in self._upstream(listed)}
            if full:
                assert {name for name, record in mirror.items() if record.missing_since is None} == upstream.keys()
            if full or resource == "bill":
                assert {name: row for name, row in upstream.items() if mirror[name].payload != row} == {}

    @rule()
    def work_the_queue(self) -> None:
        self._drain()

    @rule(statement=st.integers(1, 140), full=st.booleans(), scheduled=st.booleans())
    def sync_and_die(self, statement: int, full: bool, scheduled: bool) -> None:
        trigger = "schedule" if scheduled else "person"
        self._die(sync_services.queue_sync(connection=self.source, full=full, trigger=trigger), statement)

    @precondition(lambda self: self._queued())
    @rule(statement=st.integers(1, 60))
    def work_and_die(self, statement: int) -> None:
        self._die(self._queued()[0], statement)

    def _die(self, run: SyncRun, statement: int) -> None:
        before = self._mirror()
        with dying_at(statement):
            run_sync(run.pk)
        scheduled = run.trigger == "schedule"
        applies = run.sync_type in ("full", "incremental", "manual")
        self._follow(run, before, applies=applies, manual=not scheduled)
        self._check()
        for one in self._recover():
            done = self._carry_out(one, scheduled=scheduled and one.trigger == "retry")
            if done.status == "held":
                sync_services.discard_held(run=done, user=self.user)

    def _recover(self) -> list[SyncRun]:
        """What beat finds a minute after a death: the retry, and whatever else is queued."""
        ids = sync_services.recover_lost(now=timezone.now())
        return [run for run in self._queued() if run.pk in ids]

    # --- previews and undo --------------------------------------------------------------------------------------------
    @precondition(lambda self: self.plan is None)
    @rule()
    def preview(self) -> None:
        self._drain()
        plan = sync_services.queue_preview(connection=self.source, user=self.user)
        run = self._carry_out(SyncRun.objects.get(plan=plan))
        plan.refresh_from_db()
        if run.status == "completed":
            assert plan.status == "ready"
            self.plan = plan
        else:
            sync_services.discard_held(run=run, user=self.user)

    @precondition(lambda self: self.plan is not None)
    @rule(goes=st.booleans())
    def decide_preview(self, goes: bool) -> None:
        plan, self.plan = self.plan, None
        assert plan is not None
        if not goes:
            sync_services.discard_plan(plan=plan, user=self.user)
            return
        planned = {line.record_id: line for line in plan.lines.all()}
        hashes = dict(ProviderRecord.objects.filter(pk__in=planned).values_list("id", "content_hash"))
        run = self._carry_out(sync_services.apply_plan(plan=plan, user=self.user))
        for line in plan.lines.all():
            if hashes[line.record_id] != line.content_hash:
                assert line.state == "void"
        made = Transaction.objects.filter(sync_run_id=run.pk, reverses=None).values_list("id", flat=True)
        creates = {pk for pk, line in planned.items() if line.action == "create"}
        became = ProviderRecord.objects.filter(target_id__in=list(made)).values_list("id", flat=True)
        assert set(became) <= creates

    @precondition(lambda self: self.undoable)
    @rule(pick=PICK, dies=st.integers(0, 60))
    def undo(self, pick: int, dies: int) -> None:
        self._drain()
        run = self.undoable.pop(-1 - pick % min(4, len(self.undoable)))
        request = undo.undo_run(run=run, user=self.user)
        if dies > 40:
            with dying_at(dies - 40):
                run_sync(request.pk)
            request = [request, *self._recover()][-1]
        run_sync(request.pk)
        request.refresh_from_db()
        assert request.status == "completed", request.errors
        self.books.undo(run.pk, request.pk)
        self._check()

    # --- the provider's staff -----------------------------------------------------------------------------------------
    def _receipt(self, pick: int) -> str | None:
        rows = [row["Id"] for row in self._upstream("receipts") if row["Type"] == "Rent"]
        return str(rows[pick % len(rows)]) if rows else None

    def _bill(self, pick: int) -> str | None:
        rows = [row["Id"] for row in self._upstream("bills")]
        return str(rows[pick % len(rows)]) if rows else None

    @rule(pick=PICK, amount=st.none() | DOLLARS, day=st.none() | DAYS, words=st.sampled_from([None, None, "Corrected"]))
    def receipt_edited(self, pick: int, amount: Decimal | None, day: date | None, words: str | None) -> None:
        if (name := self._receipt(pick)) is not None:
            on = day.isoformat() if day else None
            self.server.vendor.edit("edit_receipt", record=name, amount=amount, on=on, reference=words)

    @rule(pick=PICK, amount=st.none() | DOLLARS, paid=st.none() | DAYS, detail=st.sampled_from([None, "Water charges"]))
    def bill_edited(self, pick: int, amount: Decimal | None, paid: date | None, detail: str | None) -> None:
        if (name := self._bill(pick)) is not None:
            on = paid.isoformat() if paid else None
            self.server.vendor.edit("edit_bill", record=name, amount=amount, paid=on, detail=detail)

    @rule(pick=PICK, is_void=st.booleans())
    def receipt_voided(self, pick: int, is_void: bool) -> None:
        if (name := self._receipt(pick)) is not None:
            self.server.vendor.edit("patch", resource="receipts", record=name, fields={"IsVoid": is_void})

    @rule(pick=PICK, is_void=st.booleans())
    def bill_voided(self, pick: int, is_void: bool) -> None:
        if (name := self._bill(pick)) is not None:
            status = "Cancelled" if is_void else "Unpaid"
            self.server.vendor.edit("edit_bill", record=name, status=status)

    @rule(pick=PICK, lot=PICK)
    def receipt_moved(self, pick: int, lot: int) -> None:
        lots = self._upstream("lots")
        if (name := self._receipt(pick)) is not None:
            fields = {"LotId": lots[lot % len(lots)]["Id"]}
            self.server.vendor.edit("patch", resource="receipts", record=name, fields=fields)

    @rule(pick=PICK, mutation=st.sampled_from(sorted(MUTATIONS)))
    def receipt_spoilt(self, pick: int, mutation: str) -> None:
        if (name := self._receipt(pick)) is not None:
            self.server.vendor.edit("mutate", resource="receipts", record=name, mutation=mutation)
            self.odd.append(("receipts", name))

    @rule(amount=DOLLARS, day=DAYS)
    def receipt_added(self, amount: Decimal, day: date) -> None:
        tenants = [row for row in self._upstream("tenancies") if not row.get("IsClosed")]
        if tenants:
            name = tenants[0]["Id"]
            self.server.vendor.edit("add_receipt", tenancy_id=name, amount=amount, on=day.isoformat())

    @rule(pick=PICK, amount=DOLLARS, day=DAYS)
    def bill_added(self, pick: int, amount: Decimal, day: date) -> None:
        lots = self._upstream("lots")
        lot = lots[pick % len(lots)]["Id"]
        self.server.vendor.edit("add_bill", lot_id=lot, amount=amount, detail="Blocked drain", on=day.isoformat())

    @rule(pick=PICK, of_bills=st.booleans())
    def vanishes(self, pick: int, of_bills: bool) -> None:
        name = self._bill(pick) if of_bills else self._receipt(pick)
        if name is not None:
            resource = "bills" if of_bills else "receipts"
            self.server.vendor.edit("vanish", resource=resource, record=name)
            self.odd.append((resource, name))

    @precondition(lambda self: self.odd)
    @rule(pick=PICK)
    def heals(self, pick: int) -> None:
        resource, name = self.odd.pop(pick % len(self.odd))
        self.server.vendor.edit("heal", resource=resource, record=name)

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.server.vendor.advance(days=days)

    @rule(pick=PICK)
    def tenancy_ends(self, pick: int) -> None:
        tenants = [row["Id"] for row in self._upstream("tenancies") if not row.get("IsClosed")]
        if tenants:
            self.server.vendor.edit("end_tenancy", record=tenants[pick % len(tenants)])

    # --- our people ---------------------------------------------------------------------------------------------------
    @rule(pick=PICK, home=PICK)
    def map(self, pick: int, home: int) -> None:
        row = self._mapping(pick)
        self._wake(row.provider_property_id, leaves_mapping=True)
        mapping.map_property(mapping=row, property=self.homes[home % len(self.homes)], user=self.user)

    @rule(pick=PICK, ignore=st.booleans())
    def unmap(self, pick: int, ignore: bool) -> None:
        row = self._mapping(pick)
        self._wake(row.provider_property_id, leaves_mapping=row.state == "mapped")
        (mapping.ignore_mapping if ignore else mapping.unmap)(mapping=row, user=self.user)

    def _wake(self, lot: str, *, leaves_mapping: bool) -> None:
        """A changed mapping ends the dismissals of its records."""
        for record in self._records(property_ref=lot):
            if leaves_mapping or record.verdict not in ("imported", "conflict"):
                self.books.line((record.resource, record.provider_id)).is_dismissed = False

    @rule(pick=PICK, on=st.booleans())
    def pause(self, pick: int, on: bool) -> None:
        mapping.set_auto_sync(mapping=self._mapping(pick), user=self.user, auto_sync=on)

    @rule(pick=PICK)
    def dismiss(self, pick: int) -> None:
        found = [record for record in self._records() if record.verdict in ("unmapped", "rejected", "conflict")]
        if found:
            record = found[pick % len(found)]
            records.dismiss_record(record=record, user=self.user)
            self.books.line((record.resource, record.provider_id)).is_dismissed = True

    @rule(pick=PICK)
    def restore(self, pick: int) -> None:
        found = [record for record in self._records() if record.verdict in ("dismissed", "conflict", "missing")]
        if found:
            record = found[pick % len(found)]
            records.restore_record(record=record, user=self.user)
            self.books.line((record.resource, record.provider_id)).is_dismissed = False

    @rule(
        pick=PICK, amount=st.none() | DOLLARS, day=st.none() | DAYS, code=st.sampled_from([None, "legal", "cleaning"])
    )
    def edit(self, pick: int, amount: Decimal | None, day: date | None, code: str | None) -> None:
        if (found := self._live_key(pick)) is None:
            return
        key, entry = found
        category = None
        values: dict[str, Any] = {"amount": amount, "occurred_on": day}
        if code and entry.kind == "expense":
            category = Category.objects.get(organisation=self.organisation, code=code)
            values["category"] = code
        values = {name: value for name, value in values.items() if value is not None}
        live = self.books.line(key).live
        assert live is not None
        may = not entry.exported_at and not self._shut(entry.occurred_on, day or entry.occurred_on)
        if amount is not None and live.amount <= 0:
            return
        try:
            transactions.edit_transaction(
                transaction=entry, user=self.user, amount=amount, occurred_on=day, category=category
            )
        except DomainError as error:
            assert not may, error
            return
        assert may
        if any(getattr(live, name) != value for name, value in values.items()):
            self.books.edit(key, **values)

    def _shut(self, *days: date) -> bool:
        return self.books.closed is not None and min(days) <= self.books.closed

    @rule(pick=PICK)
    def reverse(self, pick: int) -> None:
        if (found := self._live_key(pick)) is None:
            return
        key, entry = found
        may = not entry.exported_at and not self._shut(entry.occurred_on)
        try:
            transactions.reverse_transaction(transaction=entry, user=self.user, reason="Not ours")
        except DomainError as error:
            assert not may, error
        else:
            assert may
            self.books.reverse(key)

    @rule(pick=PICK)
    def export(self, pick: int) -> None:
        if (found := self._live_key(pick)) is not None:
            key, entry = found
            transactions.mark_exported(organisation=self.organisation, user=self.user, ids=[entry.pk])
            self.books.line(key).is_exported = True

    @rule(pick=PICK, take=st.booleans())
    def decide(self, pick: int, take: bool) -> None:
        cards = Conflict.objects.filter(connection=self.source, state="open", target="transaction")
        found = list(cards.select_related("record").order_by("record__resource", "record__provider_id"))
        if not found:
            return
        card = found[pick % len(found)]
        key = (card.record.resource, card.record.provider_id)
        line = self.books.line(key)
        assert line.live is not None
        days = [] if "void" in line.card else [line.card.get("occurred_on", line.live.occurred_on)]
        may = not line.is_exported and not self._shut(line.live.occurred_on, *days)
        try:
            conflicts.resolve_conflict(conflict=card, user=self.user, take_theirs=take)
        except DomainError as error:
            assert take, error
            assert not may, error
            return
        if take:
            assert may
            self.books.take_theirs(key)

    @rule(day=DAYS)
    def close_books(self, day: date) -> None:
        if self.books.closed is None or day > self.books.closed:
            periods.close_books(organisation=self.organisation, through=day, user=self.user)
            self.books.closed = day

    @precondition(lambda self: self.books.closed)
    @rule()
    def reopen_books(self) -> None:
        periods.reopen_books(organisation=self.organisation, through=None, user=self.user)
        self.books.closed = None


EACH = 40
STEPS = int(os.environ.get("PROPERTYTRACKER_STEPS", "0"))
PROFILE = settings(
    max_examples=-(-STEPS // EACH) if STEPS else 12,
    stateful_step_count=EACH,
    derandomize=not STEPS,
    database=None,
    deadline=None,
    # Shrinking plays the machine again hundreds of times; the steps as they failed are few enough to read.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_the_books_are_those_of_the_oracle_whatever_happens() -> None:
    run_state_machine_as_test(Agency, settings=PROFILE)
