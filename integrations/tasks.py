from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from integrations.files.work import work_upload as read_and_check
from integrations.services import calls as call_services
from integrations.services import files as file_services
from integrations.services import inbox as inbox_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync as carry_out

# A wait longer than this is left to beat's sweep.
LONGEST_HINT = 10.0


@shared_task(name="integrations.tasks.run_sync")
def run_sync(run_id: str) -> None:
    """A hint that a run is queued; the row decides. A run queued behind this one is carried out next."""
    run = carry_out(UUID(run_id))
    following = (
        run.connection.runs.filter(status="queued")
        .exclude(pk=run.pk)
        .order_by("id")
        .values_list("id", flat=True)
        .first()
    )
    if following is not None and run.status != "queued":
        run_sync.delay(str(following))


@shared_task(name="integrations.tasks.dispatch_due_syncs")
def dispatch_due_syncs() -> None:
    sync_services.claim_due(now=timezone.now())


@shared_task(name="integrations.tasks.recover_lost_runs")
def recover_lost_runs() -> None:
    for run_id in sync_services.recover_lost(now=timezone.now()):
        run_sync.delay(str(run_id))


@shared_task(name="integrations.tasks.work_upload")
def work_upload(upload_id: str) -> None:
    """A hint that a file waits to be read or checked; the row decides."""
    read_and_check(UUID(upload_id))


@shared_task(name="integrations.tasks.recover_uploads")
def recover_uploads() -> None:
    for upload_id in file_services.left_open(now=timezone.now()):
        work_upload.delay(str(upload_id))


@shared_task(name="integrations.tasks.flush_calls")
def flush_calls() -> None:
    """Counts and breaker events from Redis into PostgreSQL."""
    call_services.flush_calls()


@shared_task(name="integrations.tasks.work_events")
def work_events(connection_id: str) -> None:
    """A hint that a connection has events; the rows decide. Goes on until nothing is due."""
    source = UUID(connection_id)
    while (run := inbox_services.queue_run(connection_id=source)) is not None:
        run_sync(str(run.pk))
        run.refresh_from_db(fields=["status"])
        if run.status == "queued":
            # Another run has the connection; whoever carries that out hands on to this one.
            return
    waiting = inbox_services.next_due(connection_id=source)
    if waiting is not None:
        wait = (waiting - timezone.now()).total_seconds()
        if 0 < wait <= LONGEST_HINT:
            work_events.apply_async(args=(connection_id,), countdown=wait)


@shared_task(name="integrations.tasks.sweep_inbox")
def sweep_inbox() -> None:
    for connection_id in inbox_services.sweep(now=timezone.now()):
        work_events.delay(str(connection_id))
