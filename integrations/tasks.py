from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from integrations.files.work import work_upload as read_and_check
from integrations.services import calls as call_services
from integrations.services import files as file_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync as carry_out


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
