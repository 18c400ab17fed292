"""One organisation with its connected agency, its oracle beside it, and the ways to run and kill its syncs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.test import override_settings
from django.utils import timezone

from access.models import Membership
from accounting.models import Transaction
from integrations.models import PropertyMapping, ProviderRecord, SyncPlan, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from properties.services import create_property
from tests.factories.access import MembershipFactory
from tests.integrations.sync.conftest import connect
from tests.integrations.sync.oracle import MONEY, Books, Key, Schedule, check_books, places, read_payload, standing
from tests.integrations.sync.tables import check_tables
from tests.support.dying import dying_at

Seen = dict[Key, tuple[UUID, str, bool]]
SYNCS = ("full", "incremental", "manual")


@dataclass(frozen=True)
class Chance:
    """What is drawn for a step; each takes what it needs."""

    pick: int
    other: int
    amount: Decimal
    day: date
    yes: bool
    also: bool


class Agency:
    """A small agency; `books` is what its people's and its syncs' doings must amount to."""

    def __init__(self) -> None:
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
        # Records that things happen to again and again, so that one thing meets another.
        self.receipts, self.bills = self._newest("receipts", 5), self._newest("bills", 4)

    def close(self) -> None:
        self.overridden.disable()
        self.server.stop()

    # --- reading ------------------------------------------------------------------------------------------------------
    def _newest(self, resource: str, number: int) -> list[str]:
        rows = [row for row in self.server.vendor.records(resource, limit=10_000) if row.get("Type") != "Bond"]
        return [str(row["Id"]) for row in rows[-number:]]

    def records(self, **wanted: Any) -> list[ProviderRecord]:
        """The mirror's receipts and bills."""
        rows = ProviderRecord.objects.filter(connection=self.source, resource__in=MONEY, **wanted)
        return list(rows.order_by("resource", "provider_id"))

    def upstream(self, resource: str) -> list[dict[str, Any]]:
        """What the provider lists, each record once."""
        rows = {row["Id"]: row for row in self.server.vendor.records(resource, limit=10_000)}
        return [rows[name] for name in sorted(rows)]

    def queued(self) -> list[SyncRun]:
        return list(SyncRun.objects.filter(connection=self.source, status="queued").order_by("id"))

    def mapping(self, pick: int) -> PropertyMapping:
        found = PropertyMapping.objects.filter(connection=self.source).order_by("provider_property_id")
        return found[pick % len(found)]

    def live(self, pick: int) -> tuple[Key, Transaction] | None:
        """One of the watched records that stand in the books, with its entry."""
        keys = [key for key in sorted(standing(self.source)) if key[1] in (*self.receipts, *self.bills)]
        if not keys:
            return None
        resource, name = keys[pick % len(keys)]
        entry = Transaction.objects.get(
            connection_id=self.source.pk, status="confirmed", provider_transaction_id__regex=f"^{name}(~|$)"
        )
        return (resource, name), entry

    def _mirror(self) -> Seen:
        return {
            (record.resource, record.provider_id): (
                record.content_hash,
                record.verdict,
                record.missing_since is not None,
            )
            for record in self.records()
        }

    # --- running ------------------------------------------------------------------------------------------------------
    def _follow(self, run: SyncRun, before: Seen, *, applies: bool, manual: bool) -> None:
        """Lets the oracle do what the run had to do, going by what the mirror has seen since `before`."""
        homes, schedule = places(self.source), Schedule(self.organisation.pk)
        for record in self.records():
            key = (record.resource, record.provider_id)
            content, verdict, was_missing = before.get(key, (None, "", False))
            is_fresh = content != record.content_hash or (was_missing and record.missing_since is None)
            is_worked = (is_fresh or verdict == "pending") and record.verdict != "pending"
            if is_worked or (is_fresh and applies):
                reading = read_payload(record.resource, record.payload)
                place = homes.get(reading.lot) if reading else None
                self.books.work(run.pk, key, reading, place, schedule, manual=manual)

    def check(self) -> None:
        check_books(self.source, self.books)
        check_tables(self.source)

    def carry_out(self, run: SyncRun, *, scheduled: bool = False) -> SyncRun:
        """A run from its beginning to its end, in the books and in the oracle."""
        before = self._mirror()
        done = run_sync(run.pk)
        done.refresh_from_db()
        assert done.status in ("completed", "held"), done.errors
        scheduled = scheduled or run.trigger == "schedule"
        self._follow(done, before, applies=run.sync_type in SYNCS, manual=not scheduled)
        if run.sync_type in SYNCS or (run.sync_type == "apply" and run.plan is None):
            if done.status == "completed":
                waits = {record.property_ref for record in self.records(verdict="pending")}
                paused = {name for name, place in places(self.source).items() if not place.auto_sync}
                assert waits <= (paused if scheduled else set())
            self.undoable.append(done)
        self.check()
        return done

    def drain(self) -> None:
        """Carries out what mapping changes and restored records queued."""
        for run in self.queued():
            self.carry_out(run)

    def sync(self, *, full: bool, scheduled: bool, goes_on: bool = True) -> None:
        """A whole sync; where it is held, a person lets it go on or drops it."""
        trigger = "schedule" if scheduled else "person"
        run = self.carry_out(sync_services.queue_sync(connection=self.source, full=full, trigger=trigger))
        if run.status == "held" and not goes_on:
            sync_services.discard_held(run=run, user=self.user)
            return
        if run.status == "held":
            full = True
            run = self.carry_out(sync_services.release_held(run=run, user=self.user))
            assert run.status == "completed"
        self._check_mirror(full=full)

    def _check_mirror(self, *, full: bool) -> None:
        """The mirror has what the provider lists. Changes to old receipts are seen by a full sync alone."""
        for resource, listed in (("payment", "receipts"), ("bill", "bills")):
            mirror = {record.provider_id: record for record in self.records(resource=resource)}
            rows = {row["Id"]: row for row in self.upstream(listed)}
            if full:
                assert {name for name, record in mirror.items() if record.missing_since is None} == rows.keys()
            if full or resource == "bill":
                assert {name: row for name, row in rows.items() if mirror[name].payload != row} == {}

    def die(self, run: SyncRun, statement: int) -> None:
        """Carries a run out until its worker dies; then beat and the workers do what they do."""
        before = self._mirror()
        with dying_at(statement):
            run_sync(run.pk)
        scheduled = run.trigger == "schedule"
        self._follow(run, before, applies=run.sync_type in SYNCS, manual=not scheduled)
        self.check()
        for one in self.recover():
            done = self.carry_out(one, scheduled=scheduled and one.trigger == "retry")
            if done.status == "held":
                sync_services.discard_held(run=done, user=self.user)

    def recover(self) -> list[SyncRun]:
        """What beat finds a minute after a death: the retry, and whatever else is queued."""
        ids = sync_services.recover_lost(now=timezone.now())
        return [run for run in self.queued() if run.pk in ids]
