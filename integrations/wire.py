"""What is below the HTTP client: bounds on one answer, and the one function from status to error class."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from integrations.errors import (
    ContractChanged,
    IntegrationError,
    Misconfigured,
    NotAllowed,
    ProviderPaused,
    RateLimited,
    ReauthRequired,
    RemoteGone,
    RequestRefused,
    TransientError,
)

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CHUNK = 1 << 16
# How long a provider that gives out no data is left alone where it names no time, in seconds.
PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one call: seconds to connect, seconds between two bytes, seconds in all, bytes of body (decoded)."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0
    max_body: int = 64 * 1024 * 1024


class AnswerTooLarge(requests.RequestException):
    """The body is larger than the cap; what was read is thrown away."""


class AnswerTooSlow(requests.RequestException):
    """The body was still dripping when the time for the whole call was over."""


class BoundedAdapter(HTTPAdapter):
    """Reads each body at once and within bounds: a slow drip, an endless body or a gzip bomb ends in an exception."""

    def __init__(self, limits: Limits, *, pool_size: int = 10) -> None:
        self._limits = limits
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        limits = self._limits
        deadline = time.monotonic() + limits.total
        response = super().send(
            request, stream=True, timeout=(limits.connect, limits.read), verify=verify, cert=cert, proxies=proxies
        )
        try:
            body = _bounded_body(response, deadline, limits.max_body)
        except (HTTPError, OSError) as error:
            response.close()
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ConnectionError(f"The body ended early: {error}", request=request) from error
        # What Response.content would have stored, so that nothing below reads without bounds.
        response._content = body
        response._content_consumed = True  # type: ignore[attr-defined]
        return response


def _bounded_body(response: requests.Response, deadline: float, most: int) -> bytes:
    raw = response.raw
    declared = response.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > most:
        raise AnswerTooLarge(f"{declared} bytes announced, {most} allowed")
    parts: list[bytes] = []
    size = 0
    while True:
        # read1 hands over what one receive brought, so a drip of single bytes meets the deadline too.
        part = raw.read1(_CHUNK, decode_content=True)
        if not part:
            break
        size += len(part)
        if size > most:
            raise AnswerTooLarge(f"more than {most} bytes")
        if time.monotonic() > deadline:
            raise AnswerTooSlow(f"{size} bytes had come when the time was over")
        parts.append(part)
    # A read past the end marks the answer as finished, which gives the connection back for the next request.
    raw.read()
    raw.release_conn()
    return parts[0] if len(parts) == 1 else b"".join(parts)


def is_trusted_address(url: str) -> bool:
    """Whether tokens may travel there: https, or plain http that never leaves this machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or is_loopback(url))


def is_loopback(url: str) -> bool:
    """Whether the address is plain http on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def retry_after(value: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, from its number or its HTTP date; None when absent or unreadable."""
    if value is None or not value.strip():
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def error_for_status(status: int, body: bytes, *, what: str, wait: float | None = None) -> IntegrationError | None:
    """The error a status means, None for success. `what` names the request in the detail kept for support.

    Named by what happens next: a 5xx or a time-out is tried again, a 401 or 403 needs a person, a permanent redirect
    needs the operator, and any other refusal of a request that used to work means that the contract has changed.
    """
    if 200 <= status < 300:
        return None
    detail = f"{what} answered {status}: {body[:200].decode('utf-8', 'replace')}"
    match status:
        case 429:
            return RateLimited(detail=detail, retry_after=wait)
        case 503 if wait is not None:
            return RateLimited(detail=detail, retry_after=wait)
        # 701 is AppFolio's number for a credential that it does not know.
        case 401 | 701:
            return ReauthRequired(detail=detail)
        case 403 if body.lstrip()[:1] in (b"{", b"["):
            return NotAllowed(detail=detail)
        case 404 | 410:
            return RemoteGone(detail=detail)
        # The same request is still being worked on.
        case 409 if wait is not None:
            return RateLimited(detail=detail, retry_after=wait)
        case 422:
            return RequestRefused(detail=detail)
        # 533 is AppFolio's number for its maintenance.
        case 533:
            return ProviderPaused(detail=detail, retry_after=PAUSE if wait is None else wait)
        case 301 | 308:
            return Misconfigured(detail=f"{detail} The provider's address in the settings has moved.")
        case _ if status >= 500 and status != 501:
            return TransientError(detail=detail)
        # 403 without JSON comes from an edge in front of the provider; 302 and its like from a maintenance page.
        case 302 | 303 | 307 | 403 | 408 | 425:
            return TransientError(detail=detail)
    return ContractChanged(detail=detail)
