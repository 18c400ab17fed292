"""AppFolio's doors: who may enter, how often, when nothing is given out, and where each request goes."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from integrations.sandbox.wire import Json, Request, Response, SandboxError, WireFault, json_response

from .api import LISTS, ApiError, create_work_order, error_response, list_rows
from .doorbells import Doorbells
from .edits import OPERATIONS
from .generator import populate
from .idempotency import Idempotency
from .limits import Windows
from .reports import ReportDesk
from .world import Row, World

CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"  # the sandbox's published credentials
DEVELOPER_ID = "sandbox-developer"
REPORTS_ID, REPORTS_SECRET = "sandbox-reports", "reports-secret"
HOST = "sandbox"
ROOT = "/appfolio"
_DATABASE = re.compile(rf"{ROOT}(?:/hosts/([^/]+))?/api/v0/([a-z_]+)")
_REPORTS = re.compile(rf"{ROOT}/hosts/([^/]+)/api/v2/reports/([a-z_]+)\.json")
TROUBLES = ("hang", "commit_then_hang", "running")


@dataclass(slots=True)
class Trouble:
    """What happens to the next POST requests instead of an answer."""

    kind: str
    times: int
    seconds: float


class AppFolioVendor:
    """The vendor with one customer database."""

    slug = "appfolio"
    title = "AppFolio"

    def __init__(
        self, *, units: int = 24, months: int = 12, seed: int = 7, today: date, state: Path | None = None
    ) -> None:
        self.world = World(seed=seed, today=today, state=state)
        if not self.world.load():
            populate(self.world, units=units, months=months)
            self.world.save()
        self.reports = ReportDesk(self.world)
        self.idempotency = Idempotency()
        self.doorbells = Doorbells(CLIENT_ID)
        self.doorbells.url = self.world.webhook_url
        self.world.changed = self.doorbells.ring
        self.limits_on = True
        self.maintenance = False
        self.forbidden: set[str] = set()
        self.secret = CLIENT_SECRET
        self._trouble: Trouble | None = None
        self._running: dict[str, int] = {}
        self.reset_limits()

    def reset_limits(self) -> None:
        """Forget the calls of the past."""
        self.database_limit = Windows((8, 1.0), (256, 60.0), (4096, 3600.0))
        self.reports_limit = Windows((7, 15.0))

    # --- for tests and the control page -----------------------------------------------------------------------------
    def edit(self, operation: str, /, **arguments: Any) -> Any:
        """Run one of the operations (``edits``)."""
        if operation not in OPERATIONS:
            raise SandboxError(f"Unknown operation {operation!r}; known: {', '.join(sorted(OPERATIONS))}.")
        with self.world.lock:
            try:
                done = OPERATIONS[operation](self.world, **arguments)
            except (TypeError, ValueError) as error:
                raise SandboxError(str(error)) from error
            self.world.save()
        return done

    def advance(self, days: int = 1) -> dict[str, int]:
        """Let days pass; returns how many rows came into being."""
        made: dict[str, int] = self.edit("advance", days=days)
        return made

    def rows(self, table: str) -> list[Row]:
        """Copies of all rows of a table, hidden ones included."""
        with self.world.lock:
            return [dict(row) for row in self.world.tables[table].values()]

    def row(self, table: str, ident: str) -> Row:
        """A copy of a row. Raises SandboxError when there is none."""
        with self.world.lock:
            return dict(self.world.row(table, ident))

    def misbehave(self, kind: str, *, times: int = 1, seconds: float = 30.0) -> None:
        """What the next POSTs meet.

        ``hang``: no answer, and nothing is done. ``commit_then_hang``: it is done, and no answer. ``running``: no
        answer at first, then `times` answers that it is still being worked on, then it is done.
        """
        if kind not in TROUBLES:
            raise SandboxError(f"Unknown trouble {kind!r}; known: {', '.join(TROUBLES)}.")
        self._trouble = Trouble(kind, times, seconds)

    def ring_at(self, url: str) -> None:
        """Send a signed webhook there for each row that changes from here on; blank: no more of them."""
        if url and not url.startswith(("http://", "https://")):
            raise SandboxError("The address of webhooks begins with http:// or https://.")
        self.doorbells.url = self.world.webhook_url = url
        self.world.save()

    def behave(self) -> None:
        """No more trouble."""
        self._trouble = None

    def control(self, action: str, args: Json) -> Any:
        """``edit``, ``advance``, ``settings`` and ``state`` as JSON."""
        match action:
            case "edit":
                operation = str(args.pop("op", ""))
                return {"op": operation, "result": self.edit(operation, **args)}
            case "advance":
                return self.advance(int(args.get("days", 1)))
            case "settings":
                self._settings(args)
            case "state":
                pass
            case _:
                raise SandboxError(f"No control {action!r}.")
        return self.state()

    def _settings(self, args: Json) -> None:
        for name, value in args.items():
            match name:
                case "maintenance" | "limits_on":
                    setattr(self, name, bool(value))
                case "forbidden":
                    self.forbidden = set(value)
                case "webhook_url":
                    self.ring_at(str(value))
                case "work_orders" if value == "ok":
                    self.behave()
                case "work_orders":
                    self.misbehave(str(value), times=int(args.get("times", 1)), seconds=float(args.get("seconds", 30)))
                case "times" | "seconds":
                    pass
                case _:
                    raise SandboxError(f"Unknown setting {name}={value!r}.")

    def state(self) -> Json:
        """Sizes, switches and operations."""
        return {
            "today": self.world.today.isoformat(),
            "maintenance": self.maintenance,
            "limits_on": self.limits_on,
            "webhook_url": self.doorbells.url,
            "forbidden": sorted(self.forbidden),
            "work_orders": self._trouble.kind if self._trouble else "ok",
            "operations": sorted(OPERATIONS),
            **{name: len(rows) for name, rows in self.world.tables.items()},
        }

    # --- for the server ---------------------------------------------------------------------------------------------
    def error(self, status: int, code: str, message: str) -> Response:
        """An error in the vendor's shape; `code` is not one of its own."""
        return error_response(status, message)

    def handle(self, request: Request) -> Response:
        """Answer a request below ROOT."""
        try:
            response = self._route(request)
        except ApiError as error:
            response = error_response(error.status, error.message)
        response.headers["x-request-id"] = str(uuid4())
        return response

    def _route(self, request: Request) -> Response:
        if request.path == f"{ROOT}/.well-known/jwks.json":
            return json_response({"keys": self.doorbells.keys()})
        if found := _REPORTS.fullmatch(request.path):
            self._enter(request, found[1], REPORTS_ID, REPORTS_SECRET)
            # The pages after the first are not counted.
            return self._limited(self.reports_limit, counts=request.method == "POST") or self.reports.answer(
                found[2], request
            )
        found = _DATABASE.fullmatch(request.path)
        if found is None:
            raise ApiError(404, "")
        self._enter(request, found[1] or HOST, CLIENT_ID, self.secret)
        if request.headers.get("x-appfolio-developer-id") != DEVELOPER_ID:
            raise ApiError(401, "The header X-AppFolio-Developer-ID is missing or unknown.")
        if (refused := self._limited(self.database_limit)) is not None:
            return refused
        if self.maintenance:
            raise ApiError(533, "Data is unavailable during the maintenance window.")
        name = found[2]
        if name in self.forbidden:
            raise ApiError(403, "Your credentials do not have access to this endpoint.")
        if request.method == "POST" and name == "work_orders":
            return self._post(request)
        if name not in LISTS:
            raise ApiError(404, "")
        if request.method != "GET":
            raise ApiError(405, "This method is not allowed here.")
        return list_rows(self.world, name, request)

    @staticmethod
    def _enter(request: Request, host: str, ident: str, secret: str) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            raise ApiError(401, "HTTP Basic authentication is required.")
        try:
            given = b64decode(value, validate=True).decode()
        except ValueError:
            raise ApiError(401, "HTTP Basic authentication is required.") from None
        if host.lower() != HOST or given != f"{ident}:{secret}":
            raise ApiError(701, "Invalid credential.")

    def _limited(self, limit: Windows, *, counts: bool = True) -> Response | None:
        wait = limit.take() if self.limits_on and counts else 0
        return error_response(429, "Too many requests.", Retry_After=str(wait)) if wait else None

    def _post(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        if left := self._running.get(key, 0):
            self._running[key] = left - 1
            if left == 1:
                self.idempotency.forget(request)
        if (known := self.idempotency.begin(request)) is not None:
            return known
        trouble, hang = self._trouble, None
        if trouble is not None:
            hang = Response(b"", wire=WireFault("hang", trouble.seconds))
            if trouble.kind == "running":
                self._running[key] = trouble.times + 1
                self._trouble = None
                return hang
            trouble.times -= 1
            if trouble.times <= 0:
                self._trouble = None
            if trouble.kind == "hang":
                self.idempotency.forget(request)
                return hang
        try:
            response = create_work_order(self.world, request.json())
        except ApiError as error:
            response = error_response(error.status, error.message)
        except SandboxError as error:
            response = error_response(400, str(error))
        self.world.save()
        self.idempotency.finish(request, response)
        return hang or response
