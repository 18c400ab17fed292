from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from integrations.contracts import WebhookKeys
from integrations.errors import ContractChanged, SignatureRefused
from integrations.records import Doorbell


def sign(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, sha256).hexdigest()


class CottageWebhooks:
    """Cottage Keeper signs the body, and names what changed by its key."""

    def __init__(self, keys: WebhookKeys) -> None:
        self._secret = keys.secret

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
        if not self._secret or not hmac.compare_digest(
            sign(body, self._secret), headers.get("x-cottage-signature", "")
        ):
            raise SignatureRefused

    def doorbells(self, payload: Any) -> list[Doorbell]:
        if isinstance(payload, list):
            return [_bell(item, item) for item in payload]
        if not isinstance(payload, dict):
            raise ContractChanged("Cottage Keeper sent something odd.")
        return [_bell(payload, None)]


def _bell(item: Mapping[str, Any], part: Any) -> Doorbell:
    key, stamp = str(item.get("key") or ""), str(item.get("when") or "")
    return Doorbell(
        topic=str(item.get("event") or ""),
        ids=(key,) if key else (),
        stamp=stamp,
        at=datetime.fromisoformat(stamp) if stamp else None,
        event_id=str(item.get("no") or ""),
        payload=part,
    )
