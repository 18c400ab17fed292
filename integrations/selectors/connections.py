from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from access.models import Organisation, User
from integrations import breaker, registry
from integrations.breaker import Standing, State
from integrations.models import Conflict, Connection, OAuthState, PropertyMapping, ProviderRecord, SyncRun, Verdict
from integrations.selectors.health import Health, health_of
from integrations.services.states import hashed
from integrations.shared import shared
from integrations.specs import Auth, ProviderSpec

# Counting a million mirror rows costs a page its budget; above this size the count may be a minute old.
EXACT_UP_TO = 20_000
COUNT_AGE = 60


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection as lists and page heads show it."""

    connection: Connection
    spec: ProviderSpec
    health: Health
    latest: SyncRun | None
    mapped: int
    unmapped: int
    ignored: int
    conflicts: int
    breaker: Standing | None = None
    set_aside: int = 0

    @property
    def found(self) -> int:
        """Properties at the provider that somebody has to look at: all but the ignored ones."""
        return self.mapped + self.unmapped


@dataclass(frozen=True, slots=True)
class HealthStrip:
    """The one line above the list of connections."""

    connected: int
    attention: int
    syncing: int
    last_sync_at: datetime | None


def connections_of(organisation: Organisation) -> QuerySet[Connection]:
    return Connection.objects.filter(organisation=organisation).select_related("connected_by")


def find_connection(*, organisation: Organisation, slug: str, chosen: str = "") -> Connection | None:
    """The connection a provider's pages are about: the chosen one, else the newest that is not disconnected.

    `chosen` is the id in the address; one that is not this organisation's gives None.
    """
    rows = list(connections_of(organisation).filter(provider=slug).order_by("-id"))
    if chosen:
        return next((row for row in rows if str(row.id) == chosen), None)
    live = [row for row in rows if row.status != Connection.Status.DISCONNECTED]
    return next(iter(live or rows), None)


def find_tried(*, organisation: Organisation, user: User, session_key: str, chosen: str) -> OAuthState | None:
    """The keys that this person tried in this session and that wait to be connected, if they still do."""
    try:
        state_id = UUID(chosen)
    except ValueError:
        return None
    return (
        OAuthState.objects.filter(
            id=state_id,
            organisation=organisation,
            user=user,
            session_hash=hashed(session_key),
            expires_at__gt=timezone.now(),
        )
        .exclude(pending_tokens=None)
        .exclude(pending_account=None)
        .first()
    )


def siblings_of(connection: Connection) -> list[Connection]:
    """Other connections of the organisation at the same provider, newest first."""
    return list(
        Connection.objects.filter(organisation_id=connection.organisation_id, provider=connection.provider)
        .exclude(id=connection.id)
        .exclude(status=Connection.Status.DISCONNECTED)
        .order_by("-id")
    )


def describe(connections: Iterable[Connection]) -> list[ConnectionRow]:
    """Rows for connections, problem rows first. Three queries and two looks into Redis, however many there are."""
    found = [item for item in connections if item.provider in registry.PROVIDERS]
    ids = [item.id for item in found]
    now = timezone.now()
    state = PropertyMapping.State
    mappings: dict[UUID, dict[str, Any]] = {
        row["connection_id"]: dict(row)
        for row in PropertyMapping.objects.filter(connection_id__in=ids)
        .values("connection_id")
        .annotate(
            mapped=Count("id", filter=Q(state=state.MAPPED)),
            unmapped=Count("id", filter=Q(state=state.UNMAPPED)),
            ignored=Count("id", filter=Q(state=state.IGNORED)),
        )
    }
    latest = {
        run.connection_id: run
        # Runs of events come at any moment and would hide what the last sync ended in.
        for run in SyncRun.objects.filter(connection_id__in=ids)
        .exclude(sync_type=SyncRun.Type.EVENTS)
        .order_by("connection_id", "-id")
        .distinct("connection_id")
    }
    conflicts: dict[UUID, int] = dict(
        Conflict.objects.filter(connection_id__in=ids, state=Conflict.State.OPEN)
        .values_list("connection_id")
        .annotate(number=Count("id"))
    )
    standings = breaker.standings(shared(), ids) or {}
    rows = []
    for item in found:
        known = standings.get(str(item.id), [])
        own = next((standing for standing in known if ":" not in standing.scope), None)
        counts = mappings.get(item.id, {})
        spec = registry.get(item.provider)
        health = health_of(
            item,
            label=spec.label,
            latest=latest.get(item.id),
            mapped=counts.get("mapped", 0),
            conflicts=conflicts.get(item.id, 0),
            now=now,
            breaker=own,
            by_keys=spec.auth == Auth.KEYS,
        )
        rows.append(
            ConnectionRow(
                connection=item,
                spec=spec,
                health=health,
                latest=latest.get(item.id),
                mapped=counts.get("mapped", 0),
                unmapped=counts.get("unmapped", 0),
                ignored=counts.get("ignored", 0),
                conflicts=conflicts.get(item.id, 0),
                breaker=own,
                set_aside=sum(":" in standing.scope and standing.state != State.CLOSED for standing in known),
            )
        )
    return sorted(rows, key=lambda row: (row.health.rank, row.spec.label.lower()))


def strip_of(rows: list[ConnectionRow]) -> HealthStrip:
    live = [row for row in rows if row.connection.status != Connection.Status.DISCONNECTED]
    return HealthStrip(
        connected=sum(row.connection.status == Connection.Status.ACTIVE for row in live),
        attention=sum(row.health.needs_attention for row in live),
        syncing=sum(row.health.is_working for row in live),
        last_sync_at=max((row.connection.last_sync_at for row in live if row.connection.last_sync_at), default=None),
    )


def verdict_counts(connection: Connection) -> dict[str, int]:
    """Remote records by verdict. Exact for up to 20,000 records, else at most a minute old."""
    key = f"integrations:verdicts:{connection.id}"
    kept: dict[str, int] | None = cache.get(key)
    if kept is not None:
        return kept
    records = ProviderRecord.objects.filter(connection=connection)
    # Two counts that are answered from indexes alone, instead of one GROUP BY that reads every row.
    counts: dict[str, int] = dict(
        records.exclude(verdict=Verdict.IMPORTED).order_by().values_list("verdict").annotate(number=Count("id"))
    )
    total = records.count()
    counts[Verdict.IMPORTED.value] = total - sum(counts.values())
    if total > EXACT_UP_TO:
        cache.set(key, counts, COUNT_AGE)
    return counts
