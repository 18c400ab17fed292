"""What may be kept of a delivery: identity numbers, bank details and secrets are taken out before it is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from core.redaction import MASK, redact

_HIDDEN = re.compile(
    r"(?i)social_?security|ssn$|tax_?(payer_?)?(id|number)|tfn$|birth|licen[cs]e_?number|passport|account_?number"
    r"|routing_?number|card_?number|bsb$|password|secret|token|api_?key"
)
LONGEST_HEADER = 200


def clean_body(body: bytes, payload: Any, *, is_part: bool) -> str:
    """The text to keep. A request that holds nothing to hide is kept to the letter.

    `is_part` says that the payload is one event of several in the request: then the event alone is kept.
    """
    cleaned = _clean(payload)
    if cleaned is not payload or is_part:
        return orjson.dumps(cleaned).decode()
    return body.decode("utf-8", "replace").replace("\x00", "")


def clean_unreadable(body: bytes) -> str:
    """The beginning of a request that is not JSON, with what looks like a secret masked."""
    return redact(body[:2000].decode("utf-8", "replace").replace("\x00", ""))


def kept_headers(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name][:LONGEST_HEADER] for name in ("content-type", *names) if name in headers}


def _clean(value: Any) -> Any:
    """The same object where nothing had to be hidden, else a copy with masks."""
    if isinstance(value, dict):
        pairs = {
            key: MASK if inner not in (None, "") and _HIDDEN.search(key) else _clean(inner)
            for key, inner in value.items()
        }
        return pairs if any(pairs[key] is not inner for key, inner in value.items()) else value
    if isinstance(value, list):
        items = [_clean(inner) for inner in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
