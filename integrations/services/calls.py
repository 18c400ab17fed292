"""Writes down what calls left in Redis: their counts, and the openings and closings of breakers as audit entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from access.services import record_audit
from integrations import registry
from integrations.breaker import EVENTS
from integrations.callcount import BOUNDS, PART_SECONDS, forget, parts
from integrations.models import CallPart, Connection, PropertyMapping
from integrations.shared import Shared, shared

KEPT = timedelta(days=8)
# One number for "somebody is writing calls down": advisory locks share one space of integers per database.
_LOCK = 7_204_031
_FIELDS = ["calls", "failed", "refused", "waits", "wait_ms", "top_use", "errors", "latency"]
MOST_EVENTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Written:
    """How many parts of five minutes, and how many audit entries, a flush wrote."""

    parts: int = 0
    entries: int = 0


def flush_calls() -> Written:
    """Writes the counts and events that wait in Redis; safe to repeat, to kill and to run twice at once.

    A part is written over with all that it holds so far, and dropped from Redis once it has ended and is committed. An
    event carries the id of its audit entry. Nothing is written while Redis is away.
    """
    store = shared()
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return Written()
        found = parts(store)
        if found is None:
            return Written()
        now, waiting = found
        rows = _rows(waiting)
        CallPart.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["connection", "begins_at"], update_fields=_FIELDS
        )
        CallPart.objects.filter(begins_at__lt=now - KEPT).delete()
        events = _events(store)
        entries = _write_events(events)
        # The lock is held until the commit, and what is dropped below is dropped before the next one may read.
        ended = [part for part in waiting if part + timedelta(seconds=PART_SECONDS) <= now]
        transaction.on_commit(lambda: _drop(store, ended, len(events)))
    return Written(len(rows), entries)


def _drop(store: Shared, ended: list[datetime], events: int) -> None:
    for part in ended:
        forget(store, part)
    if events:
        store.ask(lambda client: client.ltrim(EVENTS, 0, -events - 1))


def _rows(waiting: dict[datetime, dict[str, dict[str, int]]]) -> list[CallPart]:
    ids = {UUID(name) for of in waiting.values() for name in of}
    owners = dict(Connection.objects.filter(pk__in=ids).values_list("id", "organisation_id"))
    rows = []
    for part, of in waiting.items():
        for name, numbers in of.items():
            owner = owners.get(UUID(name))
            if owner is None:
                continue
            errors = {key.removeprefix("error:"): value for key, value in numbers.items() if key.startswith("error:")}
            rows.append(
                CallPart(
                    organisation_id=owner,
                    connection_id=UUID(name),
                    begins_at=part,
                    calls=numbers.get("calls", 0),
                    failed=sum(errors.values()),
                    refused=numbers.get("refused", 0),
                    waits=numbers.get("waits", 0),
                    wait_ms=numbers.get("wait_ms", 0),
                    top_use=min(numbers.get("top", 0), 32_767),
                    errors=errors,
                    latency=[numbers.get(f"ms{place}", 0) for place in range(len(BOUNDS) + 1)],
                )
            )
    return rows


def _events(store: Shared) -> list[list[str]]:
    """The oldest events, each as id, what, scope, when, retry_at, reason."""
    found: list[str] | None = store.ask(lambda client: client.lrange(EVENTS, -MOST_EVENTS_AT_ONCE, -1))
    return [line.split("\n", 5) for line in reversed(found or [])]


def _write_events(events: list[list[str]]) -> int:
    if not events:
        return 0
    ids = {UUID(scope.partition(":")[0]) for _, _, scope, *_ in events}
    known = {item.id: item for item in Connection.objects.filter(pk__in=ids)}
    number = 0
    for entry_id, what, scope, when, retry_at, reason in events:
        ident, _, property_ref = scope.partition(":")
        source = known.get(UUID(ident))
        if source is None:
            continue
        label = registry.get(source.provider).label
        details: dict[str, Any] = {"property": property_ref, "reason": reason}
        if what == "opened":
            details["retry_at"] = _moment(retry_at).isoformat()
        number += record_audit(
            organisation_id=source.organisation_id,
            action=f"breaker.{what}",
            summary=_summary(what, label, _address(source, property_ref), reason),
            subject_type="connection",
            subject_id=str(source.pk),
            details=details,
            at=_moment(when),
            entry_id=UUID(entry_id),
        )
    return number


def _summary(what: str, label: str, address: str, reason: str) -> str:
    if address:
        return f"{label}: {address} set aside. {reason}" if what == "opened" else f"{label}: {address} is read again."
    return f"Calls to {label} stopped. {reason}" if what == "opened" else f"{label} answers again; calls go on."


def _address(source: Connection, property_ref: str) -> str:
    if not property_ref:
        return ""
    mapped = PropertyMapping.objects.filter(connection=source, provider_property_id=property_ref)
    return mapped.values_list("provider_property_address", flat=True).first() or property_ref


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
