"""What people, beat and the shell ask of the engine. Each request is a row first and a queue message second."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access.models import User
from core.errors import DomainError
from integrations.models import Connection, SyncPlan, SyncRun
from integrations.sync.lock import sync_lock
from integrations.sync.runner import mark_lost, next_due

_OPEN = (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING)
# Work that stands in nobody's way: whoever comes second waits for the connection's lock.
_SHORT = (SyncRun.Type.APPLY, SyncRun.Type.EVENTS)


def enqueue(run: SyncRun) -> None:
    """Sends the hint to work the run once its row is committed; a lost hint is made up for by beat."""
    from integrations.tasks import run_sync

    transaction.on_commit(lambda: run_sync.delay(str(run.pk)))


def _require_connected(connection: Connection) -> None:
    if connection.status != Connection.Status.ACTIVE:
        raise DomainError("not_connected", "Sign in at the provider again first; your mappings are kept.")


@transaction.atomic
def request_sync(
    *,
    connection: Connection,
    user: User | None = None,
    trigger: str = "person",
    full: bool = False,
    force: bool = False,
) -> SyncRun:
    """`queue_sync`, and tells a worker once the row is committed."""
    run = queue_sync(connection=connection, user=user, trigger=trigger, full=full, force=force)
    enqueue(run)
    return run


@transaction.atomic
def queue_sync(
    *,
    connection: Connection,
    user: User | None = None,
    trigger: str = "person",
    full: bool = False,
    force: bool = False,
) -> SyncRun:
    """The row of a sync to be carried out. Raises DomainError `already_syncing` or `not_connected`."""
    # The row lock makes two clicks one sync.
    Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
    _require_connected(connection)
    if connection.runs.filter(status__in=_OPEN).exclude(sync_type__in=_SHORT).exists():
        raise DomainError("already_syncing", "A sync of this connection is already under way. Wait for it to end.")
    kind = SyncRun.Type.MANUAL if trigger == "person" else SyncRun.Type.INCREMENTAL
    if full:
        kind = SyncRun.Type.FULL
    return SyncRun.objects.create(
        organisation_id=connection.organisation_id,
        connection=connection,
        sync_type=kind,
        trigger=trigger,
        requested_by=user,
        full=full,
        force=force,
    )


def request_apply(*, connection: Connection, user: User | None, trigger: str = "mapping") -> SyncRun:
    """Queues the working of records that wait in the mirror; nothing is asked of the provider."""
    queued = connection.runs.filter(
        status=SyncRun.Status.QUEUED, sync_type=SyncRun.Type.APPLY, plan__isnull=True
    ).first()
    if queued is not None:
        return queued
    run = SyncRun.objects.create(
        organisation_id=connection.organisation_id,
        connection=connection,
        sync_type=SyncRun.Type.APPLY,
        trigger=trigger,
        requested_by=user,
    )
    enqueue(run)
    return run


@transaction.atomic
def cancel_run(*, run: SyncRun, user: User) -> None:
    """Asks a run to stop at its next chunk; a run that has not begun is cancelled at once."""
    stopped = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.QUEUED).update(
        status=SyncRun.Status.CANCELLED, finished_at=timezone.now(), cancel_requested=True
    )
    if not stopped:
        SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.RUNNING).update(cancel_requested=True)


@transaction.atomic
def release_held(*, run: SyncRun, user: User) -> SyncRun:
    """Lets a held run go on: a full sync that marks what the held one would not. Raises DomainError `not_held`."""
    held = SyncRun.objects.select_for_update().get(pk=run.pk)
    if held.status != SyncRun.Status.HELD:
        raise DomainError("not_held", "This run is not held any more.")
    held.status, held.finished_at = SyncRun.Status.CANCELLED, timezone.now()
    held.save(update_fields=["status", "finished_at", "updated_at"])
    return request_sync(connection=held.connection, user=user, full=True, force=True)


@transaction.atomic
def discard_held(*, run: SyncRun, user: User) -> None:
    """Drops a held run: what it would not mark stays as it is, until the next sync looks again."""
    SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.HELD).update(
        status=SyncRun.Status.CANCELLED, finished_at=timezone.now()
    )


@transaction.atomic
def request_preview(*, connection: Connection, user: User, kind: str = SyncPlan.Kind.SYNC) -> SyncPlan:
    """`queue_preview`, and tells a worker once the row is committed."""
    plan = queue_preview(connection=connection, user=user, kind=kind)
    enqueue(SyncRun.objects.get(plan=plan))
    return plan


@transaction.atomic
def queue_preview(
    *, connection: Connection, user: User | None, kind: str = SyncPlan.Kind.SYNC, full: bool = False
) -> SyncPlan:
    """The row of a preview to be worked out. Raises DomainError as `queue_sync` does."""
    Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
    if kind == SyncPlan.Kind.SYNC:
        _require_connected(connection)
    if connection.runs.filter(status__in=_OPEN).exclude(sync_type=SyncRun.Type.EVENTS).exists():
        raise DomainError("already_syncing", "A sync of this connection is already under way. Wait for it to end.")
    plan = SyncPlan.objects.create(
        organisation_id=connection.organisation_id, connection=connection, kind=kind, requested_by=user
    )
    SyncRun.objects.create(
        organisation_id=connection.organisation_id,
        connection=connection,
        sync_type=SyncRun.Type.PREVIEW,
        trigger="person" if user else "shell",
        requested_by=user,
        full=full,
        plan=plan,
    )
    return plan


def request_rules_preview(*, connection: Connection, user: User) -> SyncPlan:
    """Queues a preview of what the category rules, as they are now, would change in past imports."""
    return request_preview(connection=connection, user=user, kind=SyncPlan.Kind.RULES)


@transaction.atomic
def apply_plan(*, plan: SyncPlan, user: User) -> SyncRun:
    """Queues the carrying out of exactly the lines of a preview. Raises DomainError `plan_not_ready`."""
    locked = SyncPlan.objects.select_for_update(of=("self",)).select_related("connection").get(pk=plan.pk)
    if locked.status != SyncPlan.Status.READY or locked.runs.filter(sync_type=SyncRun.Type.APPLY).exists():
        raise DomainError("plan_not_ready", "This preview was applied or discarded already. Make a new one.")
    run = SyncRun.objects.create(
        organisation_id=locked.organisation_id,
        connection=locked.connection,
        sync_type=SyncRun.Type.APPLY,
        trigger="person",
        requested_by=user,
        plan=locked,
    )
    enqueue(run)
    return run


def discard_plan(*, plan: SyncPlan, user: User) -> None:
    """Drops a preview. What it read from the provider stays in the mirror and waits for the next sync."""
    SyncPlan.objects.filter(pk=plan.pk, status=SyncPlan.Status.READY).update(status=SyncPlan.Status.DISCARDED)


def claim_due(*, now: datetime, limit: int = 100) -> list[SyncRun]:
    """Claims connections that are due by moving their next time on, and queues a sync of each.

    Rows locked by another tick are skipped, so any number of ticks may run at once.
    """
    runs: list[SyncRun] = []
    with transaction.atomic():
        due = list(
            Connection.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(status=Connection.Status.ACTIVE, auto_sync=True, next_sync_at__lte=now)
            .order_by("next_sync_at")[:limit]
        )
        for connection in due:
            connection.next_sync_at = next_due(connection, now=now)
            connection.save(update_fields=["next_sync_at", "updated_at"])
            try:
                full = _wants_sweep(connection, now=now)
                runs.append(request_sync(connection=connection, trigger="schedule", full=full))
            except DomainError:
                # A person's sync is under way: the next cadence is soon enough.
                continue
    return runs


# Reading changes alone misses what a provider does not tell: removed records, and edits older than its window.
SWEEP_EVERY = timedelta(days=7)


def _wants_sweep(connection: Connection, *, now: datetime) -> bool:
    """Whether a scheduled sync reads everything: once a week, counted from the last complete full sync."""
    return not connection.runs.filter(
        sync_type=SyncRun.Type.FULL, status=SyncRun.Status.COMPLETED, finished_at__gt=now - SWEEP_EVERY
    ).exists()


def recover_lost(*, now: datetime) -> list[UUID]:
    """Closes runs whose worker died, and answers every queued run, so that one lost message delays nothing for long."""
    running = SyncRun.objects.filter(status=SyncRun.Status.RUNNING)
    for connection_id in set(running.values_list("connection_id", flat=True)):
        with sync_lock(connection_id) as free:
            if free:
                mark_lost(connection_id)
    # A retry was queued just now, and nobody has been told of it yet.
    untold = Q(created_at__lt=now) | Q(trigger="retry")
    return list(
        SyncRun.objects.filter(untold, status=SyncRun.Status.QUEUED).order_by("id").values_list("id", flat=True)
    )
