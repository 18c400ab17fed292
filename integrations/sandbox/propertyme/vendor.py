"""PropertyMe as a sandbox vendor: its agencies, its ledger mode, and the way into its API."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson

from integrations.sandbox.mutations import Row
from integrations.sandbox.oauth import Account, OAuthSettings
from integrations.sandbox.tokens import Grant
from integrations.sandbox.wire import Request, Response, SandboxError, html_response

from . import edits, staff, tamper
from .api import LINE_ROUTES, ROUTES, STREAM_FROM, ApiError, encode, error_response, quotation
from .generator import build_agency
from .model import Lot
from .money_rows import bill_row, job_row, receipt_row
from .operations import OPERATIONS
from .rows import balance_row, contact_row, lot_row, tenancy_api_row
from .targets import pick_key
from .world import Agency

SCOPES = (
    "openid", "profile", "email", "offline_access", "property:read", "property:write", "contact:read", "contact:write",
    "activity:read", "activity:write", "communication:read", "communication:write", "transaction:read",
    "transaction:write", "tenancy:write", "customer:read", "customer:write", "form:write",
)  # fmt: skip
READ_SCOPE = "property:read contact:read activity:read transaction:read offline_access"
QUOTATIONS = re.compile(r"^/api/v1/jobtasks/([^/]+)/quotations$")
LIBRARY_AGENT = re.compile(
    r"^(python-requests|python-urllib3|python-httpx|aiohttp|go-http-client|java|okhttp|axios|node-fetch)\b", re.I
)
LIBRARY_AGENT_ALSO = re.compile(r"^(Python-urllib|Python/\d)", re.I)
CACHE_BYTES = 64 * 1024 * 1024
# Importing the modules registers their operations.
MODULES = (edits, staff, tamper)


class PropertyMeVendor:
    """The vendor with one or more agencies. ``agency`` is the first; ``agencies`` are all."""

    slug = "propertyme"
    title = "PropertyMe"

    def __init__(self, *, lots: int, years: float, seed: int, ledger: str, agencies: int, today: date) -> None:
        if ledger not in ("line", "derived"):
            raise SandboxError("ledger must be 'line' or 'derived'.")
        self.ledger = ledger
        self.agencies = [
            build_agency(
                index=n,
                lots=lots if n == 0 else max(4, min(12, lots // 3)),
                years=years,
                seed=seed,
                today=today.toordinal(),
            )
            for n in range(agencies)
        ]
        self.disconnected: Callable[[str], None] = lambda account: None
        self._cache: dict[tuple[int, str, str], tuple[int, bytes]] = {}
        self._cached = 0

    @property
    def agency(self) -> Agency:
        """The first agency, the one most tests mean."""
        return self.agencies[0]

    def find(self, which: int | str | None = None) -> Agency:
        """Return an agency by number, id or name; the first by default. Raises SandboxError when there is none."""
        for agency in self.agencies:
            if which in (None, agency.index, str(agency.index), agency.id, agency.name):
                return agency
        raise SandboxError(f"No agency {which!r}.")

    def advance(self, days: int = 1, agency: int | str | None = None) -> dict[str, int]:
        """Let days pass in one agency (by default in all); return what came into being in it (in the first)."""
        chosen = self.agencies if agency is None else [self.find(agency)]
        made = [one.advance(days=days) for one in chosen]
        return made[0]

    def edit(self, operation: str, /, agency: int | str | None = None, **arguments: Any) -> Any:
        """Run one of the operations (``edits``, ``staff``, ``tamper``) on an agency, the first by default."""
        return self.find(agency).edit(operation, **arguments)

    def records(self, resource: str, agency: int | str | None = None, offset: int = 0, limit: int = 100) -> list[Row]:
        """Return rows as the API would show them, without a request; archived lots and closed tenancies too."""
        world = self.find(agency)
        with world.lock:
            stop = offset + limit
            match resource:
                case "receipts":
                    return [receipt_row(world, key) for key in world.receipts.slice(offset, stop)]
                case "bills":
                    return [bill_row(world, key) for key in world.bills.slice(offset, stop)]
                case "lots":
                    rows = [
                        lot_row(world, lot, archived_list=lot.archived is not None) for lot in world.lots[offset:stop]
                    ]
                case "contacts":
                    rows = [contact_row(world, contact) for contact in world.contacts[offset:stop]]
                case "tenancies":
                    rows = [tenancy_api_row(world, tenancy) for tenancy in world.tenancies[offset:stop]]
                case "balances":
                    rows = [balance_row(world, tenancy) for tenancy in world.tenancies[offset:stop]]
                case "jobs":
                    rows = [job_row(world, job) for job in world.jobs[offset:stop]]
                case _:
                    raise SandboxError(f"Unknown resource {resource!r}.")
            return world.listed(resource, rows)

    def record(self, resource: str, record: str, agency: int | str | None = None) -> Row:
        """Return one row by id. Raises SandboxError when there is none."""
        world = self.find(agency)
        with world.lock:
            if resource in ("receipts", "bills"):
                key = pick_key(world, resource, record)
                return receipt_row(world, key) if resource == "receipts" else bill_row(world, key)
            return self.records(resource, agency, world.number(resource, record), 1)[0]

    def sizes(self, agency: int | str | None = None) -> dict[str, int]:
        """Return how many records of each kind an agency holds."""
        world = self.find(agency)
        live: list[Lot] = [lot for lot in world.lots if lot.archived is None]
        return {
            "lots": len(live), "archived": len(world.lots) - len(live), "contacts": len(world.contacts),
            "tenancies": len(world.tenancies), "jobs": len(world.jobs), "receipts": len(world.receipts),
            "bills": len(world.bills),
        }  # fmt: skip

    @staticmethod
    def operations() -> tuple[str, ...]:
        """Return the names of all operations."""
        return tuple(sorted(OPERATIONS))

    # --- for the server -------------------------------------------------------------------------------------------
    def oauth_settings(self) -> OAuthSettings:
        """Return what the authorisation server accepts."""
        return OAuthSettings(self.title, SCOPES)

    def accounts(self) -> list[Account]:
        """Return the agencies a person may connect."""
        return [Account(a.id, a.name, f"{len(a.lots)} properties, reference {a.code}") for a in self.agencies]

    def error(self, status: int, code: str, message: str) -> Response:
        """Return an error in the published shape."""
        return error_response(status, code, message)

    def edge(self, request: Request) -> Response | None:
        """Refuse default library user agents, as the vendor's edge does."""
        agent = request.headers.get("user-agent", "")
        if agent and not LIBRARY_AGENT.match(agent) and not LIBRARY_AGENT_ALSO.match(agent):
            return None
        return html_response("<html><body><h1>403 Forbidden</h1><p>Automated client refused.</p></body></html>", 403)

    def handle(self, request: Request, grant: Grant | None) -> Response | None:
        """Answer a request below ``/api``, or None when it is for another part."""
        if not request.path.startswith("/api/"):
            return None
        if grant is None:
            response = error_response(401, "TokenException", "The access token is missing, expired or revoked.")
            response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return response
        accepted = request.headers.get("accept", "*/*")
        if "application/json" not in accepted and "*/*" not in accepted:
            return error_response(406, "NotAcceptable", "Send Accept: application/json.")
        try:
            return self._route(request, grant)
        except ApiError as error:
            return error_response(error.status, error.code, error.message, error.field)

    def _route(self, request: Request, grant: Grant) -> Response:
        path = request.path.rstrip("/")
        agency = self.find(grant.account)
        if (request.method, path) == ("DELETE", "/api/v1/portfolios/disconnect"):
            self.disconnected(grant.account)
            return Response(b'{"IsSuccessful":true}')
        job = QUOTATIONS.match(path)
        route = ROUTES.get(path) or (LINE_ROUTES.get(path) if self.ledger == "line" else None)
        if path == "/api/v1/bills" and route is None:
            raise ApiError(405, "MethodNotAllowed", "GET is not supported for bills")
        if route is None and job is None:
            raise ApiError(404, "NotFound", f"No resource at {path}")
        if request.method != "GET":
            raise ApiError(405, "MethodNotAllowed", f"{request.method} is not supported here")
        scope = route[0] if route else "activity:read"
        if not grant.allows(scope):
            raise ApiError(403, "Forbidden", f"The auth token must contain a scope of {scope}.")
        if job is not None or route is None:
            with agency.lock:
                return Response(orjson.dumps(quotation(agency, job.group(1) if job else "")))
        return self._answer(agency, request, route[1])

    def _answer(self, agency: Agency, request: Request, build: Callable[[Agency, Request], Any]) -> Response:
        """Build an answer, or take it from the cache: between two operations the same question has the same answer."""
        place = (agency.index, request.path, request.raw_query)
        with agency.lock:
            version, body = self._cache.get(place, (-1, b""))
            if version == agency.version:
                return Response(body)
            version = agency.version
            rows = build(agency, request)
        if isinstance(rows, list) and len(rows) > STREAM_FROM:
            return Response(encode(rows))
        if not isinstance(rows, list | dict):
            if len(agency.bills) > STREAM_FROM:
                return Response(rows)
            body = b"".join(rows)
        else:
            body = orjson.dumps(rows)
        with agency.lock:
            if self._cached + len(body) > CACHE_BYTES:
                self._cache.clear()
                self._cached = 0
            if len(body) < CACHE_BYTES // 4:
                self._cache[place] = (version, body)
                self._cached += len(body)
        return Response(body)
