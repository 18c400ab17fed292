"""Signs deliveries as Buildium does: for the sandbox vendor and for tests."""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256


def sign(body: bytes, *, secret: str, timestamp: int) -> str:
    """The signature for a JSON body sent at `timestamp` (UNIX seconds): over its compact form, in base64."""
    compact = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
    digest = hmac.new(secret.encode(), f"{timestamp}.{compact}".encode(), sha256).digest()
    return base64.b64encode(digest).decode()


def headers(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "buildium-webhook-timestamp": str(timestamp),
        "buildium-webhook-signature": sign(body, secret=secret, timestamp=timestamp),
    }
