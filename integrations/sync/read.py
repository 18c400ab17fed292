"""Pulls one resource of a connection into the mirror, chunk by chunk, and carries each chunk out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db import connection
from django.db.models import F
from django.utils import timezone

from integrations.contracts import ContactSource, PropertyManagerProvider
from integrations.errors import RunCancelled
from integrations.models import SyncCursor, SyncRun
from integrations.records import Page, ReadRequest, Resource
from integrations.specs import CursorKind
from integrations.sync import land
from integrations.sync.apply import Job, work_chunk
from integrations.sync.guard import check_sweep
from integrations.sync.known import Known
from integrations.sync.pull import Ahead, Batch, batches
from integrations.sync.stage import MONEY, Normalise
from integrations.sync.tally import Tally
from integrations.sync.work import Staged, chunk, stage_fresh
from integrations.sync.writers import second_writer

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
    sweep, last = False, cursor_row.value
    before = (job.tally.resources[resource.value]["seen"], job.tally.new)
    lists_all = not (request.cursor or request.position) or _lists_all(job, resource)
    known = Known.load(job.source, resource) if lists_all else None
    ahead = Ahead(resource, adapter.normalise, known)
    landing = _Landing(job, adapter.normalise, resource, known, None if full else cursor_row, apply=apply)
    with second_writer(landing.land) as second:
        try:
            for batch in batches(lambda: read(request), version=job.spec.mapping_version, ahead=ahead):
                landing.count(second.take(wait=not landing.is_apart(batch)))
                landing.begin(batch)
                # A list of one chunk is not worth a thread and a session.
                if landing.is_apart(batch) and landing.has_landed and second.is_free():
                    second.hand(batch)
                else:
                    landed = landing.land(batch)
                    landing.count(landed)
                    ahead.eager = landed.staged.new >= batch.seen * NEARLY_ALL
                sweep, last = batch.is_sweep, batch.cursor or last
        finally:
            landing.count(second.take(wait=True))
    seen = job.tally.resources[resource.value]["seen"] - before[0]
    if job.tally.new - before[1] >= ANALYSE_FROM and resource in _LOOKED_UP:
        with connection.cursor() as cursor:
            cursor.execute(_LOOKED_UP[resource])
    if (sweep or (full and not seen)) and not resumed:
        if known is None:
            raise RuntimeError(f"The adapter lists all of {resource.value}, which its SPEC does not declare.")
        _finish_sweep(job, resource, known, seen=seen, force=force)
    now = timezone.now()
    SyncCursor.objects.filter(pk=cursor_row.pk).update(
        value=last,
        position=None,
        last_read_at=now,
        last_sweep_at=now if sweep and not resumed else F("last_sweep_at"),
    )


def _lists_all(job: Job, resource: Resource) -> bool:
    """Whether a read of the resource may list all of it: for want of a cursor, or as an uploaded file that does."""
    capability = job.spec.capability(resource)
    return capability is not None and capability.changed_since in (CursorKind.SWEEP, CursorKind.UPLOAD)


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of a chunk."""

    batch: Batch
    staged: Staged
    tally: Tally


class _Landing:
    """Lands the chunks of one read, each in a transaction of its own; `land` may run in two threads at once."""

    def __init__(
        self,
        job: Job,
        normalise: Normalise,
        resource: Resource,
        known: Known | None,
        resumable: SyncCursor | None,
        *,
        apply: bool,
    ) -> None:
        self._job, self._normalise, self._resource = job, normalise, resource
        self._known, self._resumable, self._apply = known, resumable, apply
        # A session of its own would not see what an open transaction around this has written.
        self._may_be_apart = (
            known is not None and known.is_empty and resource in MONEY and not connection.in_atomic_block
        )
        self._under_way: dict[int, int] = {}
        self.has_landed = False

    def is_apart(self, batch: Batch) -> bool:
        """Whether the chunk touches nothing that another touches: its records are all new."""
        return self._may_be_apart and not batch.prepared.doubtful

    def begin(self, batch: Batch) -> None:
        """Notes that a chunk is under way, in the order of the list."""
        self._under_way[id(batch)] = batch.position

    def count(self, landed: Landed | None) -> None:
        """Takes a finished chunk into the run's tally, and keeps the place up to which all chunks are finished.

        A place that lags behind, because the worker was killed here, costs rows that are read again and nothing else.
        """
        if landed is None:
            return
        self.has_landed = True
        self._job.tally.merge(landed.tally)
        if self._known is not None:
            self._known.note_replaced(landed.staged.replaced)
        is_first = next(iter(self._under_way)) == id(landed.batch)
        reached = self._under_way.pop(id(landed.batch))
        if not is_first:
            # The one before it is still under way; its place must not be passed.
            self._under_way = dict.fromkeys(self._under_way, reached)
        elif reached and self._resumable is not None and self.is_apart(landed.batch):
            SyncCursor.objects.filter(pk=self._resumable.pk).update(position=reached)

    def land(self, batch: Batch) -> Landed:
        """Writes one chunk. Raises RunCancelled, with nothing of the chunk written, when a person asked to stop."""
        job, resource = replace(self._job, tally=Tally()), self._resource
        with chunk(job.source.id) as cursor:
            staged = stage_fresh(
                cursor, source=job.source, resource=resource, prepared=batch.prepared, normalise=self._normalise
            )
            changed = staged.new + staged.changed
            job.tally.new = staged.new
            if changed and self._apply:
                work_chunk(cursor, job, resource, fresh=True, only_new=staged.changed == 0)
            elif changed:
                if resource == Resource.PROPERTY:
                    # The mapping page lists what was found even when nothing is applied yet.
                    work_chunk(cursor, job, resource, fresh=True)
                else:
                    land.leave_pending(cursor)
                    land.write_mirror(cursor, source=job.source, run_id=job.run_id)
            job.tally.add(resource.value, "seen", batch.seen)
            job.tally.add(resource.value, "unchanged", batch.seen - changed)
            if batch.position and self._resumable is not None and not self.is_apart(batch):
                SyncCursor.objects.filter(pk=self._resumable.pk).update(position=batch.position)
            _progress(cursor, job, resource, batch)
        return Landed(batch, staged, job.tally)


def _finish_sweep(job: Job, resource: Resource, known: Known, *, seen: int, force: bool) -> None:
    unseen = known.unseen()
    if not unseen:
        return
    with connection.cursor() as cursor:
        there, missing = land.count_missing(cursor, source=job.source, resource=resource, unseen=unseen)
        if not missing:
            return
        if not force:
            check_sweep(label=job.spec.label, resource=resource.value, known=there, seen=seen, missing=missing)
    with chunk(job.source.id) as cursor:
        cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_seqscan = on")
        marked = land.mark_missing(cursor, source=job.source, resource=resource, run_id=job.run_id, unseen=unseen)
    job.tally.add(resource.value, "missing", marked)


# Added up in the row itself, because two chunks may be under way at once.
_PROGRESS = """
UPDATE integrations_syncrun SET done = done + %(seen)s, expected = coalesce(%(expected)s, expected),
  heartbeat_at = now(), updated_at = now(), transactions_created = transactions_created + %(created)s,
  counts = counts || jsonb_build_object(%(resource)s::text, (
    SELECT coalesce(jsonb_object_agg(name, number), '{}') FROM (
      SELECT name, sum(number::bigint) AS number FROM (
        SELECT * FROM jsonb_each_text(coalesce(counts -> %(resource)s, '{}'))
        UNION ALL SELECT * FROM jsonb_each_text(%(counts)s::jsonb)
      ) AS parts(name, number) GROUP BY name
    ) AS sums)),
  totals = jsonb_build_object(
    'income', (coalesce(totals ->> 'income', '0')::numeric + %(income)s)::text,
    'expense', (coalesce(totals ->> 'expense', '0')::numeric + %(expense)s)::text)
WHERE id = %(run)s RETURNING cancel_requested
"""


def _announce(job: Job, resource: Resource) -> None:
    SyncRun.objects.filter(pk=job.run_id).update(
        stage=resource.value, heartbeat_at=timezone.now(), expected=None, done=0
    )


def _progress(cursor: Any, job: Job, resource: Resource, batch: Batch) -> None:
    """Moves the run on in the chunk's own transaction. Raises RunCancelled when a person asked to stop."""
    cursor.execute(
        _PROGRESS,
        {
            "seen": batch.seen,
            "expected": batch.expected,
            "created": job.tally.created,
            "resource": resource.value,
            "counts": orjson.dumps(job.tally.resources[resource.value]).decode(),
            "income": job.tally.income,
            "expense": job.tally.expense,
            "run": job.run_id,
        },
    )
    row = cursor.fetchone()
    if row and row[0]:
        raise RunCancelled("The sync was cancelled. What it had finished is kept.")
