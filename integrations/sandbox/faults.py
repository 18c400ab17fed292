"""Fault switches: which request is hit, how often, and by what.

Every kind is in KINDS with one line that says what a client sees. A switch matches by path pattern, may leave the first
``skip`` matching requests alone, and acts on the next ``times`` of them (None: until cleared).
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .wire import Request, SandboxError

KINDS: dict[str, str] = {
    "rate_limited": "429; params retry_after (seconds, an HTTP date, or absent)",
    "server_error": "an error status in the vendor's error shape; param status (500)",
    "html_error": "an HTML error page; param status (502; 200 works too)",
    "timeout": "no answer at all; param seconds (30), then the connection closes",
    "slow_body": "the right body, a few bytes at a time; params chunk (64), seconds between chunks (0.05)",
    "reset_mid_body": "half of the body, then a TCP reset",
    "truncated_body": "half of the declared length, then a clean close",
    "truncated_json": "a complete HTTP answer whose JSON stops in the middle",
    "not_json": "200 with text that is not JSON; param body",
    "empty_body": "200 with no byte of body",
    "empty_list": "200 with an empty list",
    "oversized": "a body of megabytes (64) that never parses; param declared (true) sends its length first",
    "unauthorized": "401 for a valid token; param expire (true) also invalidates that access token",
    "revoked_grant": "token endpoint: 400 invalid_grant",
    "invalid_client": "token endpoint: 400 invalid_client",
    "no_refresh_token": "token endpoint: the answer lacks refresh_token",
    "repeat_page": "a page with Offset > 0 shows the page before it again",
    "overlap_pages": "a page with Offset > 0 starts rows (3) too early",
    "stuck_page": "every page is the first page",
    "latency": "the right answer after ms (100)",
    "mutate_rows": "rows changed on their way out; params mutation, count (1; null = all), field",
}
# A switch on these acts on the token endpoint when no path is given.
TOKEN_KINDS = frozenset({"revoked_grant", "invalid_client", "no_refresh_token"})


@dataclass(slots=True)
class Fault:
    """One switch that is on."""

    id: int
    kind: str
    path: str
    method: str | None
    times: int | None
    skip: int
    params: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def describe(self) -> dict[str, Any]:
        """Return the switch as JSON, with how often it was seen and hit."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def spent(self) -> bool:
        """True when it has acted as often as it was told to."""
        return self.times is not None and self.hits >= self.times


class FaultBoard:
    """All switches that are on, and the latency every answer gets. Safe to use from several threads."""

    def __init__(self) -> None:
        self.latency_ms: float = 0.0
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(
        self,
        kind: str,
        path: str = "",
        *,
        times: int | None = None,
        skip: int = 0,
        method: str | None = None,
        **params: Any,
    ) -> Fault:
        """Switch a fault on.

        ``path`` is a shell pattern over the request's path (``/api/v1/lots``, ``*jobtasks*``); by default all of
        ``/api/*``, or the token endpoint for kinds that belong there. Raises SandboxError for an unknown kind.
        """
        if kind not in KINDS:
            raise SandboxError(f"Unknown fault {kind!r}; known: {', '.join(sorted(KINDS))}.")
        pattern = path or ("/connect/token" if kind in TOKEN_KINDS else "/api/*")
        with self._lock:
            fault = Fault(next(self._ids), kind, pattern, method, times, skip, params)
            self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> None:
        """Switch one fault off, or all."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]

    def active(self) -> list[Fault]:
        """Return the switches that can still act."""
        with self._lock:
            return [fault for fault in self._faults if not fault.spent]

    def take(self, request: Request) -> list[Fault]:
        """Return the faults that hit this request, and count the hit.

        All matching ``latency`` and ``mutate_rows`` switches act together; of the others the first one alone.
        """
        with self._lock:
            if not self._faults:
                return []
            hit: list[Fault] = []
            exclusive = False
            for fault in self._faults:
                shared = fault.kind in ("latency", "mutate_rows")
                if fault.spent or (exclusive and not shared) or not self._matches(fault, request):
                    continue
                fault.seen += 1
                if fault.seen <= fault.skip:
                    continue
                fault.hits += 1
                exclusive = exclusive or not shared
                hit.append(fault)
            return hit

    @staticmethod
    def _matches(fault: Fault, request: Request) -> bool:
        if fault.method is not None and fault.method.upper() != request.method:
            return False
        return fnmatchcase(request.path, fault.path)
