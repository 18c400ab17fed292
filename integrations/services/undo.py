"""Undoing runs: what it would do in numbers and rows, and asking for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from access.models import User
from accounting.models import Transaction
from accounting.services import periods, reversals
from accounting.services.reversals import BLOCKED, KEPT, REVERSED, Bucket
from core.errors import DomainError
from integrations.models import Connection, PropertyMapping, SyncRun
from integrations.services import sync as sync_services
from integrations.sync.lock import change_mappings
from integrations.sync.undo import sort_changes


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing a run would do: transactions it created by bucket, and what it changed by bucket."""

    run: SyncRun
    reversed: Bucket
    kept: Bucket
    blocked: Bucket
    changes: dict[str, int]

    def rows(self, bucket: str) -> Iterator[Transaction]:
        """The created transactions of a bucket, newest first."""
        found = reversals.sort_created(
            organisation=self.run.organisation,
            run_id=self.run.id,
            closed_through=periods.closed_through(self.run.organisation),
        ).filter(bucket=bucket)
        return found.select_related("property", "category").order_by("-occurred_on", "-id").iterator()


def preview_undo(*, run: SyncRun) -> UndoPreview:
    """The numbers that the confirm page shows. A constant number of queries."""
    closed = periods.closed_through(run.organisation)
    buckets = reversals.count_created(organisation=run.organisation, run_id=run.id, closed_through=closed)
    changes = {REVERSED: 0, KEPT: 0, BLOCKED: 0}
    for step in sort_changes(run, closed_through=closed):
        changes[step.bucket] += 1
    return UndoPreview(
        run=run,
        reversed=buckets[REVERSED],
        kept=buckets[KEPT],
        blocked=buckets[BLOCKED],
        changes=changes,
    )


# An undo is one transaction, so one that did not complete has changed nothing.
_CAME_TO_NOTHING = (SyncRun.Status.FAILED, SyncRun.Status.CANCELLED, SyncRun.Status.LOST)


@transaction.atomic
def undo_run(*, run: SyncRun, user: User) -> SyncRun:
    """Queues the undo of a finished run. Raises DomainError `not_finished` or `undone`."""
    locked = SyncRun.objects.select_for_update(of=("self",)).select_related("connection").get(pk=run.pk)
    if locked.status not in SyncRun.FINISHED or locked.sync_type in (SyncRun.Type.UNDO, SyncRun.Type.PREVIEW):
        raise DomainError("not_finished", "Only a finished sync can be undone.")
    if SyncRun.objects.filter(undoes=locked).exclude(status__in=_CAME_TO_NOTHING).exists():
        raise DomainError("undone", "This sync was undone already.")
    SyncRun.objects.filter(undoes=locked).update(undoes=None)
    undo = SyncRun.objects.create(
        organisation_id=locked.organisation_id,
        connection=locked.connection,
        sync_type=SyncRun.Type.UNDO,
        trigger="person",
        requested_by=user,
        undoes=locked,
    )
    sync_services.enqueue(undo)
    return undo


@transaction.atomic
def reverse_everything(*, connection: Connection, user: User) -> SyncRun:
    """Takes back all that a connection imported, by unmapping every property; edited, closed and exported rows stay."""
    change_mappings(connection.pk)
    PropertyMapping.objects.filter(connection=connection, state=PropertyMapping.State.MAPPED).update(
        state=PropertyMapping.State.UNMAPPED, property=None, unit=None
    )
    connection.records.filter(verdict__in=["imported", "conflict", "missing"]).update(
        verdict="pending", reason="Waits to be taken back."
    )
    return sync_services.request_apply(connection=connection, user=user, trigger="person")
