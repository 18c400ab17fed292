"""HTTP/1.1 on the wire: the request, the response and the ways a response may go wrong.

Written by hand instead of taken from ``http.server`` because the fault switches need the bare socket (a reset in the
middle of a body, a body that drips) and because the benchmark provider must not be the slow part of a measurement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlencode

import orjson

MAX_LINE = 65_536
MAX_BODY = 8 * 1024 * 1024
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

Json = dict[str, Any]


class BadRequestLine(Exception):
    """The peer does not speak HTTP/1.x; the connection is closed."""


class SandboxError(Exception):
    """The person or program driving the sandbox asked for something impossible; answered with 400."""


@dataclass
class Request:
    """One request as received; header names are lower case."""

    method: str
    path: str
    raw_query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters; the last value wins when one is repeated."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """Fields of an urlencoded body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Json:
        """Return the JSON object of the body, or an empty one for an empty body."""
        if not self.body:
            return {}
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise SandboxError(f"The body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise SandboxError("The body must be a JSON object.")
        return value

    def with_query(self, **changes: object) -> Request:
        """Return the same request with some query parameters replaced."""
        query = urlencode({**self.query, **{name: str(value) for name, value in changes.items()}})
        return Request(self.method, self.path, query, self.headers, self.body)

    @property
    def base_url(self) -> str:
        """Return the address under which the caller reached this server."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"


@dataclass(frozen=True)
class WireFault:
    """What the connection does instead of simply sending the response.

    ``hang``: wait ``seconds``, then close without an answer. ``drip``: send ``chunk`` bytes every ``seconds``.
    ``reset``: send a part of the body, then a TCP reset. ``cut``: send a part of the body, then close cleanly.
    """

    kind: str
    seconds: float = 0.0
    chunk: int = 64


@dataclass
class Response:
    """One answer; an iterator as body is sent chunked."""

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    wire: WireFault | None = None

    def head(self, *, close: bool) -> bytes:
        """Return the status line and headers, with the blank line."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        if isinstance(self.body, bytes):
            lines.append(f"Content-Length: {len(self.body)}")
        else:
            lines.append("Transfer-Encoding: chunked")
        if self.body or self.status not in (204, 304):
            lines.append(f"Content-Type: {self.content_type}")
        lines.extend(f"{name}: {value}" for name, value in self.headers.items())
        lines.append(f"Connection: {'close' if close else 'keep-alive'}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def json_response(value: object, status: int = 200, **headers: str) -> Response:
    """Answer with JSON; decimals and dates inside become strings."""
    return Response(
        orjson.dumps(value, default=str), status, JSON, {k.replace("_", "-"): v for k, v in headers.items()}
    )


def html_response(text: str, status: int = 200, **headers: str) -> Response:
    """Answer with a page that may load nothing from elsewhere and holds no script."""
    policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'"
    extra = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return Response(text.encode(), status, HTML, extra | {k.replace("_", "-"): v for k, v in headers.items()})


def redirect(location: str) -> Response:
    """Answer 303, so that a browser follows a POST with a GET."""
    return Response(b"", 303, HTML, {"Location": location})


def read_request(stream: BinaryIO) -> Request | None:
    """Read one request; None when the peer closed the connection between requests.

    Raises BadRequestLine when the bytes are not HTTP or exceed the limits.
    """
    line = stream.readline(MAX_LINE)
    if not line:
        return None
    parts = line.split()
    if len(parts) != 3:
        raise BadRequestLine(repr(line[:80]))
    headers: dict[str, str] = {}
    while (raw := stream.readline(MAX_LINE)) not in (b"\r\n", b"\n"):
        if not raw or len(headers) > 200:
            raise BadRequestLine("headers")
        name, _, value = raw.partition(b":")
        headers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
    try:
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise BadRequestLine("content-length") from error
    if not 0 <= length <= MAX_BODY:
        raise BadRequestLine("body too large")
    body = stream.read(length) if length else b""
    path, _, query = parts[1].decode("latin-1").partition("?")
    return Request(parts[0].decode("latin-1"), path, query, headers, body)
