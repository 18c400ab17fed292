"""A vendor that writes down when each request came."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, json_response


class Recorder:
    """Answers 200 to everything, or what `answer` says for the n-th request (from 1)."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()
        self._listener = Listener(("127.0.0.1", 0), self._respond)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"

    def answer(self, number: int) -> Response:
        return json_response({"number": number})

    def _respond(self, request: Request) -> Response:
        with self._lock:
            self.arrivals.append(time.monotonic())
            number = len(self.arrivals)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return self.answer(number)
        finally:
            with self._lock:
                self.under_way -= 1

    def most_within(self, seconds: float) -> int:
        """The largest number of requests that came within any `seconds` seconds."""
        arrivals = sorted(self.arrivals)
        return max((sum(first <= at < first + seconds for at in arrivals) for first in arrivals), default=0)

    def __enter__(self) -> Self:
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.stop()
