"""The control endpoints below ``/_sandbox`` (JSON) and the page for a person at ``/``.

They are not part of any vendor's contract and need no token: the server listens on the loopback address only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from .buildium import KEYS
from .consent import STYLE, STYLE_PATH
from .faults import KINDS
from .human import control_page, run_form
from .wire import Json, Request, Response, SandboxError, html_response, json_response, redirect

if TYPE_CHECKING:
    from .server import SandboxServer


class Control:
    """Answers the control requests of one server."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self._routes: dict[tuple[str, str], Callable[[Json], Any]] = {
            ("GET", "state"): self._state,
            ("GET", "requests"): self._requests,
            ("POST", "requests/clear"): self._clear_requests,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("POST", "faults/clear"): self._clear_faults,
            ("GET", "records"): self._records,
            ("POST", "advance"): self._advance,
            ("POST", "edit"): self._edit,
            ("POST", "settings"): self._settings,
            ("POST", "grant"): self._grant,
            ("GET", "buildium/state"): self._buildium_state,
            ("POST", "buildium/edit"): self._buildium_edit,
            ("POST", "buildium/settings"): self._buildium_settings,
            ("POST", "tokens/expire"): self._expire,
            ("POST", "tokens/revoke"): self._revoke,
        }

    def handle(self, request: Request) -> Response | None:
        """Answer a control request, or None when it is for the vendor."""
        if request.method == "GET" and request.path == "/":
            return html_response(control_page(self.server, request.query.get("said", "")))
        if request.method == "POST" and request.path == "/":
            return redirect(run_form(self.server, request.form))
        if request.path == "/favicon.ico":
            return Response(b"", 204)
        if not request.path.startswith("/_sandbox/"):
            return None
        if request.path == STYLE_PATH:
            return Response(STYLE, 200, "text/css; charset=utf-8")
        if request.path.startswith("/_sandbox/appfolio/"):
            name = request.path.removeprefix("/_sandbox/appfolio/")
            args = dict(request.query) if request.method == "GET" else request.json()
            return json_response(self.server.appfolio.control(name, args))
        action = self._routes.get((request.method, request.path.removeprefix("/_sandbox/")))
        if action is None:
            return json_response({"error": f"No control at {request.method} {request.path}."}, 404)
        return json_response(action(dict(request.query) if request.method == "GET" else request.json()))

    def _state(self, _: Json) -> Json:
        server = self.server
        return {
            "vendor": server.vendor.slug, "ledger": server.vendor.ledger, "latency_ms": server.faults.latency_ms,
            "expires_in": server.oauth.tokens.expires_in, "rotate_refresh": server.oauth.tokens.rotate_refresh,
            "client_auth": server.oauth.settings.client_auth, "fault_kinds": KINDS,
            "operations": server.vendor.operations(),
            "faults": [fault.describe() for fault in server.faults.active()],
            "agencies": [
                {"index": agency.index, "id": agency.id, "name": agency.name,
                 "today": date.fromordinal(agency.today).isoformat(), **server.vendor.sizes(agency.index)}
                for agency in server.vendor.agencies
            ],
        }  # fmt: skip

    def _requests(self, args: Json) -> Json:
        log = self.server.requests
        entries = log.entries[-int(args.get("last", 100)) :]
        return {"counts": log.counts, "entries": [asdict(entry) for entry in entries]}

    def _clear_requests(self, _: Json) -> Json:
        self.server.requests.clear()
        return {"cleared": True}

    def _faults(self, _: Json) -> list[Json]:
        return [fault.describe() for fault in self.server.faults.active()]

    def _add_fault(self, args: Json) -> Json:
        known = ("kind", "path", "times", "skip", "method")
        params = {
            **args.get("params", {}),
            **{name: value for name, value in args.items() if name not in (*known, "params")},
        }
        fault = self.server.faults.add(
            str(args.get("kind", "")), str(args.get("path") or ""), times=args.get("times"),
            skip=int(args.get("skip") or 0),
            method=args.get("method"), **params,
        )  # fmt: skip
        return fault.describe()

    def _clear_faults(self, args: Json) -> list[Json]:
        self.server.faults.clear(args.get("id"))
        return self._faults({})

    def _records(self, args: Json) -> Any:
        vendor, resource = self.server.vendor, str(args.get("resource", "receipts"))
        if "record" in args:
            return vendor.record(resource, args["record"], args.get("agency"))
        return vendor.records(resource, args.get("agency"), int(args.get("offset", 0)), int(args.get("limit", 100)))

    def _advance(self, args: Json) -> Json:
        return self.server.vendor.advance(int(args.get("days", 1)), args.get("agency"))

    def _edit(self, args: Json) -> Json:
        operation = str(args.pop("op", ""))
        return {"op": operation, "result": self.server.vendor.edit(operation, **args)}

    def _settings(self, args: Json) -> Json:
        server = self.server
        for name, value in args.items():
            match name:
                case "ledger" if value in ("line", "derived"):
                    server.vendor.ledger = value
                case "latency_ms":
                    server.faults.latency_ms = float(value)
                case "expires_in":
                    server.oauth.tokens.expires_in = int(value)
                case "rotate_refresh":
                    server.oauth.tokens.rotate_refresh = bool(value)
                case "client_auth" if value in ("both", "basic", "post"):
                    server.oauth.settings.client_auth = value
                case _:
                    raise SandboxError(f"Unknown setting {name}={value!r}.")
        server.settings_changed()
        return self._state({})

    def _buildium_state(self, _: Json) -> Json:
        vendor = self.server.buildium
        return {
            "vendor": vendor.slug, "operations": vendor.operations(), "at_once": vendor.at_once,
            "per_second": vendor.per_second, "latency_ms": vendor.latency_ms, "withdrawn": sorted(vendor.withdrawn),
            "accounts": [
                {"index": place, "id": world.account, "name": world.name, "today": world.today.isoformat(),
                 "client_id": KEYS[place][0], "client_secret": KEYS[place][1], **vendor.sizes(place)}
                for place, world in enumerate(vendor.worlds)
            ],
        }  # fmt: skip

    def _buildium_edit(self, args: Json) -> Json:
        operation = str(args.pop("op", ""))
        return {"op": operation, "result": self.server.buildium.edit(operation, args.pop("account", 0), **args)}

    def _buildium_settings(self, args: Json) -> Json:
        vendor = self.server.buildium
        for name, value in args.items():
            match name:
                case "at_once" | "per_second":
                    setattr(vendor, name, int(value))
                case "latency_ms":
                    vendor.latency_ms = float(value)
                case "withdrawn":
                    vendor.withdrawn = set(value)
                case _:
                    raise SandboxError(f"Unknown setting {name}={value!r}.")
        return self._buildium_state({})

    def _grant(self, args: Json) -> Json:
        return self.server.grant(args.get("agency"), str(args.get("scope", "")))

    def _expire(self, _: Json) -> Json:
        return {"expired": self.server.expire_access_tokens()}

    def _revoke(self, args: Json) -> Json:
        return {"revoked": self.server.revoke(args.get("agency"))}
