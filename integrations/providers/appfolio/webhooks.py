"""AppFolio's webhooks: a detached JWS (RFC 7515, appendix F) over the raw body, PS256 and nothing else."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.contracts import WebhookKeys
from integrations.errors import ContractChanged, SignatureRefused
from integrations.providers.appfolio.events import EVENTS
from integrations.records import Doorbell
from integrations.specs import WebhookSpec

SIGNATURE = "x-jws-signature"
ALGORITHM = "PS256"
# PS256 is RSASSA-PSS with SHA-256 and a salt as long as the digest (RFC 7518, section 3.5).
SALT_LENGTH = 32
LONGEST_SIGNATURE = 4096
_WORDS = {"created": "create", "updated": "update", "deleted": "destroy", "destroyed": "destroy", "delete": "destroy"}

WEBHOOKS = WebhookSpec(
    verifier="integrations.providers.appfolio.webhooks.AppFolioWebhooks",
    events=EVENTS,
    headers=(SIGNATURE, "x-request-id", "user-agent"),
    key_set="JWKS_URL",
    set_up="In AppFolio Stack, open your integration's webhooks and enter this address for every topic you want.",
)


class AppFolioWebhooks:
    """contracts.WebhookSource. The algorithm is ours to say: the one that the sender names is compared, never used."""

    def __init__(self, keys: WebhookKeys) -> None:
        self._keys = keys

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
        protected, signature = _parts(headers.get(SIGNATURE, ""))
        head = _header(protected)
        if head.get("alg") != ALGORITHM:
            raise SignatureRefused("The signature is not by PS256.")
        # "crit" names extensions that must be understood, "b64" changes what is signed: neither is in the contract.
        if "crit" in head or "b64" in head or not isinstance(head.get("kid"), str):
            raise SignatureRefused("The signature's header is not as agreed.")
        key = self._keys.public_key(head["kid"])
        if key is None:
            raise SignatureRefused("The signature is by a key that AppFolio does not list.")
        signed = protected.encode() + b"." + base64.urlsafe_b64encode(body).rstrip(b"=")
        try:
            key.verify(signature, signed, PSS(MGF1(SHA256()), SALT_LENGTH), SHA256())
        except InvalidSignature:
            raise SignatureRefused("The signature does not fit the body.") from None

    def doorbells(self, payload: Any) -> list[Doorbell]:
        """One event, a list of them, or an object that holds such a list under `events` or `data`."""
        if isinstance(payload, dict) and "topic" in payload:
            return [_bell(payload, None)]
        items = payload
        if isinstance(payload, dict):
            items = payload.get("events", payload.get("data"))
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ContractChanged("AppFolio sent an event of a shape that we do not know.")
        return [_bell(item, item) for item in items]


def _parts(text: str) -> tuple[str, bytes]:
    parts = text.split(".")
    if len(text) > LONGEST_SIGNATURE or len(parts) != 3 or not parts[0] or parts[1] or not parts[2]:
        raise SignatureRefused("The request has no detached signature.")
    return parts[0], _decode(parts[2])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise SignatureRefused("The signature is not base64url.") from None


def _header(protected: str) -> dict[str, Any]:
    try:
        head = orjson.loads(_decode(protected))
    except orjson.JSONDecodeError:
        raise SignatureRefused("The signature's header is not JSON.") from None
    if not isinstance(head, dict):
        raise SignatureRefused("The signature's header is not JSON.")
    return head


def _bell(item: Mapping[str, Any], part: Any) -> Doorbell:
    """Both shapes: the vendor's sample (entity_id, update_timestamp) and the newer names that integrators report."""
    stamp = _first(item, "update_timestamp", "updated_at", "occurred_at", "event_timestamp")
    entity = _first(item, "entity_id", "resource_id")
    return Doorbell(
        topic=_topic(_first(item, "topic"), _first(item, "event_type", "action", "operation")),
        ids=(entity,) if entity else (),
        stamp=stamp,
        at=_time(stamp),
        event_id=_first(item, "event_id", "id"),
        payload=part,
    )


def _topic(topic: str, action: str) -> str:
    """`work_order_updates`, and `work_orders` with an action, as the table of events names them."""
    if "." in topic:
        return topic
    if topic.endswith("_updates"):
        topic, action = _plural(topic.removesuffix("_updates")), action or "update"
    return f"{topic}.{_WORDS.get(action.lower(), action.lower() or 'update')}"


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _first(item: Mapping[str, Any], *names: str) -> str:
    return next((str(item[name]) for name in names if item.get(name) not in (None, "")), "")


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
