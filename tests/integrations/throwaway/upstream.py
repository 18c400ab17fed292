from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from integrations.sandbox.httpd import Listener
from integrations.sandbox.oauth import Account, OAuthServer, OAuthSettings
from integrations.sandbox.wire import Request, Response, json_response

LISTS: dict[str, list[dict[str, Any]]] = {
    "/cottages": [
        {"key": 1, "where": "1 Cliff Rd, Beach Town NSW 2999", "town": "Beach Town", "code": "2999"},
        {"key": 2, "where": "2 Cliff Rd, Beach Town NSW 2999", "town": "Beach Town", "code": "2999"},
    ],
    "/lets": [{"key": 10, "cottage": 1, "who": "Skipper", "rent": "410.00", "from": "2025-01-06"}],
    "/repairs": [{"key": 20, "cottage": 2, "what": "Salt in the lock"}],
    "/receipts": [
        {"key": 30, "cottage": 1, "let": 10, "paid": "410.00", "on": "2025-01-06"},
        {"key": 31, "cottage": 1, "let": 10, "paid": "410.00", "on": "2025-01-13"},
    ],
    "/invoices": [{"key": 40, "cottage": 2, "sum": "88.00", "on": "2025-02-01", "for": "Locksmith"}],
}


class CottageServer:
    """Cottage Keeper itself: the sandbox's authorisation server before five lists."""

    def __init__(self) -> None:
        settings = OAuthSettings("Cottage Keeper", ("read", "offline_access"), "cottage-id", "cottage-secret")
        self.oauth = OAuthServer(settings, lambda: [Account("7", "By the Sea", "two cottages")], lambda: None)
        # What the keeper has written down, for tests to change.
        self.lists = copy.deepcopy(LISTS)
        self.asked: list[str] = []
        # Answers given before the real ones: status and seconds of Retry-After (0 for none).
        self.troubles: list[tuple[int, int]] = []
        # Keys whose mention makes the server fail.
        self.cursed: set[str] = set()
        # Called with each list that is asked for, before it is answered.
        self.at_door: Callable[[str], None] = lambda path: None
        self._listener = Listener(("127.0.0.1", 0), self._respond)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"

    def _respond(self, request: Request) -> Response:
        answer = self.oauth.handle(request)
        if answer is not None:
            return answer
        if self.oauth.authenticate(request) is None:
            return json_response({"why": "token"}, 401)
        if request.path == "/me":
            return json_response({"key": 7, "name": "By the Sea"})
        if request.path not in self.lists:
            return json_response({"why": "unknown"}, 404)
        self.asked.append(f"{request.path}?{request.raw_query}" if request.raw_query else request.path)
        self.at_door(request.path)
        if self.troubles:
            status, wait = self.troubles.pop(0)
            return json_response({"why": "trouble"}, status, **({"Retry_After": str(wait)} if wait else {}))
        keys = request.query.get("keys", "").split(",") if "keys" in request.query else None
        if keys is not None and self.cursed.intersection(keys):
            return json_response({"why": "cursed"}, 500)
        since = request.query.get("since", "")
        rows = [row for row in self.lists[request.path] if str(row.get("on", "9999")) >= since]
        return json_response([row for row in rows if keys is None or str(row["key"]) in keys])

    def __enter__(self) -> CottageServer:
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.stop()
