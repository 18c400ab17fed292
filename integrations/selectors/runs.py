from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from access.models import Organisation
from accounting.models import Transaction
from integrations.models import Connection, SyncChange, SyncRun
from integrations.records import Resource

COLUMNS = ("seen", "created", "updated", "unchanged", "unmapped", "skipped", "conflicted", "failed")
# Words of the counts that are not their own name.
WORDS = {"unmapped": "not mapped", "conflicted": "conflicts"}
WORKING = (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `rate` is records a second, `left` seconds to go; None where it cannot be told yet."""

    run: SyncRun
    rate: int | None
    left: int | None

    @property
    def tally(self) -> list[tuple[str, int]]:
        """What happened to the records so far, as words and numbers."""
        totals = totals_of(self.run.counts)
        words = (("created", "created"), ("updated", "updated"), ("unchanged", "unchanged"),
                 ("not mapped", "unmapped"), ("conflicts", "conflicted"), ("rejected", "failed"))  # fmt: skip
        return [(word, totals.get(name, 0)) for word, name in words]

    @property
    def text(self) -> str:
        parts = []
        if self.rate:
            parts.append(f"{self.rate:,} a second")
        if self.left is not None:
            parts.append(f"{self.left:,} s left" if self.left < 120 else f"{self.left // 60:,} min left")
        if self.run.waited_seconds:
            parts.append(f"waited {self.run.waited_seconds:,} s as the provider asked")
        return " · ".join(parts)


def find_run(*, organisation: Organisation, run_id: UUID) -> SyncRun | None:
    return (
        SyncRun.objects.filter(organisation=organisation, id=run_id)
        .select_related("connection", "requested_by", "undoes", "undone_by", "plan")
        .first()
    )


def runs_of(connection: Connection) -> QuerySet[SyncRun]:
    """A connection's history, for keyset pages by descending id."""
    return SyncRun.objects.filter(connection=connection).select_related("requested_by", "undone_by")


def working_run(connection: Connection) -> SyncRun | None:
    """The run that is under way or queued; runs of events are too short to be watched."""
    runs = SyncRun.objects.filter(connection=connection, status__in=WORKING)
    return runs.exclude(sync_type=SyncRun.Type.EVENTS).order_by("-id").first()


def latest_run(connection: Connection) -> SyncRun | None:
    """The newest run, whatever became of it; runs of events left out."""
    runs = SyncRun.objects.filter(connection=connection).exclude(sync_type=SyncRun.Type.EVENTS)
    return runs.order_by("-id").first()


def progress_of(run: SyncRun, *, now: datetime | None = None) -> Progress:
    """Rate and remaining time from what the run has written so far."""
    if run.started_at is None or not run.done:
        return Progress(run, None, None)
    until = run.finished_at or run.heartbeat_at or now or timezone.now()
    seconds = max((until - run.started_at).total_seconds(), 0.001)
    rate = int(run.done / seconds)
    left = None
    if rate and run.expected and run.expected > run.done and run.status in WORKING:
        left = -((run.done - run.expected) // rate)
    return Progress(run, rate or None, left)


def duration_of(run: SyncRun) -> timedelta | None:
    if run.started_at is None or run.finished_at is None:
        return None
    return run.finished_at - run.started_at


def totals_of(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """A run's counts over all resources."""
    totals: dict[str, int] = {}
    for one in counts.values():
        for name, number in one.items():
            totals[name] = totals.get(name, 0) + number
    return totals


def by_resource(counts: Mapping[str, Mapping[str, int]]) -> list[tuple[Resource, dict[str, int]]]:
    """Counts in the order a sync reads resources; only those it touched."""
    return [(resource, {name: counts[resource].get(name, 0) for name in _names(counts)}) for resource in Resource
            if resource in counts]  # fmt: skip


def _names(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    known = [*COLUMNS, "missing"]
    return known + sorted({name for one in counts.values() for name in one} - set(known))


def transactions_of(run: SyncRun) -> QuerySet[Transaction]:
    """Lines of the books this run made."""
    return Transaction.objects.filter(organisation_id=run.organisation_id, sync_run_id=run.id).select_related(
        "property", "category"
    )


def changes_of(run: SyncRun) -> QuerySet[SyncChange]:
    """What this run changed beside the transactions it made."""
    return SyncChange.objects.filter(run=run)


def messages_of(run: SyncRun) -> list[dict[str, Any]]:
    """The run's errors, each with a message for people and detail for support."""
    return [error for error in run.errors if isinstance(error, dict)]
