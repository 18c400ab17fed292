from __future__ import annotations

import base64
import threading
from types import TracebackType

from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, json_response
from tests.integrations.throwaway.upstream import LISTS

ACCOUNTS = {"harbour": ("70", "Harbour Boats"), "lake": ("71", "Lake Boats")}


class BoathouseServer:
    """Boathouse Keeper: account <id> is open to the headers x-boat-id and x-boat-secret "secret-of-<id>".

    `status` refuses every request with that number, and repeats the secret in the body as bad vendors do.
    """

    def __init__(self) -> None:
        self.status = 0
        self.seen: list[Request] = []
        self._listener = Listener(("127.0.0.1", 0), self._respond)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}"

    def _respond(self, request: Request) -> Response:
        self.seen.append(request)
        ident, secret = request.headers.get("x-boat-id", ""), request.headers.get("x-boat-secret", "")
        if request.headers.get("authorization"):
            return json_response({"who": base64.b64decode(request.headers["authorization"].split()[1]).decode()})
        if self.status:
            return json_response({"why": f"not {secret}"}, self.status)
        if ident not in ACCOUNTS or secret != f"secret-of-{ident}":
            return json_response({"why": f"{secret} is not known"}, 401)
        if request.method == "POST":
            return json_response({"sent": request.json(), "key": request.headers.get("idempotency-key", "")})
        if request.path == "/me":
            key, name = ACCOUNTS[ident]
            return json_response({"key": key, "name": name})
        return json_response(LISTS[request.path]) if request.path in LISTS else json_response({}, 404)

    def __enter__(self) -> BoathouseServer:
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.stop()
