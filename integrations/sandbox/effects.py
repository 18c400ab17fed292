"""What each fault does to a request, to a response, or instead of one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from .faults import Fault
from .mutations import mutate_body
from .wire import HTML, JSON, Request, Response, WireFault, json_response

MEGABYTE = 1024 * 1024
ERROR_PAGE = """<!DOCTYPE html><html><head><title>Service unavailable</title></head>
<body><h1>We'll be right back</h1><p>The service is temporarily unavailable. Ray ID: 8f00ba1c</p></body></html>"""


class VendorErrors(Protocol):
    """How a vendor words an error."""

    def error(self, status: int, code: str, message: str) -> Response:
        """Return an error answer in the vendor's published shape."""


def _filler(megabytes: float) -> Iterator[bytes]:
    block = b'{"Id":"' + b"x" * (64 * 1024) + b'"},'
    yield b"["
    for _ in range(int(megabytes * MEGABYTE / len(block)) + 1):
        yield block


def _oversized(fault: Fault) -> Response:
    megabytes = float(fault.params.get("megabytes", 64))
    if fault.params.get("declared", True):
        return Response(b"[" + b" " * int(megabytes * MEGABYTE))
    return Response(_filler(megabytes))


def replacement(fault: Fault, vendor: VendorErrors, expire: Callable[[], None]) -> Response | None:
    """Return the answer sent instead of the vendor's, or None when the request is really handled.

    ``expire`` invalidates the access token that the request carries.
    """
    params: dict[str, Any] = fault.params
    match fault.kind:
        case "rate_limited":
            response = vendor.error(429, "TooManyRequests", "Rate limit exceeded.")
            if params.get("retry_after") is not None:
                response.headers["Retry-After"] = str(params["retry_after"])
            return response
        case "server_error":
            status = int(params.get("status", 500))
            return vendor.error(status, "InternalServerError", "An internal error has occurred")
        case "html_error":
            return Response(ERROR_PAGE.encode(), int(params.get("status", 502)), HTML)
        case "timeout":
            return Response(b"", wire=WireFault("hang", float(params.get("seconds", 30))))
        case "not_json":
            return Response(str(params.get("body", "OK\nversion=1;rows=none")).encode(), 200, JSON)
        case "empty_body":
            return Response(b"", 200, JSON)
        case "empty_list":
            return Response(b"[]", 200, JSON)
        case "oversized":
            return _oversized(fault)
        case "unauthorized":
            if params.get("expire", True):
                expire()
            response = vendor.error(401, "TokenException", "The access token is expired or revoked.")
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return response
        case "revoked_grant":
            return json_response({"error": "invalid_grant"}, 400)
        case "invalid_client":
            return json_response({"error": "invalid_client"}, 400)
    return None


def rewrite(fault: Fault, request: Request) -> Request:
    """Return the request that the vendor gets to see: page faults move its Offset."""
    if fault.kind not in ("repeat_page", "overlap_pages", "stuck_page"):
        return request
    try:
        offset, limit = int(request.query["Offset"]), int(request.query.get("Limit", "0"))
    except (KeyError, ValueError):
        return request
    if offset <= 0:
        return request
    moved = {
        "repeat_page": offset - limit,
        "overlap_pages": offset - int(fault.params.get("rows", 3)),
        "stuck_page": 0,
    }[fault.kind]
    return request.with_query(Offset=max(0, moved))


def transform(fault: Fault, response: Response) -> Response:
    """Damage the vendor's answer."""
    params = fault.params
    if fault.kind == "latency":
        time.sleep(float(params.get("ms", 100)) / 1000)
        return response
    if fault.kind in ("slow_body", "reset_mid_body", "truncated_body"):
        kind = {"slow_body": "drip", "reset_mid_body": "reset", "truncated_body": "cut"}[fault.kind]
        response.wire = WireFault(kind, float(params.get("seconds", 0.05)), int(params.get("chunk", 64)))
        return response
    if fault.kind not in ("truncated_json", "no_refresh_token", "mutate_rows"):
        return response
    body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    if fault.kind == "truncated_json":
        body = body[: max(1, len(body) // 2)]
    elif response.status == 200 and fault.kind == "no_refresh_token":
        body = mutate_body(body, "missing_fields", 1, "refresh_token")
    elif response.status == 200 and body:
        count = params.get("count", 1)
        mutation, field = str(params.get("mutation", "unknown_fields")), str(params.get("field", ""))
        body = mutate_body(body, mutation, None if count is None else int(count), field)
    # A new object: the vendor may hand out the same cached answer again.
    return Response(body, response.status, response.content_type, dict(response.headers))
