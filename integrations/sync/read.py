"""Pulls one resource of a connection into the mirror, chunk by chunk, and carries each chunk out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
from django.db import connection
from django.db.models import F
from django.utils import timezone

from integrations.contracts import ContactSource, PropertyManagerProvider
from integrations.errors import RunCancelled
from integrations.models import SyncCursor, SyncRun
from integrations.records import Page, ReadRequest, Resource
from integrations.sync import land
from integrations.sync.apply import Job, work_chunk
from integrations.sync.guard import check_sweep
from integrations.sync.pull import Ahead, Batch, batches
from integrations.sync.work import Staged, chunk, stage_fresh

Read = Callable[[ReadRequest], Iterator[Page]]


# Later resources look these tables up row by row; without statistics the planner may walk a wrong index for each row.
ANALYSE_FROM = 50
# Rows of an interrupted read that are read again: so many may have left the list meanwhile without hiding others.
STEP_BACK = 500
# Share of new rows from which the next chunk's COPY text is built ahead.
NEARLY_ALL = 0.9
_LOOKED_UP = {
    Resource.PROPERTY: "ANALYZE integrations_propertymapping (connection_id, provider_property_id, state)",
    Resource.TENANCY: "ANALYZE tenancies_lease (organisation_id, connection_id, provider_id, status)",
}


def read_of(adapter: PropertyManagerProvider, resource: Resource) -> Read | None:
    """The adapter's read for a resource; None where it has none."""
    reads: dict[Resource, Read] = {
        Resource.PROPERTY: adapter.properties,
        Resource.TENANCY: adapter.tenancies,
        Resource.JOB: adapter.maintenance_jobs,
        Resource.PAYMENT: adapter.rent_payments,
        Resource.BILL: adapter.bills,
    }
    if isinstance(adapter, ContactSource):
        reads[Resource.CONTACT] = adapter.contacts
    return reads.get(resource)


def read_resource(
    job: Job, adapter: PropertyManagerProvider, resource: Resource, *, full: bool, force: bool, apply: bool
) -> None:
    """Reads everything new of one resource. A killed read goes on where its last committed chunk ended.

    A full read begins anew instead: it must see every row to tell which are gone, and its places in the list are not
    those of a read of changes.
    """
    read = read_of(adapter, resource)
    if read is None:
        return
    cursor_row, _ = SyncCursor.objects.get_or_create(connection=job.source, resource=resource.value)
    resumed = 0 if full else max(0, (cursor_row.position or 0) - STEP_BACK)
    request = ReadRequest(cursor="" if full else cursor_row.value, position=resumed, full=full)
    _announce(job, resource)
    seen, sweep, last = 0, False, cursor_row.value
    with connection.cursor() as cursor:
        land.start_sweep(cursor)
    new_before = job.tally.new
    ahead = Ahead(resource, adapter.normalise)
    for batch in batches(lambda: read(request), version=job.spec.mapping_version, ahead=ahead):
        staged = _land(job, adapter, resource, batch, None if full else cursor_row, apply=apply)
        ahead.eager = staged.new >= staged.seen * NEARLY_ALL
        seen += staged.seen
        sweep, last = batch.is_sweep, batch.cursor or last
    if job.tally.new - new_before >= ANALYSE_FROM and resource in _LOOKED_UP:
        with connection.cursor() as cursor:
            cursor.execute(_LOOKED_UP[resource])
    if (sweep or (full and not seen)) and not resumed:
        _finish_sweep(job, resource, seen=seen, force=force)
    now = timezone.now()
    SyncCursor.objects.filter(pk=cursor_row.pk).update(
        value=last,
        position=None,
        last_read_at=now,
        last_sweep_at=now if sweep and not resumed else F("last_sweep_at"),
    )


def _land(
    job: Job,
    adapter: PropertyManagerProvider,
    resource: Resource,
    batch: Batch,
    resumable: SyncCursor | None,
    *,
    apply: bool,
) -> Staged:
    prepared = batch.prepared
    with chunk(job.source.id) as cursor:
        staged = stage_fresh(
            cursor, source=job.source, resource=resource, prepared=prepared, normalise=adapter.normalise
        )
        if batch.is_sweep:
            land.note_seen(cursor, prepared.ids)
        changed = staged.new + staged.changed
        job.tally.new += staged.new
        if changed and apply:
            work_chunk(cursor, job, resource, fresh=True, only_new=staged.changed == 0)
        elif changed:
            if resource == Resource.PROPERTY:
                # The mapping page lists what was found even when nothing is applied yet.
                work_chunk(cursor, job, resource, fresh=True)
            else:
                land.leave_pending(cursor)
                land.write_mirror(cursor, source=job.source, run_id=job.run_id)
        job.tally.add(resource.value, "seen", staged.seen)
        job.tally.add(resource.value, "unchanged", staged.seen - changed)
        if batch.position and resumable is not None:
            SyncCursor.objects.filter(pk=resumable.pk).update(position=batch.position)
        _progress(cursor, job, staged.seen, batch.expected)
    return staged


def _finish_sweep(job: Job, resource: Resource, *, seen: int, force: bool) -> None:
    with connection.cursor() as cursor:
        known, missing = land.count_missing(cursor, source=job.source, resource=resource)
        if not missing:
            return
        if not force:
            check_sweep(label=job.spec.label, resource=resource.value, known=known, seen=seen, missing=missing)
    with chunk(job.source.id) as cursor:
        cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_seqscan = on")
        marked = land.mark_missing(cursor, source=job.source, resource=resource, run_id=job.run_id)
    job.tally.add(resource.value, "missing", marked)


_PROGRESS = """
UPDATE integrations_syncrun SET done = done + %s, expected = coalesce(%s, expected), heartbeat_at = now(), counts = %s,
  totals = %s, transactions_created = %s, updated_at = now() WHERE id = %s RETURNING cancel_requested
"""


def _announce(job: Job, resource: Resource) -> None:
    SyncRun.objects.filter(pk=job.run_id).update(
        stage=resource.value, heartbeat_at=timezone.now(), expected=None, done=0
    )


def _progress(cursor: Any, job: Job, seen: int, expected: int | None) -> None:
    """Moves the run on in the chunk's own transaction. Raises RunCancelled when a person asked to stop."""
    cursor.execute(
        _PROGRESS,
        [
            seen,
            expected,
            orjson.dumps(job.tally.as_json()).decode(),
            orjson.dumps(job.tally.totals()).decode(),
            job.tally.created,
            job.run_id,
        ],
    )
    row = cursor.fetchone()
    if row and row[0]:
        raise RunCancelled("The sync was cancelled. What it had finished is kept.")
