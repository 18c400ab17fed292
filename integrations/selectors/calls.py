"""How a connection's calls went over the last day: what its health page draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from access.models import AuditEntry
from integrations import breaker, registry
from integrations.adapters import limit_scope
from integrations.breaker import Standing, State
from integrations.callcount import BOUNDS, PART_SECONDS
from integrations.models import CallPart, Connection, PropertyMapping
from integrations.ratelimit import Limiter, Use
from integrations.shared import shared

HOURS = 24
# What people read for each class of error (errors.py).
ERROR_WORDS = {
    "transient": "No proper answer",
    "rate_limited": "Asked to slow down",
    "provider_paused": "Closed for maintenance",
    "reauth_required": "Access not accepted",
    "misconfigured": "Address or set-up wrong",
    "remote_gone": "Record not there",
    "contract_changed": "Answer of an unknown shape",
    "request_refused": "Request refused",
    "integration_error": "Broken off by us",
}


@dataclass(slots=True)
class Hour:
    """The sums of one hour."""

    begins_at: datetime
    calls: int = 0
    failed: int = 0
    waited: Decimal = Decimal(0)
    top_use: Decimal = Decimal(0)
    latency: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


@dataclass(frozen=True, slots=True)
class Day:
    """The last 24 hours of a connection: hour by hour, oldest first, and in all."""

    hours: list[Hour]
    calls: int
    failed: int
    refused: int
    waited: Decimal
    top_use: Decimal
    errors: list[tuple[str, int]]
    median_ms: int | None
    slow_ms: int | None

    @property
    def is_empty(self) -> bool:
        return not self.calls and not self.refused

    @property
    def failed_share(self) -> Decimal | None:
        return Decimal(self.failed) / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Circuit:
    """A breaker as the page shows it: the connection's own, or one property's."""

    name: str
    standing: Standing

    @property
    def is_property(self) -> bool:
        return ":" in self.standing.scope

    @property
    def tone(self) -> str:
        return {State.CLOSED: "good" if not self.standing.failures else "warn", State.OPEN: "bad"}.get(
            self.standing.state, "info"
        )

    @property
    def word(self) -> str:
        if self.standing.state == State.OPEN:
            return "Set aside" if self.is_property else "Stopped"
        if self.standing.state == State.HALF_OPEN:
            return "Trying again"
        return "Failing" if self.standing.failures else "Calls go through"


def day_of(connection: Connection, *, now: datetime | None = None) -> Day:
    """The last 24 hours, in one query."""
    now = now or timezone.now()
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    hours = {first + timedelta(hours=number): Hour(first + timedelta(hours=number)) for number in range(HOURS)}
    errors: Counter[str] = Counter()
    refused = 0
    for part in CallPart.objects.filter(connection=connection, begins_at__gte=first, begins_at__lte=now):
        hour = hours[part.begins_at.replace(minute=0, second=0, microsecond=0)]
        hour.calls += part.calls
        hour.failed += part.failed
        hour.waited += Decimal(part.wait_ms) / 1000
        hour.top_use = max(hour.top_use, Decimal(part.top_use) / 1000)
        hour.latency = [a + b for a, b in zip(hour.latency, part.latency, strict=True)]
        errors.update(part.errors)
        refused += part.refused
    rows = list(hours.values())
    latency = [sum(column) for column in zip(*(row.latency for row in rows), strict=True)]
    return Day(
        hours=rows,
        calls=sum(row.calls for row in rows),
        failed=sum(row.failed for row in rows),
        refused=refused,
        waited=sum((row.waited for row in rows), Decimal(0)),
        top_use=max(row.top_use for row in rows),
        errors=[(ERROR_WORDS.get(code, code), number) for code, number in errors.most_common()],
        median_ms=percentile(latency, 0.5),
        slow_ms=percentile(latency, 0.95),
    )


def percentile(latency: list[int], share: float) -> int | None:
    """Milliseconds within which this share of the calls ended, to the histogram's bounds; None without calls.

    Calls slower than the last bound are given as that bound.
    """
    total = sum(latency)
    if not total:
        return None
    reached = 0
    for place, number in enumerate(latency):
        reached += number
        if reached >= share * total:
            return BOUNDS[min(place, len(BOUNDS) - 1)]
    return BOUNDS[-1]


def calls_of_day(connection_ids: Iterable[UUID], *, now: datetime | None = None) -> dict[UUID, tuple[int, int]]:
    """(calls, failed) of each connection over the last 24 hours, in one query."""
    since = (now or timezone.now()) - timedelta(hours=HOURS, seconds=PART_SECONDS)
    rows = (
        CallPart.objects.filter(connection_id__in=list(connection_ids), begins_at__gte=since)
        .values("connection_id")
        .annotate(made=Sum("calls"), bad=Sum("failed"))
    )
    return {row["connection_id"]: (row["made"], row["bad"]) for row in rows}


def circuits_of(connection: Connection) -> list[Circuit] | None:
    """The connection's own breaker, then the properties that are set aside or failing; None while Redis is away."""
    found = breaker.standings(shared(), [connection.pk])
    if found is None:
        return None
    rows = found[str(connection.pk)]
    refs = [row.scope.partition(":")[2] for row in rows if ":" in row.scope]
    names: dict[str, str] = dict(
        PropertyMapping.objects.filter(connection=connection, provider_property_id__in=refs).values_list(
            "provider_property_id", "provider_property_address"
        )
    )
    own = next((row for row in rows if ":" not in row.scope), Standing(str(connection.pk), State.CLOSED))
    label = registry.get(connection.provider).label
    circuits = [Circuit(f"All of {label}", own)]
    for row in rows:
        ref = row.scope.partition(":")[2]
        if ref:
            circuits.append(Circuit(names.get(ref) or ref, row))
    return circuits


def limits_of(connection: Connection) -> list[Use] | None:
    """How much of each of the vendor's limits is taken now; None while Redis is away."""
    return Limiter(shared(), limit_scope(connection), registry.get(connection.provider).rate_limits).use()


def stops_of(connection: Connection) -> list[AuditEntry]:
    """The latest openings and closings of the connection's breakers, newest first."""
    return list(
        AuditEntry.objects.filter(
            organisation_id=connection.organisation_id,
            subject_type="connection",
            subject_id=str(connection.pk),
            action__startswith="breaker.",
        ).order_by("-at", "-id")[:10]
    )
