from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from access.models import Organisation
from accounting.models import Transaction
from integrations.models import Connection, InboxEvent, ProviderRecord, SyncChange, SyncRun, WebhookEndpoint

# Names of events offered by the filter.
MOST_TOPICS = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event led to: the runs that worked it, the remote records it named, and what those runs did there."""

    runs: list[SyncRun]
    records: list[ProviderRecord]
    changes: list[SyncChange]
    transactions: list[Transaction]


def events_of(
    connection: Connection,
    *,
    state: str = "",
    topic: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    ids: Iterable[UUID] | None = None,
) -> QuerySet[InboxEvent]:
    """A connection's events, for keyset pages by descending id. `topic` is the vendor's name of an event or ours."""
    events = InboxEvent.objects.filter(connection=connection).defer("body", "headers")
    if ids is not None:
        events = events.filter(id__in=list(ids))
    if state in InboxEvent.State.values:
        events = events.filter(state=state)
    if topic:
        events = events.filter(topic=topic) | events.filter(name=topic)
    if since is not None:
        events = events.filter(received_at__gte=since)
    if until is not None:
        events = events.filter(received_at__lte=until)
    return events


def open_counts(connection: Connection) -> dict[str, int]:
    """How many events wait, are worked and need a person; answered from the small index of what is open."""
    return dict(
        InboxEvent.objects.filter(connection=connection, state__in=["queued", "working", "person"])
        .order_by()
        .values_list("state")
        .annotate(number=Count("id"))
    )


def find_event(*, organisation: Organisation, event_id: UUID) -> InboxEvent | None:
    return (
        InboxEvent.objects.filter(organisation=organisation, id=event_id)
        .select_related("connection", "replayed_by")
        .first()
    )


def endpoint_of(connection: Connection) -> WebhookEndpoint | None:
    """Where the vendor delivers; None until somebody opened it."""
    return WebhookEndpoint.objects.filter(connection=connection).select_related("connection").first()


def last_received(connection: Connection) -> datetime | None:
    found = InboxEvent.objects.filter(connection=connection, source=InboxEvent.Source.WEBHOOK)
    newest: datetime | None = found.aggregate(at=Max("received_at"))["at"]
    return newest


def effect_of(event: InboxEvent, *, limit: int = 50) -> Effect:
    """A constant number of queries."""
    runs = list(SyncRun.objects.filter(connection_id=event.connection_id, id__in=event.runs).order_by("-id"))
    records = list(
        ProviderRecord.objects.filter(connection_id=event.connection_id, id__in=event.records).defer("payload")
    )
    ids, targets = [row.id for row in records], [row.target_id for row in records if row.target_id]
    changes = list(
        SyncChange.objects.filter(run_id__in=event.runs, record_id__in=ids).order_by("-id")[:limit] if ids else []
    )
    made = list(
        Transaction.objects.filter(
            organisation_id=event.organisation_id, sync_run_id__in=event.runs, id__in=targets
        ).select_related("property", "category")[:limit]
        if targets
        else []
    )
    return Effect(runs, records, changes, made)
