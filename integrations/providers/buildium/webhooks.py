"""Buildium's webhooks: HMAC-SHA256 over time and body, in base64, within five minutes of being sent."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from integrations.contracts import WebhookKeys
from integrations.errors import ContractChanged, SignatureRefused
from integrations.providers.buildium.events import EVENTS
from integrations.records import Doorbell
from integrations.specs import WebhookSpec

TIMESTAMP, SIGNATURE = "buildium-webhook-timestamp", "buildium-webhook-signature"
# Buildium states no tolerance; five minutes is what signed webhooks have in common.
WINDOW_SECONDS = 300
_OUTSIDE_STRINGS = re.compile(rb'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
_FRACTION = re.compile(r"\.(\d+)")

WEBHOOKS = WebhookSpec(
    verifier="integrations.providers.buildium.webhooks.BuildiumWebhooks",
    events=EVENTS,
    headers=(TIMESTAMP, SIGNATURE, "user-agent"),
    needs_secret=True,
    set_up="In Buildium, open Settings, Developer Tools, Webhooks, add a webhook with this address, choose its events "
    "and copy the secret it shows.",
)


class BuildiumWebhooks:
    """contracts.WebhookSource."""

    def __init__(self, keys: WebhookKeys) -> None:
        self._secret = keys.secret.encode()

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
        if not self._secret:
            raise SignatureRefused("Buildium's secret is not set here, so nothing can be checked.")
        stamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and signature):
            raise SignatureRefused("The request is not signed.")
        if abs(now.timestamp() - int(stamp)) > WINDOW_SECONDS:
            raise SignatureRefused("The request was signed more than five minutes ago, or a clock is wrong.")
        given = signature.encode("latin-1", "replace")
        # The contract signs a body without line breaks and without blanks after colons; what is sent may be so already.
        if self._fits(stamp, body, given) or self._fits(stamp, compact(body), given):
            return
        raise SignatureRefused("The signature does not fit the body.")

    def _fits(self, stamp: str, body: bytes, given: bytes) -> bool:
        digest = hmac.new(self._secret, stamp.encode() + b"." + body, sha256).digest()
        return hmac.compare_digest(base64.b64encode(digest), given)

    def doorbells(self, payload: Any) -> list[Doorbell]:
        if not isinstance(payload, dict) or not isinstance(payload.get("EventName"), str):
            raise ContractChanged("Buildium sent an event without a name.")
        topic, stamp = payload["EventName"], str(payload.get("EventDateTime") or "")
        rule = EVENTS.get(topic)
        value = payload.get(rule.field) if rule is not None and rule.field else None
        values = value if isinstance(value, list) else [value]
        ids = tuple(str(item) for item in values if item not in (None, ""))
        return [Doorbell(topic=topic, ids=ids, stamp=stamp, at=_time(stamp))]


def compact(body: bytes) -> bytes:
    """The body without white space outside of strings: not a byte of a name or value is changed."""
    return _OUTSIDE_STRINGS.sub(lambda found: found[1] or b"", body)


def _time(text: str) -> datetime | None:
    """A UTC time with up to seven decimals, of which six are kept."""
    try:
        at = datetime.fromisoformat(_FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
