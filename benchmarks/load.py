"""Sends signed events from many connections at once, in a process of its own; prints seconds and latencies as JSON.

Its argument is a JSON object: address, path, signer (buildium or stripe), secret, clients, requests, tag.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import time
from hashlib import sha256
from typing import Any

NOTE = "x" * 300


def request_bytes(order: dict[str, Any], number: int) -> bytes:
    """One signed event that no other request of the run is equal to."""
    stamp = str(int(time.time()))
    signed = _stripe if order["signer"] == "stripe" else _buildium
    body, headers = signed(order, number, stamp)
    head = [
        f"POST {order['path']} HTTP/1.1", f"Host: {order['address']}", "Content-Type: application/json",
        f"Content-Length: {len(body)}", *headers, "", "",
    ]  # fmt: skip
    return "\r\n".join(head).encode() + body


def _buildium(order: dict[str, Any], number: int, stamp: str) -> tuple[bytes, list[str]]:
    event = {
        "EventName": "Lease.Updated",
        "EventDateTime": f"2026-11-25T08:00:00.{order['tag']}{number:06}Z",
        "AccountId": 123456,
        "LeaseId": number,
        "Note": NOTE,
    }
    body = json.dumps(event, separators=(",", ":")).encode()
    digest = hmac.new(order["secret"].encode(), stamp.encode() + b"." + body, sha256).digest()
    signature = base64.b64encode(digest).decode()
    return body, [f"buildium-webhook-timestamp: {stamp}", f"buildium-webhook-signature: {signature}"]


def _stripe(order: dict[str, Any], number: int, stamp: str) -> tuple[bytes, list[str]]:
    event = {
        "id": f"evt_{order['tag']}{number:06}",
        "object": "event",
        "api_version": "2020-08-27",
        "created": int(stamp),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "reporting.report_type.updated",
        "data": {"object": {"id": "balance.summary.1", "object": "reporting.report_type", "name": NOTE}},
    }
    body = json.dumps(event, separators=(",", ":")).encode()
    digest = hmac.new(order["secret"].encode(), stamp.encode() + b"." + body, sha256).hexdigest()
    return body, [f"Stripe-Signature: t={stamp},v1={digest}"]


class Client(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last is there."""

    def __init__(self, requests: list[bytes], done: asyncio.Future[None], taken: list[float]) -> None:
        self._requests, self._done, self._taken = iter(requests), done, taken
        self._buffer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
            elif line == b"transfer-encoding: chunked" and not rest.endswith(b"0\r\n\r\n"):
                return
        if len(rest) < length:
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")):
            self._done.set_exception(RuntimeError(f"answered {head[:60]!r} {rest[:200]!r}"))
            self._transport.close()
            return
        self._taken.append(time.perf_counter() - self._began)
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError("the server hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


async def run(order: dict[str, Any]) -> dict[str, Any]:
    host, _, port = order["address"].partition(":")
    every = [request_bytes(order, number) for number in range(order["requests"])]
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    waits = []
    began = time.perf_counter()
    for place in range(order["clients"]):
        done: asyncio.Future[None] = loop.create_future()
        mine = every[place :: order["clients"]]
        await loop.create_connection(lambda mine=mine, done=done: Client(mine, done, taken), host, int(port))
        waits.append(done)
    await asyncio.gather(*waits)
    return {"seconds": time.perf_counter() - began, "taken": taken}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
