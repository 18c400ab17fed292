"""What the vendor remembers of a POST with an Idempotency-Key, for 24 hours."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from integrations.sandbox.wire import Request, Response, json_response

DAY = 24 * 3600.0
LONGEST = 256


@dataclass(slots=True)
class Entry:
    """A request that was seen: its content, and its answer once there is one."""

    fingerprint: str
    at: float
    body: bytes | None = None
    status: int = 201


class Idempotency:
    """Answers a repeated key with the first answer (marked), another body with 422, one still running with 409."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}

    def begin(self, request: Request) -> Response | None:
        """None when the request is to be carried out, else its answer."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not 0 < len(key) <= LONGEST or not all(" " <= letter <= "~" for letter in key):
            message = "Idempotency-Key must be 1 to 256 printable ASCII characters."
            return json_response({"code": 400, "message": message}, 400)
        fingerprint = hashlib.sha256(request.path.encode() + b"\0" + request.body).hexdigest()
        with self._lock:
            now = self._clock()
            self._entries = {name: entry for name, entry in self._entries.items() if entry.at > now - DAY}
            entry = self._entries.get(key)
            if entry is None:
                self._entries[key] = Entry(fingerprint, now)
                return None
        if entry.fingerprint != fingerprint:
            message = "This Idempotency-Key was used with another request body."
            return json_response({"code": 422, "message": message}, 422)
        if entry.body is None:
            message = "A request with this Idempotency-Key is still in progress."
            return json_response({"code": 409, "message": message}, 409, Retry_After="1")
        return Response(entry.body, entry.status, headers={"Idempotent-Replayed": "true"})

    def finish(self, request: Request, response: Response) -> None:
        """Remember the answer; one that refuses the request is not kept."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return
        with self._lock:
            if response.status >= 400 or not isinstance(response.body, bytes):
                self._entries.pop(key, None)
            elif key in self._entries:
                self._entries[key].body, self._entries[key].status = response.body, response.status

    def forget(self, request: Request) -> None:
        """As if the request had never come."""
        with self._lock:
            self._entries.pop(request.headers.get("idempotency-key", ""), None)
