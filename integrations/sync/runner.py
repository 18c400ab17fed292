"""Runs one sync from beginning to end. Safe to call twice, to kill anywhere, and to call again."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounting.models import Category
from accounting.services import categories, periods
from core.redaction import redact
from integrations import registry
from integrations.adapters import open_adapter
from integrations.errors import (
    ContractChanged,
    IntegrationError,
    Misconfigured,
    ProviderDown,
    ProviderPaused,
    ReauthRequired,
    RunCancelled,
    RunHeld,
)
from integrations.inbox import work as inbox_work
from integrations.models import Connection, SyncPlan, SyncRun
from integrations.records import Resource
from integrations.sync import preview, replay, undo
from integrations.sync.apply import Job
from integrations.sync.lock import sync_lock
from integrations.sync.plan_money import MoneyRules
from integrations.sync.read import read_resource
from integrations.sync.tally import Tally
from integrations.sync.waiting import Waiting
from tenancies.services.imports import roll_statuses

logger = logging.getLogger(__name__)

# A run whose worker died is tried again by itself this many times in a row.
LOST_ATTEMPTS = 3


def run_sync(run_id: UUID) -> SyncRun:
    """Carries out a queued run and answers it finished, held, failed or lost-and-retried.

    Delivered twice, the second call finds the run taken and leaves. Raises only for defects of our own.
    """
    run = SyncRun.objects.select_related("connection__organisation").get(pk=run_id)
    with sync_lock(run.connection_id) as free:
        if not free:
            return run
        # The lock was free, so whoever left a run "running" is dead.
        mark_lost(run.connection_id)
        run.refresh_from_db()
        if run.status == SyncRun.Status.LOST:
            retry = SyncRun.objects.filter(
                connection_id=run.connection_id, status=SyncRun.Status.QUEUED, trigger="retry"
            ).first()
            if retry is None:
                return run
            run = retry
        if not _claim(run):
            return run
        run.refresh_from_db()
        _execute(run)
    return run


def mark_lost(connection_id: UUID) -> int:
    """Closes runs of dead workers and queues a retry of each. Call with the connection's lock in hand."""
    lost = SyncRun.objects.filter(connection_id=connection_id, status=SyncRun.Status.RUNNING)
    number = 0
    for run in lost:
        with transaction.atomic():
            undoes, run.undoes = run.undoes_id, None
            run.finished_at = timezone.now()
            run.status = SyncRun.Status.CANCELLED if run.cancel_requested else SyncRun.Status.LOST
            run.errors = [*run.errors, {"code": "lost", "message": "The worker stopped. What it had finished is kept."}]
            run.save(update_fields=["status", "finished_at", "errors", "undoes", "updated_at"])
            if run.status == SyncRun.Status.LOST and run.attempt < LOST_ATTEMPTS:
                SyncRun.objects.create(
                    organisation_id=run.organisation_id,
                    connection_id=connection_id,
                    sync_type=run.sync_type,
                    trigger="retry",
                    requested_by_id=run.requested_by_id,
                    full=run.full,
                    force=run.force,
                    plan_id=run.plan_id,
                    undoes_id=undoes,
                    attempt=run.attempt + 1,
                )
            elif run.sync_type == SyncRun.Type.PREVIEW:
                SyncPlan.objects.filter(runs=run, status=SyncPlan.Status.BUILDING).update(
                    status=SyncPlan.Status.FAILED, error="The worker stopped while it was worked out."
                )
        number += 1
    return number


def _claim(run: SyncRun) -> bool:
    now = timezone.now()
    try:
        with transaction.atomic():
            taken = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.QUEUED).update(
                status=SyncRun.Status.RUNNING, started_at=now, heartbeat_at=now
            )
    except IntegrityError:
        return False
    return bool(taken)


def build_job(connection: Connection, *, manual: bool, run: SyncRun | None = None) -> Job:
    """The rules a chunk is worked under, as they are now."""
    organisation = connection.organisation
    categories.ensure_defaults(organisation=organisation)
    codes = dict(Category.objects.filter(organisation=organisation).values_list("code", "id"))
    return Job(
        source=connection,
        spec=registry.get(connection.provider),
        rules=MoneyRules(manual=manual, closed_through=periods.closed_through(organisation), categories=codes),
        today=datetime.now(ZoneInfo(organisation.time_zone)).date(),
        tally=Tally(),
        run=run,
    )


def _is_scheduled(run: SyncRun) -> bool:
    """Whether nobody asked for it: then properties with automatic sync off are left out, at each attempt alike."""
    if run.sync_type == SyncRun.Type.EVENTS:
        return True
    if run.trigger != "retry":
        return run.trigger == "schedule"
    firsts = SyncRun.objects.filter(
        connection_id=run.connection_id, status=SyncRun.Status.LOST, sync_type=run.sync_type, attempt=1, id__lt=run.id
    )
    return firsts.order_by("-id").values_list("trigger", flat=True).first() == "schedule"


def _execute(run: SyncRun) -> None:
    connection = run.connection
    job = build_job(connection, manual=not _is_scheduled(run), run=run)
    try:
        if run.sync_type == SyncRun.Type.PREVIEW:
            preview.build(job, run)
            _suggest(job)
        elif run.sync_type == SyncRun.Type.APPLY:
            _apply_stored(job, run)
        elif run.sync_type == SyncRun.Type.UNDO:
            undo.execute(job, run)
        elif run.sync_type == SyncRun.Type.EVENTS:
            _work_events(job, run)
            return
        else:
            _read_all(job, run)
    except RunHeld as error:
        _finish(job, SyncRun.Status.HELD, held_reason=error.safe_message[:300])
    except RunCancelled:
        _finish(job, SyncRun.Status.CANCELLED)
    except ReauthRequired as error:
        # The adapter's block has marked the connection and told its admins.
        _finish(job, SyncRun.Status.FAILED, error=error)
    except ProviderPaused as error:
        _note_failure(connection)
        _resume_after(connection, error)
        _finish(job, SyncRun.Status.FAILED, error=error)
    except ProviderDown as error:
        _note_failure(connection)
        _try_again_at(connection, datetime.fromtimestamp(error.retry_at, UTC))
        _finish(job, SyncRun.Status.FAILED, error=error)
    except IntegrationError as error:
        if isinstance(error, Misconfigured | ContractChanged):
            logger.error("sync of connection %s stopped: %s", connection.id, error.code)
        _note_failure(connection)
        _finish(job, SyncRun.Status.FAILED, error=error)
    except Exception as error:
        logger.exception("sync of connection %s failed", connection.id)
        _note_failure(connection)
        _finish(job, SyncRun.Status.FAILED, error=IntegrationError(_OURS, detail=f"{type(error).__name__}: {error}"))
    else:
        _finish(job, SyncRun.Status.COMPLETED)


_OURS = "Something went wrong on our side. What was finished is kept; the sync can be started again."


def _read_all(job: Job, run: SyncRun) -> None:
    waiting = Waiting(run.id)
    with open_adapter(job.source, sleep=waiting.wait, on_wait=waiting.announce) as adapter:
        for resource in Resource:
            read_resource(job, adapter, resource, full=run.full, force=run.force, apply=True)
    replay.replay(job, replay.waiting(job.source))
    roll_statuses(organisation=job.source.organisation, today=job.today)
    _suggest(job)
    now = timezone.now()
    Connection.objects.filter(pk=job.source.pk).update(last_sync_at=now, failing_since=None, updated_at=now)


def _work_events(job: Job, run: SyncRun) -> None:
    """Events that fail are tried again by themselves, so a run of them does not count as a failing connection."""
    failed = inbox_work.carry_out(job, run)
    _suggest(job)
    _finish(job, SyncRun.Status.COMPLETED if failed is None else SyncRun.Status.FAILED, error=failed)


def _apply_stored(job: Job, run: SyncRun) -> None:
    if run.plan is None:
        # Queued when a mapping changed, or to work what waits.
        replay.replay(job, replay.waiting(job.source))
        return
    if run.plan.kind == SyncPlan.Kind.RULES:
        job.rules = MoneyRules(
            manual=True,
            closed_through=job.rules.closed_through,
            categories=job.rules.categories,
            recategorise=True,
        )
    replay.apply_lines(job, run.plan)
    SyncPlan.objects.filter(pk=run.plan.pk).update(status=SyncPlan.Status.APPLIED)
    if run.plan.kind == SyncPlan.Kind.SYNC:
        # What the preview read is in the books now: they are as fresh as that reading.
        older = Q(last_sync_at=None) | Q(last_sync_at__lt=run.plan.created_at)
        Connection.objects.filter(older, pk=job.source.pk).update(
            last_sync_at=run.plan.created_at, failing_since=None, updated_at=timezone.now()
        )


def _suggest(job: Job) -> None:
    if job.touched_mappings:
        from integrations.services.mapping import refresh_suggestions

        refresh_suggestions(connection=job.source, mapping_ids=job.touched_mappings)


def _note_failure(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk, failing_since=None).update(failing_since=timezone.now())


def _resume_after(connection: Connection, pause: ProviderPaused) -> None:
    """The next sync by itself is due when the provider's pause is over: before that it would fail, too."""
    end = timezone.now() + timedelta(seconds=pause.retry_after or 0)
    Connection.objects.filter(pk=connection.pk, auto_sync=True).update(next_sync_at=end)


def _try_again_at(connection: Connection, moment: datetime) -> None:
    """The breaker lets a call through at that moment: the schedule need not wait for the next cadence."""
    Connection.objects.filter(pk=connection.pk, auto_sync=True, next_sync_at__gt=moment).update(
        next_sync_at=moment, updated_at=timezone.now()
    )


def _finish(job: Job, status: str, *, error: IntegrationError | None = None, held_reason: str = "") -> None:
    run = job.run
    if run is None:
        return
    now = timezone.now()
    errors = list(run.errors)
    if error is not None:
        errors.append({"code": error.code, "message": error.safe_message, "detail": redact(error.detail)[:2000]})
    SyncRun.objects.filter(pk=run.pk).update(
        status=status,
        finished_at=now,
        heartbeat_at=now,
        counts=job.tally.as_json(),
        totals=job.tally.totals(),
        transactions_created=job.tally.created,
        errors=errors,
        held_reason=held_reason,
        stage="",
        updated_at=now,
    )
    run.refresh_from_db()


def next_due(connection: Connection, *, now: datetime) -> datetime:
    """When the connection is due again: its cadence from now."""
    return now + timedelta(minutes=connection.sync_every_minutes)
