"""What the provider's staff, our own people and the workers do; each step tells the oracle what it did."""

from __future__ import annotations

from typing import Any

from accounting.models import Category, Transaction
from accounting.services import periods, transactions
from core.errors import DomainError
from integrations.models import Conflict, ProviderRecord, SyncRun
from integrations.sandbox.mutations import MUTATIONS
from integrations.services import conflicts, mapping, records, undo
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from tests.integrations.sync.agency import Agency, Chance
from tests.support.dying import dying_at


class Provider(Agency):
    """Changes at the provider."""

    def _listed(self, resource: str, pick: int) -> str | None:
        listed = {row["Id"] for row in self.upstream(resource)}
        names = self.receipts if resource == "receipts" else self.bills
        found = [name for name in names if name in listed]
        return found[pick % len(found)] if found else None

    def receipt_edited(self, chance: Chance) -> None:
        if (name := self._listed("receipts", chance.pick)) is not None:
            day = chance.day.isoformat() if chance.yes else None
            words = "Corrected" if chance.also else None
            self.server.vendor.edit("edit_receipt", record=name, amount=chance.amount, on=day, reference=words)

    def bill_edited(self, chance: Chance) -> None:
        if (name := self._listed("bills", chance.pick)) is not None:
            day = chance.day.isoformat() if chance.yes else None
            words = "Water charges" if chance.also else None
            self.server.vendor.edit("edit_bill", record=name, amount=chance.amount, paid=day, detail=words)

    def receipt_voided(self, chance: Chance) -> None:
        if (name := self._listed("receipts", chance.pick)) is not None:
            fields = {"IsVoid": chance.yes or chance.also}
            self.server.vendor.edit("patch", resource="receipts", record=name, fields=fields)

    def bill_voided(self, chance: Chance) -> None:
        if (name := self._listed("bills", chance.pick)) is not None:
            status = "Cancelled" if chance.yes or chance.also else "Unpaid"
            self.server.vendor.edit("edit_bill", record=name, status=status)

    def receipt_retyped(self, chance: Chance) -> None:
        if (name := self._listed("receipts", chance.pick)) is not None:
            fields = {"Type": "Bond" if chance.yes else "Rent"}
            self.server.vendor.edit("patch", resource="receipts", record=name, fields=fields)

    def receipt_moved(self, chance: Chance) -> None:
        lots = self.upstream("lots")
        if (name := self._listed("receipts", chance.pick)) is not None:
            fields = {"LotId": lots[chance.other % len(lots)]["Id"]}
            self.server.vendor.edit("patch", resource="receipts", record=name, fields=fields)

    def receipt_spoilt(self, chance: Chance) -> None:
        names = sorted(MUTATIONS)
        name = self._listed("receipts", chance.pick)
        if name is not None and ("receipts", name) not in self.odd:
            mutation = names[chance.other % len(names)]
            self.server.vendor.edit("mutate", resource="receipts", record=name, mutation=mutation)
            self.odd.append(("receipts", name))

    def receipt_added(self, chance: Chance) -> None:
        tenants = [row["Id"] for row in self.upstream("tenancies") if not row.get("IsClosed")]
        if tenants:
            name = tenants[chance.pick % len(tenants)]
            day = chance.day.isoformat()
            added = self.server.vendor.edit("add_receipt", tenancy_id=name, amount=chance.amount, on=day)
            self.receipts.append(added)

    def bill_added(self, chance: Chance) -> None:
        lots = self.upstream("lots")
        lot, day = lots[chance.pick % len(lots)]["Id"], chance.day.isoformat()
        words = "Blocked drain" if chance.yes else "Something else"
        self.bills.append(self.server.vendor.edit("add_bill", lot_id=lot, amount=chance.amount, detail=words, on=day))

    def vanished(self, chance: Chance) -> None:
        resource = "bills" if chance.yes else "receipts"
        if (name := self._listed(resource, chance.pick)) is not None:
            self.server.vendor.edit("vanish", resource=resource, record=name)
            self.odd.append((resource, name))

    def healed(self, chance: Chance) -> None:
        if self.odd:
            resource, name = self.odd.pop(chance.pick % len(self.odd))
            self.server.vendor.edit("heal", resource=resource, record=name)

    def days_passed(self, chance: Chance) -> None:
        self.server.vendor.advance(days=1 + chance.pick % 9)

    def tenancy_ended(self, chance: Chance) -> None:
        tenants = [row["Id"] for row in self.upstream("tenancies") if not row.get("IsClosed")]
        if tenants:
            self.server.vendor.edit("end_tenancy", record=tenants[chance.pick % len(tenants)])


class People(Agency):
    """Decisions of our own people."""

    def map(self, chance: Chance) -> None:
        row = self.mapping(chance.pick)
        self._wake(row.provider_property_id, leaves_mapping=True)
        home = self.homes[chance.other % len(self.homes)]
        mapping.map_property(mapping=row, property=home, user=self.user)

    def unmap(self, chance: Chance) -> None:
        row = self.mapping(chance.pick)
        self._wake(row.provider_property_id, leaves_mapping=row.state == "mapped")
        (mapping.ignore_mapping if chance.yes else mapping.unmap)(mapping=row, user=self.user)

    def _wake(self, lot: str, *, leaves_mapping: bool) -> None:
        """A changed mapping ends the dismissals of its records."""
        for record in self.records(property_ref=lot):
            if leaves_mapping or record.verdict not in ("imported", "conflict"):
                self.books.line((record.resource, record.provider_id)).is_dismissed = False

    def pause(self, chance: Chance) -> None:
        mapping.set_auto_sync(mapping=self.mapping(chance.pick), user=self.user, auto_sync=chance.yes)

    def _one(self, chance: Chance, *verdicts: str) -> ProviderRecord | None:
        found = self.records(verdict__in=verdicts)
        watched = [record for record in found if record.provider_id in (*self.receipts, *self.bills)]
        found = watched or found
        return found[chance.pick % len(found)] if found else None

    def dismiss(self, chance: Chance) -> None:
        if (record := self._one(chance, "unmapped", "rejected", "conflict")) is not None:
            records.dismiss_record(record=record, user=self.user)
            self.books.line((record.resource, record.provider_id)).is_dismissed = True

    def restore(self, chance: Chance) -> None:
        if (record := self._one(chance, "dismissed", "conflict", "missing")) is not None:
            records.restore_record(record=record, user=self.user)
            self.books.line((record.resource, record.provider_id)).is_dismissed = False

    def edit(self, chance: Chance) -> None:
        if (found := self.live(chance.pick)) is None:
            return
        key, entry = found
        live = self.books.line(key).live
        assert live is not None
        values: dict[str, Any] = {"amount": chance.amount if live.amount > 0 and chance.yes else live.amount}
        values["occurred_on"] = chance.day if chance.also else live.occurred_on
        category = entry.category
        if entry.kind == "expense" and chance.other % 2:
            category = Category.objects.get(organisation=self.organisation, code="cleaning")
            values["category"] = category.code
        may = not entry.exported_at and not self._shut(entry.occurred_on, values["occurred_on"])
        refused = self._refused(
            lambda: transactions.edit_transaction(
                transaction=entry,
                user=self.user,
                amount=values["amount"],
                occurred_on=values["occurred_on"],
                category=category,
            )
        )
        assert refused is not may
        if may and any(getattr(live, name) != value for name, value in values.items()):
            self.books.edit(key, **values)

    def _refused(self, act: Any) -> bool:
        try:
            act()
        except DomainError:
            return True
        return False

    def _shut(self, *days: Any) -> bool:
        return self.books.closed is not None and min(days) <= self.books.closed

    def reverse(self, chance: Chance) -> None:
        if (found := self.live(chance.pick)) is None:
            return
        key, entry = found
        may = not entry.exported_at and not self._shut(entry.occurred_on)
        refused = self._refused(
            lambda: transactions.reverse_transaction(transaction=entry, user=self.user, reason="Not ours")
        )
        assert refused is not may
        if may:
            self.books.reverse(key)

    def export(self, chance: Chance) -> None:
        if (found := self.live(chance.pick)) is not None:
            key, entry = found
            transactions.mark_exported(organisation=self.organisation, user=self.user, ids=[entry.pk])
            self.books.line(key).is_exported = True

    def decide(self, chance: Chance) -> None:
        cards = Conflict.objects.filter(connection=self.source, state="open", target="transaction")
        found = list(cards.select_related("record").order_by("record__resource", "record__provider_id"))
        if not found:
            return
        card = found[chance.pick % len(found)]
        key = (card.record.resource, card.record.provider_id)
        line = self.books.line(key)
        if line.live is None:
            # A person reversed it since the card was made: there is nothing to take theirs into.
            act = conflicts.resolve_conflict
            assert self._refused(lambda: act(conflict=card, user=self.user, take_theirs=chance.yes)) is chance.yes
            return
        days = [] if "void" in line.card else [line.card.get("occurred_on", line.live.occurred_on)]
        may = not chance.yes or (not line.is_exported and not self._shut(line.live.occurred_on, *days))
        refused = self._refused(
            lambda: conflicts.resolve_conflict(conflict=card, user=self.user, take_theirs=chance.yes)
        )
        assert refused is not may
        if may and chance.yes:
            self.books.take_theirs(key)

    def books_closed(self, chance: Chance) -> None:
        if self.books.closed is None:
            periods.close_books(organisation=self.organisation, through=chance.day, user=self.user)
            self.books.closed = chance.day

    def books_reopened(self, chance: Chance) -> None:
        if self.books.closed is not None:
            periods.reopen_books(organisation=self.organisation, through=None, user=self.user)
            self.books.closed = None


class Workers(Agency):
    """Syncs, previews and undo, and their deaths."""

    def synced(self, chance: Chance) -> None:
        self.sync(full=chance.pick % 3 == 0, scheduled=chance.yes, goes_on=chance.also)

    def queue_worked(self, chance: Chance) -> None:
        self.drain()

    def died_in_a_sync(self, chance: Chance) -> None:
        trigger = "schedule" if chance.yes else "person"
        run = sync_services.queue_sync(connection=self.source, full=chance.also, trigger=trigger)
        self.die(run, 1 + chance.pick % 160)

    def died_in_the_queue(self, chance: Chance) -> None:
        if self.queued():
            self.die(self.queued()[0], 1 + chance.pick % 60)

    def previewed(self, chance: Chance) -> None:
        """Works out a preview, or decides about the one there is."""
        if self.plan is not None:
            self._decide_plan(chance)
            return
        self.drain()
        plan = sync_services.queue_preview(connection=self.source, user=self.user)
        run = self.carry_out(SyncRun.objects.get(plan=plan))
        plan.refresh_from_db()
        if run.status == "completed":
            assert plan.status == "ready"
            self.plan = plan
        else:
            sync_services.discard_held(run=run, user=self.user)

    def _decide_plan(self, chance: Chance) -> None:
        plan, self.plan = self.plan, None
        assert plan is not None
        if chance.pick % 4 == 0:
            sync_services.discard_plan(plan=plan, user=self.user)
            return
        planned = {line.record_id: line for line in plan.lines.all()}
        hashes = dict(ProviderRecord.objects.filter(pk__in=planned).values_list("id", "content_hash"))
        run = self.carry_out(sync_services.apply_plan(plan=plan, user=self.user))
        stale = [line for line in plan.lines.all() if hashes[line.record_id] != line.content_hash]
        assert {line.state for line in stale} <= {"void"}
        made = Transaction.objects.filter(sync_run_id=run.pk, reverses=None).values_list("id", flat=True)
        became = ProviderRecord.objects.filter(target_id__in=list(made)).values_list("id", flat=True)
        assert set(became) <= {pk for pk, line in planned.items() if line.action == "create"}

    def undone(self, chance: Chance) -> None:
        if not self.undoable:
            return
        self.drain()
        run = self.undoable.pop(-1 - chance.pick % min(3, len(self.undoable)))
        request = undo.undo_run(run=run, user=self.user)
        if chance.also:
            with dying_at(1 + chance.other % 25):
                run_sync(request.pk)
            request = [request, *self.recover()][-1]
        run_sync(request.pk)
        request.refresh_from_db()
        assert request.status == "completed", request.errors
        self.books.undo(run.pk, request.pk)
        self.check()
