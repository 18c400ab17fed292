"""Takes a delivery in: address, size, signature, one INSERT. What it says is worked afterwards, by another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

import orjson
from django.db import connection as database
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from core.fields import encrypt_text
from core.ids import uuid7
from integrations import registry
from integrations.contracts import WebhookKeys, WebhookSource
from integrations.errors import ContractChanged, SignatureRefused
from integrations.inbox.edge import clean_body, clean_unreadable, kept_headers
from integrations.inbox.jwks import key_set
from integrations.models import Connection, InboxEvent, WebhookEndpoint
from integrations.records import Doorbell
from integrations.specs import WebhookSpec

# The vendors' payloads are below 1 kB; AppFolio may put several events into one delivery.
MAX_BODY = 256 * 1024
# A delivery with more events than this is not one.
MAX_EVENTS = 500
# What an address stands for is kept this long (seconds) in the process, so that a delivery costs one statement.
KNOWN_FOR = 5.0
MOST_KNOWN = 1_000

_INSERT = """
INSERT INTO integrations_inboxevent (id, organisation_id, connection_id, received_at, source, key, event_id, topic,
  name, resource, resource_ref, fetch_ids, event_at, body, headers, state, attempts, due_at, cause, outcome, runs,
  records, replays)
VALUES {rows}
ON CONFLICT (connection_id, key) DO NOTHING RETURNING state
"""
_ROW = "(%s, %s, %s, %s, 'webhook', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, '', '[]', '[]', 0)"

_INSERT_ONE = _INSERT.format(rows=_ROW)


class UnknownAddress(LookupError):
    """No endpoint has this token, or it is another provider's."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a token stands for."""

    endpoint_id: UUID
    organisation_id: UUID
    connection_id: UUID
    is_connected: bool
    spec: WebhookSpec
    source: WebhookSource


@dataclass(frozen=True, slots=True)
class Received:
    """`stored` counts the events that were not known before, `queued` those of them that are to be worked."""

    connection_id: UUID
    stored: int
    queued: int


_known: dict[tuple[str, str], tuple[float, Address]] = {}
_known_lock = threading.Lock()


def find_address(*, provider: str, token: str, fresh: bool = False) -> Address:
    """Whose address this is. Raises UnknownAddress. `fresh` asks the database, whatever is known."""
    at = time.monotonic()
    if not fresh:
        kept = _known.get((provider, token))
        if kept is not None and at - kept[0] < KNOWN_FOR:
            return kept[1]
    address = _look_up(provider, token)
    with _known_lock:
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[provider, token] = (at, address)
    return address


def _look_up(provider: str, token: str) -> Address:
    spec = registry.PROVIDERS.get(provider)
    if spec is None or spec.webhooks is None:
        raise UnknownAddress
    is_old = Q(previous_token=token, previous_until__gt=timezone.now())
    endpoint = (
        WebhookEndpoint.objects.filter(Q(token=token) | is_old, connection__provider=provider)
        .select_related("connection")
        .first()
    )
    if endpoint is None:
        raise UnknownAddress
    keys = WebhookKeys(secret=str(endpoint.secret or ""))
    if spec.webhooks.key_set:
        public = key_set(registry.setting(spec, spec.webhooks.key_set))
        keys = WebhookKeys(secret=keys.secret, public_key=public.find)
    return Address(
        endpoint_id=endpoint.pk,
        organisation_id=endpoint.organisation_id,
        connection_id=endpoint.connection_id,
        is_connected=endpoint.connection.status != Connection.Status.DISCONNECTED,
        spec=spec.webhooks,
        source=cast(WebhookSource, import_string(spec.webhooks.verifier)(keys)),
    )


def receive(*, provider: str, token: str, body: bytes, headers: Mapping[str, str], now: datetime) -> Received:
    """Checks and stores a delivery. Nothing is stored of one whose signature does not fit, which is counted.

    Raises UnknownAddress, SignatureRefused, or TransientError when the signature cannot be checked just now.
    """
    address = find_address(provider=provider, token=token)
    try:
        address.source.verify(body, headers, now=now)
    except SignatureRefused:
        # The secret may have been replaced a moment ago.
        address = find_address(provider=provider, token=token, fresh=True)
        try:
            address.source.verify(body, headers, now=now)
        except SignatureRefused as error:
            count_refusal(address.endpoint_id, "refused_signatures", error.safe_message)
            raise
    return _store(address, _rows(address, body, headers, now))


def count_refusal(endpoint_id: UUID, counter: str, reason: str) -> None:
    """Adds one to `refused_signatures` or `refused_sizes`, and notes why."""
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(
        **{counter: F(counter) + 1}, last_refused_at=timezone.now(), last_refusal=reason[:300]
    )


def key_of(bell: Doorbell, body: bytes) -> str:
    """What makes two deliveries the same event: what changed and when; else the vendor's id; else every byte."""
    if bell.ids and bell.stamp:
        key = f"{bell.topic}:{','.join(bell.ids)}:{bell.stamp}"
        return key if len(key) <= 300 else f"sha256:{sha256(key.encode()).hexdigest()}"
    if bell.event_id:
        return f"id:{bell.event_id}"[:300]
    part = body if bell.payload is None else orjson.dumps(bell.payload)
    return f"sha256:{sha256(part).hexdigest()}"


def _rows(address: Address, body: bytes, headers: Mapping[str, str], now: datetime) -> list[tuple[Any, ...]]:
    state = InboxEvent.State
    head = orjson.dumps(kept_headers(headers, address.spec.headers)).decode()
    of = (address.organisation_id, address.connection_id, now)
    try:
        payload = orjson.loads(body)
        bells = [_storable(bell) for bell in address.source.doorbells(payload)[:MAX_EVENTS]]
    except (orjson.JSONDecodeError, ContractChanged) as error:
        cause = error.safe_message if isinstance(error, ContractChanged) else "The request is not JSON."
        beginning = encrypt_text(clean_unreadable(body))
        return [(uuid7(), *of, key_of(Doorbell(""), body), "", "unreadable", "", "", "", "[]", None, beginning, head,
                 state.IGNORED.value, None, cause[:300])]  # fmt: skip
    rows = []
    for bell in bells:
        rule = address.spec.events.get(bell.topic)
        cause = ""
        if not address.is_connected:
            cause = "The connection was disconnected when it came."
        elif rule is None:
            cause = "We do not know an event of this name."
        elif rule.resource is None:
            cause = "Nothing that we keep depends on it."
        part = payload if bell.payload is None else bell.payload
        text = clean_body(body, part, is_part=bell.payload is not None)
        fetch = bell.ids if rule is not None and rule.resource is not None and rule.by_id else ()
        rows.append((
            uuid7(), *of, key_of(bell, body), bell.event_id[:128], bell.topic[:100] or "unnamed",
            rule.name if rule else "", rule.resource.value if rule and rule.resource else "",
            bell.ids[0][:128] if bell.ids else "", orjson.dumps(fetch).decode(), bell.at, encrypt_text(text), head,
            (state.IGNORED if cause else state.QUEUED).value, None if cause else now, cause,
        ))  # fmt: skip
    return rows


def _storable(bell: Doorbell) -> Doorbell:
    """Without U+0000, which PostgreSQL's text cannot hold."""
    if not any("\x00" in text for text in (bell.topic, bell.stamp, bell.event_id, *bell.ids)):
        return bell
    return replace(
        bell,
        topic=bell.topic.replace("\x00", ""),
        stamp=bell.stamp.replace("\x00", ""),
        event_id=bell.event_id.replace("\x00", ""),
        ids=tuple(item.replace("\x00", "") for item in bell.ids),
    )


def _store(address: Address, rows: Sequence[tuple[Any, ...]]) -> Received:
    if not rows:
        return Received(address.connection_id, 0, 0)
    with database.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(_INSERT_ONE, rows[0])
        else:
            statement = _INSERT.format(rows=", ".join([_ROW] * len(rows)))
            cursor.execute(statement, [value for row in rows for value in row])
        states = [row[0] for row in cursor.fetchall()]
    return Received(address.connection_id, len(states), states.count(InboxEvent.State.QUEUED.value))
