"""Buildium as a sandbox vendor: its accounts behind keys, its limits, its errors."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.sandbox.state import Journal
from integrations.sandbox.wire import Request, Response, SandboxError, json_response

from . import life
from .api import ApiError, answer
from .staff import OPERATIONS, catch_up, find
from .world import World

PREFIX = "/buildium"
# Client id and secret of each account.
KEYS = (
    ("buildium-sandbox-id", "buildium-sandbox-secret"),
    ("buildium-sandbox-id-2", "buildium-sandbox-secret-2"),
)
NAMES = ("Lone Oak Property Management", "Second Street Rentals")
LONGEST_QUERY = 4096
AT_ONCE = 10


class BuildiumVendor:
    """The vendor with two accounts. Its limits: ``at_once`` requests in flight, and ``per_second`` where it is set.

    Buildium says "10 concurrent requests per second". In flight is what is always held; a test or a person can also
    hold the other reading, ten begun within any second.
    """

    slug = "buildium"
    title = "Buildium"

    def __init__(self, *, rentals: int, years: float, seed: int, today: date) -> None:
        first = today - timedelta(days=round(years * 365))
        self.worlds = [
            World(account=70_001 + place, name=name, seed=seed, first_day=first) for place, name in enumerate(NAMES)
        ]
        for place, world in enumerate(self.worlds):
            life.begin(world, rentals=rentals if place == 0 else max(2, rentals // 3))
            catch_up(world, until=today.isoformat())
            world.is_live = True
        self.at_once, self.per_second = AT_ONCE, 0
        # Lists that answer 410, and how long each answer takes; a request counts as in flight all that time.
        self.withdrawn: set[str] = set()
        self.latency_ms = 0.0
        self.journal: Callable[[int, str, dict[str, Any], int], None] = lambda *_: None
        self.clock: Callable[[], float] = time.monotonic
        self._guard = threading.Lock()
        self._in_flight = 0
        self._begun: deque[float] = deque()
        self.most_at_once = 0

    @property
    def world(self) -> World:
        """The first account, the one most tests mean."""
        return self.worlds[0]

    def edit(self, operation: str, /, account: int = 0, **arguments: Any) -> Any:
        """Do one of the operations (``staff``) to an account, and remember it. Raises SandboxError."""
        try:
            world = self.worlds[int(account)]
        except IndexError:
            raise SandboxError(f"There is no account {account!r}.") from None
        with world.lock:
            result = find(operation, world, arguments)(world, **arguments)
            self.journal(int(account), operation, arguments, 0)
        return result

    def sizes(self, account: int = 0) -> dict[str, int]:
        """How many records of each kind an account holds."""
        world = self.worlds[account]
        kinds = ("rentals", "units", "leases", "transactions", "workorders", "bills")
        return {kind: len(world.tables[kind]) for kind in kinds}

    @staticmethod
    def operations() -> tuple[str, ...]:
        """The names of all operations."""
        return tuple(sorted(OPERATIONS))

    def error(self, status: int, code: str, message: str) -> Response:
        """An error in the published shape."""
        return json_response({"UserMessage": message, "ErrorCode": code, "Errors": []}, status)

    def handle(self, request: Request) -> Response | None:
        """Answer a request below ``/buildium``, or None when it is for another vendor."""
        if not request.path.startswith(f"{PREFIX}/"):
            return None
        if not self._enter():
            return self.error(429, "TooManyRequests", "Too many concurrent requests.")
        try:
            return self._answer(request)
        except ApiError as error:
            found = [{"Key": error.key, "Value": error.message}] if error.key else []
            body = {"UserMessage": error.message, "ErrorCode": str(error.status), "Errors": found}
            return json_response(body, error.status)
        finally:
            self._leave()

    def _answer(self, request: Request) -> Response:
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        world = self._world_of(request)
        if world is None:
            return self.error(401, "Unauthorized", "Your API keys are not valid.")
        if len(request.raw_query) > LONGEST_QUERY:
            return self.error(500, "InternalServerError", "An unexpected error occurred.")
        path = request.path.removeprefix(f"{PREFIX}/v1/")
        if path == request.path:
            raise ApiError(404, "The resource you requested could not be found.")
        if path in self.withdrawn:
            raise ApiError(410, "This resource is no longer available.")
        if request.method != "GET":
            raise ApiError(405, f"{request.method} is not supported here.")
        with world.lock:
            body, total = answer(world, request, path)
            response = json_response(body)
        if total is not None:
            response.headers["X-Total-Count"] = str(total)
        return response

    def _world_of(self, request: Request) -> World | None:
        given = (request.headers.get("x-buildium-client-id"), request.headers.get("x-buildium-client-secret"))
        return next((world for world, keys in zip(self.worlds, KEYS, strict=True) if keys == given), None)

    # --- limits ---------------------------------------------------------------------------------------------------
    def _enter(self) -> bool:
        now = self.clock()
        with self._guard:
            self._in_flight += 1
            while self._begun and now - self._begun[0] >= 1:
                self._begun.popleft()
            self._begun.append(now)
            self.most_at_once = max(self.most_at_once, self._in_flight)
            refused = self._in_flight > self.at_once or bool(self.per_second and len(self._begun) > self.per_second)
            if refused:
                self._in_flight -= 1
                self._begun.pop()
            return not refused

    def _leave(self) -> None:
        with self._guard:
            self._in_flight -= 1


def open_vendor(*, rentals: int, years: float, seed: int, today: date, state: Path | None) -> BuildiumVendor:
    """The vendor; with ``state`` its edits and the passing of its days survive a restart.

    A kept world is built again as it began, what was done to it is done again, and then the days pass that it missed.
    """
    journal = Journal(state and state.with_name(f"{state.stem}-buildium{state.suffix}"))
    saved = journal.load()
    world = saved.world or {"rentals": rentals, "years": years, "seed": seed, "today": today.isoformat()}
    vendor = BuildiumVendor(**{**world, "today": date.fromisoformat(world["today"])})
    for entry in saved.operations:
        vendor.edit(entry["name"], entry["agency"], **entry["arguments"])
    journal.rewrite(world, saved.operations, None, None)
    vendor.journal = journal.operation
    if state is not None:
        for account in range(len(vendor.worlds)):
            if vendor.worlds[account].today < datetime.now(UTC).date():
                vendor.edit("catch_up", account, until=datetime.now(UTC).date().isoformat())
    return vendor
