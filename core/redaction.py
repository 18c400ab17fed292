"""Keeps secrets out of logs and stored error details."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

_SECRET_NAMES = "|".join(  # one name a line reads better than one long pattern
    (
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "code_verifier",
        "password",
        "authorization",
        "api[_-]?key",
        "secret",
        "assertion",
    )
)
_PAIR = re.compile(rf"(?i)([\"']?\b(?:{_SECRET_NAMES})\b[\"']?\s*[=:]\s*)([\"']?)(?:Bearer\s+|Basic\s+)?[^\s\"'&,}}]+")
_BEARER = re.compile(r"(?i)\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}")
# A social security number. Some providers send it with each tenant, and an answer cut short may end up in an error.
_SSN = re.compile(r"\b\d{3}-\d{2}-\d{4}\b")
_CODE = re.compile(r"(?i)([?&](?:code|state)=)[^&\s]+")
# A link for somebody without an account: 256 bits as a part of a path (43 characters of URL-safe base64).
_LINK = re.compile(r"(?<=/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
MASK = "[redacted]"


def redact(text: str) -> str:
    """The text with token, password and authorisation values replaced by a mask."""
    text = _PAIR.sub(lambda match: f"{match[1]}{match[2]}{MASK}", text)
    text = _BEARER.sub(lambda match: f"{match[1]} {MASK}", text)
    text = _SSN.sub(MASK, text)
    text = _LINK.sub(MASK, text)
    return _CODE.sub(lambda match: f"{match[1]}{MASK}", text)


class RedactingFilter(logging.Filter):
    """Applied to every handler, so that no module has to remember to redact."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, Mapping):
            values: Any = {key: _clean(value) for key, value in record.args.items()}
            record.args = values
        elif record.args:
            record.args = tuple(_clean(value) for value in record.args)
        if isinstance(record.msg, str):
            record.msg = redact(record.msg)
        return True


def _clean(value: object) -> object:
    if isinstance(value, int | float | bool) or value is None:
        return value
    return redact(str(value))
