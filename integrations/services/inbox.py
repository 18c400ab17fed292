"""Endpoints of connections, and what beat, workers and people ask of the inbox."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from access.models import User
from core.errors import DomainError
from integrations import registry
from integrations.inbox import hints
from integrations.inbox.shelf import clear_if_empty
from integrations.inbox.work import due
from integrations.models import Connection, InboxEvent, SyncRun, WebhookEndpoint
from integrations.specs import EventRule, WebhookSpec

# How long the old address stays open after a rotation.
OVERLAP = timedelta(days=1)
SHORTEST_SECRET = 8
# Events that one replay may queue: more than this is a full sync's work.
MOST_REPLAYED = 10_000

State = InboxEvent.State


def _webhooks_of(connection: Connection) -> WebhookSpec:
    spec = registry.get(connection.provider)
    if spec.webhooks is None:
        raise DomainError("no_webhooks", f"{spec.label} sends no events; changes are found by syncing.")
    return spec.webhooks


@transaction.atomic
def open_endpoint(*, connection: Connection, user: User) -> WebhookEndpoint:
    """The connection's address for events; made at the first call. Raises DomainError `no_webhooks`."""
    _webhooks_of(connection)
    endpoint, _ = WebhookEndpoint.objects.get_or_create(
        connection=connection,
        defaults={"organisation_id": connection.organisation_id, "token": secrets.token_urlsafe(32)},
    )
    return endpoint


@transaction.atomic
def rotate_token(*, endpoint: WebhookEndpoint, user: User, keep_old: bool = True) -> WebhookEndpoint:
    """A new address. The old one is open for a day more, so that nothing is lost, unless `keep_old` is off."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    locked.previous_token = locked.token if keep_old else None
    locked.previous_until = timezone.now() + OVERLAP if keep_old else None
    locked.token = secrets.token_urlsafe(32)
    locked.save(update_fields=["token", "previous_token", "previous_until", "updated_at"])
    return locked


@transaction.atomic
def set_secret(*, endpoint: WebhookEndpoint, user: User, secret: str) -> WebhookEndpoint:
    """Keeps the vendor's signing secret, encrypted. Raises DomainError `no_secret` or `bad_secret`."""
    if not _webhooks_of(endpoint.connection).needs_secret:
        raise DomainError("no_secret", "This provider signs with its own keys; there is no secret to keep.")
    text = secret.strip()
    if len(text) < SHORTEST_SECRET:
        raise DomainError("bad_secret", "That is too short for a signing secret. Copy the whole of it.")
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    locked.secret = text
    locked.save(update_fields=["secret", "updated_at"])
    return locked


@transaction.atomic
def queue_run(*, connection_id: UUID) -> SyncRun | None:
    """The run that works what is due: one that is queued already, or a new one; None when there is nothing to do."""
    connection = (
        Connection.objects.select_for_update(of=("self",))
        .filter(pk=connection_id, status=Connection.Status.ACTIVE)
        .first()
    )
    if connection is None:
        return None
    open_runs = connection.runs.filter(
        sync_type=SyncRun.Type.EVENTS, status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]
    )
    by_status = {run.status: run for run in open_runs}
    if SyncRun.Status.QUEUED in by_status:
        return by_status[SyncRun.Status.QUEUED]
    waiting = due(connection)
    if SyncRun.Status.RUNNING in by_status:
        # What is being worked is that run's; only what it will not take is left for another.
        waiting = waiting.filter(state=State.QUEUED)
    if not waiting.exists():
        return None
    return SyncRun.objects.create(
        organisation_id=connection.organisation_id,
        connection=connection,
        sync_type=SyncRun.Type.EVENTS,
        trigger="event",
    )


def next_due(*, connection_id: UUID) -> datetime | None:
    """When the next event of the connection is to be tried again."""
    return (
        InboxEvent.objects.filter(connection_id=connection_id, state=State.QUEUED, due_at__gt=timezone.now())
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )


def sweep(*, now: datetime) -> list[UUID]:
    """Connections with events nobody may be looking at: stored but never queued, due again, or left by the dead."""
    return list(
        InboxEvent.objects.filter(
            Q(state=State.QUEUED, due_at__lte=now) | Q(state=State.WORKING),
            connection__status=Connection.Status.ACTIVE,
        )
        .order_by("connection_id")
        .values_list("connection_id", flat=True)
        .distinct()
    )


@dataclass(slots=True)
class ReplayPlan:
    """What a replay does, or would do. `fetches` counts records by resource, `reads` names resources read by change."""

    events: int = 0
    fetches: dict[str, int] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)


def replay_events(
    *, connection: Connection, user: User | None, events: QuerySet[InboxEvent], dry_run: bool = False
) -> ReplayPlan:
    """Works events again, as if they had just come: their records are fetched anew and handed to the engine.

    An event that was unknown and is known by now is taken as what it is now. With `dry_run` nothing is changed.
    Raises DomainError `not_connected` or `too_many`.
    """
    if connection.status != Connection.Status.ACTIVE:
        raise DomainError("not_connected", "Sign in at the provider again first; the events are kept.")
    # The scope is this function's own, whatever the caller chose from.
    chosen = list(events.filter(connection=connection).defer("body", "headers").order_by("id")[: MOST_REPLAYED + 1])
    if len(chosen) > MOST_REPLAYED:
        raise DomainError("too_many", f"Choose at most {MOST_REPLAYED:,} events; a full sync does more than that.")
    webhooks = registry.get(connection.provider).webhooks
    plan, ready = ReplayPlan(), []
    ids: dict[str, set[str]] = defaultdict(set)
    for event in chosen:
        why = _refresh(event, webhooks.events.get(event.topic) if webhooks else None)
        if why:
            plan.skipped[why] = plan.skipped.get(why, 0) + 1
            continue
        ready.append(event)
        if event.fetch_ids:
            ids[event.resource].update(event.fetch_ids)
        elif event.resource not in plan.reads:
            plan.reads.append(event.resource)
    plan.events, plan.fetches = len(ready), {name: len(found) for name, found in ids.items()}
    if not dry_run and ready:
        _queue_again(connection, user, ready)
    return plan


def _refresh(event: InboxEvent, rule: EventRule | None) -> str:
    """Takes the event by today's table; answers why it cannot be replayed, blank when it can."""
    if event.state in (State.QUEUED, State.WORKING):
        return "is to be worked anyway"
    if rule is not None and rule.resource is not None:
        event.name, event.resource = rule.name, rule.resource.value
        if not rule.by_id:
            event.fetch_ids = []
        elif not event.fetch_ids and event.resource_ref:
            event.fetch_ids = [event.resource_ref]
    return "" if event.resource else "points at nothing that we keep"


@transaction.atomic
def _queue_again(connection: Connection, user: User | None, events: Sequence[InboxEvent]) -> None:
    now = timezone.now()
    for event in events:
        event.state, event.due_at, event.attempts, event.cause = State.QUEUED, now, 0, ""
        event.replayed_by = user
        event.replays += 1
    fields = ["state", "due_at", "attempts", "cause", "name", "resource", "fetch_ids", "replayed_by", "replays"]
    InboxEvent.objects.bulk_update(events, fields, batch_size=500)
    clear_if_empty(connection)
    transaction.on_commit(lambda: hints.ring(connection.pk))


@transaction.atomic
def dismiss_events(*, connection: Connection, user: User, ids: Iterable[UUID]) -> int:
    """Takes events off the shelf without working them."""
    number = InboxEvent.objects.filter(connection=connection, id__in=list(ids), state=State.PERSON).update(
        state=State.IGNORED, cause=f"Dismissed by {user}."[:300]
    )
    clear_if_empty(connection)
    return number
