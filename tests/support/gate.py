"""A gate in the sandbox vendor: who asks for one path waits there until it is opened."""

from __future__ import annotations

import threading
from collections.abc import Callable

from integrations.sandbox import SandboxServer
from integrations.sandbox.tokens import Grant
from integrations.sandbox.wire import Request, Response

_SECONDS = 60


class Gate:
    """Holds the requests for `path`, so that a sync is surely under way meanwhile."""

    def __init__(self, server: SandboxServer, path: str) -> None:
        self._arrived, self._open = threading.Semaphore(0), threading.Event()
        self._path = path
        self._answer: Callable[[Request, Grant | None], Response | None] = server.vendor.handle
        server.vendor.handle = self._handle  # type: ignore[method-assign,assignment]

    def _handle(self, request: Request, grant: Grant | None) -> Response | None:
        if request.path == self._path and not self._open.is_set():
            self._arrived.release()
            self._open.wait(_SECONDS)
        return self._answer(request, grant)

    def wait(self) -> None:
        """Until somebody is at the gate; each who comes is waited for once."""
        assert self._arrived.acquire(timeout=_SECONDS), "nobody came to the gate"

    def open(self) -> None:
        """Lets everybody through, from now on."""
        self._open.set()
