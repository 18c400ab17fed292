"""Works a connection's events: fetch again what they point at, hand it to the engine, say what came of it.

Runs inside a sync run of its own, with the connection's lock in hand, so that history, undo and provenance are those of
any sync. A worker that dies leaves its events as "being worked": whoever gets the lock next works them again, and what
was written already is found unchanged.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import registry
from integrations.adapters import open_adapter
from integrations.contracts import PropertyManagerProvider, RecordSource
from integrations.errors import IntegrationError, ProviderDown, RateLimited, ReauthRequired, RunCancelled
from integrations.inbox.shelf import tell_people
from integrations.models import Connection, InboxEvent, ProviderRecord, SyncRun
from integrations.records import Resource
from integrations.sync import replay
from integrations.sync.apply import Job, work_chunk
from integrations.sync.land import MISSING
from integrations.sync.read import read_resource
from integrations.sync.stage import prepare
from integrations.sync.waiting import Waiting
from integrations.sync.work import chunk, stage_fresh
from tenancies.services.imports import roll_statuses

logger = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_WAIT = timedelta(seconds=2)
# Where a vendor asks for patience without saying how much.
LIMITED_WAIT = timedelta(seconds=60)
SHORTEST_WAIT = timedelta(seconds=1)
# So many events a run; what is left over is the next run's.
MOST_EVENTS = 500
# Ids of one fetch: an address with more of them would be too long for the vendors.
MOST_IDS = 50

State = InboxEvent.State


@dataclass(slots=True)
class Errand:
    """One thing to fetch: records by their ids, or, without ids, what changed of a resource."""

    resource: Resource
    ids: list[str]
    events: list[InboxEvent]


def due(source: Connection) -> QuerySet[InboxEvent]:
    """Events to be worked now. Whoever holds the connection's lock may also take those that a dead worker left.

    Where the vendor promises order, an event that waits to be tried again lets none that came later pass.
    """
    now = timezone.now()
    mine = InboxEvent.objects.filter(connection=source)
    found = mine.filter(Q(state=State.QUEUED, due_at__lte=now) | Q(state=State.WORKING))
    webhooks = registry.get(source.provider).webhooks
    if webhooks is not None and webhooks.ordered:
        waiting = mine.filter(state=State.QUEUED, due_at__gt=now)
        first = waiting.order_by("id").values_list("id", flat=True).first()
        found = found.filter(id__lt=first) if first else found
    return found


_CLAIM = """
UPDATE integrations_inboxevent SET state = 'working', attempts = attempts + 1, runs = runs || to_jsonb(%s::text)
WHERE id = ANY(%s) AND state IN ('queued', 'working') RETURNING id
"""


def claim(source: Connection, run: SyncRun) -> list[InboxEvent]:
    """Takes what is due, oldest first, and counts the attempt before anything can go wrong."""
    ids = list(due(source).order_by("id").values_list("id", flat=True)[:MOST_EVENTS])
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [str(run.pk), ids])
        taken = [row[0] for row in cursor.fetchall()]
    events = list(InboxEvent.objects.filter(id__in=taken).defer("body", "headers").order_by("id"))
    worn = [event for event in events if event.attempts > ATTEMPTS]
    if worn:
        _shelve(source, worn, "The worker stopped each time while it worked this event.")
    return [event for event in events if event.attempts <= ATTEMPTS]


def carry_out(job: Job, run: SyncRun) -> IntegrationError | None:
    """Works what is due. Answers the last error when nothing at all succeeded.

    Raises ReauthRequired or RunCancelled with every event put back as it was.
    """
    events = claim(job.source, run)
    if not events:
        return None
    waiting = Waiting(run.id)
    left = {event.id: event for event in events}
    succeeded, last = 0, None
    try:
        with open_adapter(job.source, sleep=waiting.wait, on_wait=waiting.announce) as adapter:
            for errand in errands(events, by_id=isinstance(adapter, RecordSource)):
                error = _attempt(job, run, adapter, errand)
                for event in errand.events:
                    left.pop(event.id, None)
                succeeded += error is None
                last = error or last
                if isinstance(error, RateLimited | ProviderDown):
                    # The others would only be told the same.
                    _put_back(left.values(), wait=_patience(error))
                    break
    except ReauthRequired:
        _put_back(left.values())
        raise
    except RunCancelled:
        _put_back(left.values(), wait=LIMITED_WAIT)
        raise
    except IntegrationError as error:
        # The adapter itself could not be opened.
        _failed(job.source, list(left.values()), error)
        return error
    _after(job, events)
    return last if not succeeded else None


def errands(events: Sequence[InboxEvent], *, by_id: bool) -> Iterator[Errand]:
    """What has to be fetched, each record once however many events point at it, in the order a sync reads.

    Events that failed before go alone, so that one bad record holds up none of the others.
    """
    for resource in Resource:
        mine = [event for event in events if event.resource == resource.value]
        listed = [event for event in mine if not (by_id and event.fetch_ids)]
        if listed:
            yield Errand(resource, [], listed)
        alone: dict[tuple[str, ...], list[InboxEvent]] = defaultdict(list)
        together: dict[tuple[str, ...], list[InboxEvent]] = defaultdict(list)
        for event in mine:
            if by_id and event.fetch_ids:
                (alone if event.attempts > 1 else together)[tuple(event.fetch_ids)].append(event)
        held = Errand(resource, [], [])
        for ids, ringing in together.items():
            new = [item for item in ids if item not in held.ids]
            if held.ids and len(held.ids) + len(new) > MOST_IDS:
                yield held
                held, new = Errand(resource, [], []), list(ids)
            held.ids += new
            held.events += ringing
        if held.events:
            yield held
        for ids, ringing in alone.items():
            yield Errand(resource, list(ids), ringing)


def _attempt(job: Job, run: SyncRun, adapter: PropertyManagerProvider, errand: Errand) -> IntegrationError | None:
    try:
        if errand.ids and isinstance(adapter, RecordSource):
            _fetch(job, adapter, errand)
        else:
            read_resource(job, adapter, errand.resource, full=False, force=False, apply=True)
    except (ReauthRequired, RunCancelled):
        raise
    except IntegrationError as error:
        _failed(job.source, errand.events, error)
        return error
    except Exception as error:
        logger.exception("events of connection %s failed", job.source.id)
        ours = IntegrationError("Something went wrong on our side.", detail=f"{type(error).__name__}: {error}")
        _failed(job.source, errand.events, ours)
        return ours
    _done(job.source, run, errand)
    return None


def _fetch(job: Job, adapter: PropertyManagerProvider, errand: Errand) -> None:
    """Fetches the records and works each page as a sync does; an id that no page has is gone at the provider."""
    if not isinstance(adapter, RecordSource):
        raise TypeError("only a RecordSource fetches by id")
    seen: set[str] = set()
    for page in adapter.fetch(errand.resource, errand.ids):
        prepared = prepare(page.rows, version=job.spec.mapping_version)
        seen.update(prepared.ids)
        if not prepared.ids:
            continue
        with chunk(job.source.id) as cursor:
            staged = stage_fresh(
                cursor, source=job.source, resource=errand.resource, prepared=prepared, normalise=adapter.normalise
            )
            changed = staged.new + staged.changed
            if changed:
                work_chunk(cursor, job, errand.resource, fresh=True, only_new=staged.changed == 0)
            job.tally.new += staged.new
            job.tally.add(errand.resource.value, "seen", len(set(prepared.ids)))
            job.tally.add(errand.resource.value, "unchanged", len(set(prepared.ids)) - changed)
    gone = [item for item in errand.ids if item not in seen]
    if gone:
        job.tally.add(errand.resource.value, "missing", _mark_gone(job, errand.resource, gone))


_GONE = """
UPDATE integrations_providerrecord SET missing_since = now(), last_run_id = %(run)s,
  verdict = CASE WHEN verdict IN ('pending', 'dismissed', 'rejected', 'conflict') THEN verdict ELSE 'missing' END,
  reason = CASE WHEN verdict IN ('pending', 'dismissed', 'rejected', 'conflict') THEN reason ELSE %(reason)s END
WHERE connection_id = %(connection)s AND resource = %(resource)s AND provider_id = ANY(%(ids)s)
  AND missing_since IS NULL
"""


def _mark_gone(job: Job, resource: Resource, ids: list[str]) -> int:
    """As at the end of a sweep: a flag, and what it became stays in the books."""
    with chunk(job.source.id) as cursor:
        values = {"run": job.run_id, "reason": MISSING, "connection": job.source.id, "resource": resource.value}
        cursor.execute(_GONE, {**values, "ids": ids})
        return int(cursor.rowcount)


def _after(job: Job, events: Sequence[InboxEvent]) -> None:
    """Works what had waited for these records, and moves leases on that the day has reached."""
    refs = [str(item) for event in events for item in event.fetch_ids]
    if refs:
        waited = replay.waiting(job.source).filter(Q(property_ref__in=refs) | Q(related_ref__in=refs))
        replay.replay(job, waited)
    if any(event.resource == Resource.TENANCY.value for event in events):
        roll_statuses(organisation=job.source.organisation, today=job.today)


def _done(source: Connection, run: SyncRun, errand: Errand) -> None:
    ids = {item for event in errand.events for item in event.fetch_ids} or set()
    records = {
        row.provider_id: row
        for row in ProviderRecord.objects.filter(
            connection=source, resource=errand.resource.value, provider_id__in=ids
        ).only("id", "provider_id", "last_run_id", "missing_since")
    }
    now = timezone.now()
    for event in errand.events:
        mine = [records[item] for item in event.fetch_ids if item in records]
        ours = {str(run_id) for run_id in [*event.runs, run.pk]}
        event.state, event.worked_at, event.due_at, event.cause = State.DONE, now, None, ""
        event.records = [str(row.id) for row in mine]
        if not errand.ids:
            event.outcome = "What had changed was read."
        elif not mine:
            event.outcome = "The provider has no such record any more."
        elif any(row.missing_since for row in mine):
            event.outcome = "The provider no longer lists it; what it became is kept."
        elif any(str(row.last_run_id) in ours for row in mine):
            event.outcome = "Fetched again: it had changed."
        else:
            event.outcome = "Fetched again: nothing had changed."
    InboxEvent.objects.bulk_update(errand.events, ["state", "worked_at", "due_at", "cause", "records", "outcome"])


def _failed(source: Connection, events: Sequence[InboxEvent], error: IntegrationError) -> None:
    """Tries again after 2 s and 4 s, then leaves the event to a person.

    Being asked to slow down is no failure, and neither is a provider that nothing is asked of for a while.
    """
    if isinstance(error, RateLimited | ProviderDown):
        _put_back(events, wait=_patience(error))
        return
    now = timezone.now()
    again = [event for event in events if event.attempts < ATTEMPTS]
    for event in again:
        event.state, event.cause = State.QUEUED, _cause(error)
        event.due_at = now + FIRST_WAIT * 2 ** (event.attempts - 1)
    InboxEvent.objects.bulk_update(again, ["state", "cause", "due_at"])
    _shelve(source, [event for event in events if event.attempts >= ATTEMPTS], _cause(error))


def _cause(error: IntegrationError) -> str:
    """The error's sentence without the promise of another try, which is the events' own matter."""
    return error.safe_message.removesuffix(" The sync is tried again by itself.")[:300]


def _patience(error: RateLimited | ProviderDown) -> timedelta:
    if isinstance(error, ProviderDown):
        return max(SHORTEST_WAIT, timedelta(seconds=error.retry_at - timezone.now().timestamp()))
    return LIMITED_WAIT if error.retry_after is None else max(SHORTEST_WAIT, timedelta(seconds=error.retry_after))


def _put_back(events: Iterable[InboxEvent], *, wait: timedelta = timedelta(0)) -> None:
    """As if they had not been tried."""
    some = list(events)
    for event in some:
        event.state, event.attempts, event.due_at = State.QUEUED, max(0, event.attempts - 1), timezone.now() + wait
    InboxEvent.objects.bulk_update(some, ["state", "attempts", "due_at"])


@transaction.atomic
def _shelve(source: Connection, events: Sequence[InboxEvent], cause: str) -> None:
    if not events:
        return
    ids: list[UUID] = [event.id for event in events]
    InboxEvent.objects.filter(id__in=ids).update(
        state=State.PERSON, due_at=None, cause=cause[:300], worked_at=timezone.now()
    )
    tell_people(source, number=len(events), cause=cause)
