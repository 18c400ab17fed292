"""One sandbox vendor behind one address: OAuth, API, faults and controls put together."""

from __future__ import annotations

import threading
import time
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from .appfolio import AppFolioVendor
from .buildium import PREFIX, BuildiumVendor, open_vendor
from .control import Control
from .effects import replacement, rewrite, transform
from .faults import FaultBoard
from .httpd import Listener, RequestLog
from .oauth import OAuthServer
from .propertyme import READ_SCOPE, PropertyMeVendor
from .state import Journal
from .wire import Request, Response

FIXED_TODAY = date(2026, 6, 30)


class OtherVendor(Protocol):
    """A vendor below an address of its own, with a way in of its own."""

    def handle(self, request: Request) -> Response | None: ...

    def error(self, status: int, code: str, message: str) -> Response: ...


class SandboxServer:
    """A sandbox vendor on its own port, for tests as a context manager, for the demo as a process.

    ``url`` is the address of everything, ``api_url`` that of the API. ``vendor`` reaches into the agencies, ``oauth``
    into the grants, ``faults`` is the switch board, ``requests`` the log. With ``state`` the seed, the passing of days,
    the edits and the tokens survive a restart; what the file says then wins over the arguments.
    """

    def __init__(
        self, *, lots: int = 40, years: float = 2, seed: int = 7, ledger: str = "line", agencies: int = 2,
        today: date = FIXED_TODAY, appfolio_units: int = 24, host: str = "127.0.0.1", port: int = 0,
        state: Path | None = None,
    ) -> None:  # fmt: skip
        self.host, self.port = host, port
        self.journal = Journal(state)
        world: dict[str, Any] = {
            "lots": lots,
            "years": years,
            "seed": seed,
            "agencies": agencies,
            "today": today.isoformat(),
        }
        saved = self.journal.load()
        world = saved.world or world
        today = date.fromisoformat(world["today"])
        self.vendor = PropertyMeVendor(**{**world, "today": today}, ledger=ledger)
        self.oauth = OAuthServer(self.vendor.oauth_settings(), self.vendor.accounts, self._tokens_changed)
        self.faults = FaultBoard()
        self.requests = RequestLog()
        self.control = Control(self)
        self._building = threading.Lock()
        self._made_buildium: BuildiumVendor | None = None
        self._make_buildium = partial(
            open_vendor, rentals=max(2, lots // 2), years=min(years, 2), seed=seed, today=today, state=state
        )
        # It keeps what happened in a file of its own.
        beside = state.with_name(f"{state.stem}-appfolio.json") if state else None
        self._made_appfolio: AppFolioVendor | None = None
        self._make_appfolio = partial(
            AppFolioVendor, units=appfolio_units, seed=world["seed"], today=today, state=beside
        )
        self._restore(world, saved.operations, saved.oauth, saved.settings)
        self.vendor.disconnected = self._disconnected
        self._listener: Listener | None = None

    def _restore(
        self,
        world: dict[str, Any],
        operations: list[dict[str, Any]],
        oauth: dict[str, Any] | None,
        settings: dict[str, Any] | None,
    ) -> None:
        for entry in operations:
            self.vendor.agencies[entry["agency"]].run(
                entry["name"], replayed_stamp=entry["stamp"], **entry["arguments"]
            )
        if oauth:
            self.oauth.tokens.load(oauth)
        if settings:
            self.vendor.ledger = settings["ledger"]
            self.oauth.settings.client_auth = settings["client_auth"]
        self.journal.rewrite(world, operations, oauth, settings)
        for agency in self.vendor.agencies:
            agency.journal = self.journal.operation

    def _disconnected(self, account: str) -> None:
        self.revoke(account)

    def _tokens_changed(self) -> None:
        with self.oauth.lock:
            self.journal.oauth(self.oauth.tokens.dump())

    def settings_changed(self) -> None:
        """Remember the switches that survive a restart."""
        self.journal.settings({"ledger": self.vendor.ledger, "client_auth": self.oauth.settings.client_auth})

    # --- running --------------------------------------------------------------------------------------------------
    @property
    def url(self) -> str:
        """The address of the server; valid once it has started."""
        return f"http://{self.host}:{self.port}"

    @property
    def buildium(self) -> BuildiumVendor:
        """The other vendor at this address, made when somebody first asks for it."""
        with self._building:
            if self._made_buildium is None:
                self._made_buildium = self._make_buildium()
            return self._made_buildium

    @property
    def buildium_url(self) -> str:
        """The value for BUILDIUM_API_URL."""
        return f"{self.url}{PREFIX}"

    @property
    def appfolio(self) -> AppFolioVendor:
        """One more vendor at this address, made when somebody first asks for it."""
        with self._building:
            if self._made_appfolio is None:
                self._made_appfolio = self._make_appfolio()
            return self._made_appfolio

    @property
    def appfolio_settings(self) -> dict[str, str]:
        """The values for APPFOLIO_API_URL and the others."""
        root = f"{self.url}/appfolio"
        return {
            "APPFOLIO_API_URL": f"{root}/api/v0",
            "APPFOLIO_OWN_API_URL": f"{root}/hosts/{{host}}/api/v0",
            "APPFOLIO_REPORTS_URL": f"{root}/hosts/{{reports_host}}/api/v2/reports",
            "APPFOLIO_JWKS_URL": f"{root}/.well-known/jwks.json",
        }

    @property
    def api_url(self) -> str:
        """The value for PROPERTYME_API_URL; PROPERTYME_AUTH_URL is ``url``."""
        return f"{self.url}/api"

    def start(self) -> SandboxServer:
        """Listen. After ``stop`` the same port is used again, so that an outage can be played."""
        self._listener = Listener((self.host, self.port), self.respond)
        self.port = int(self._listener.server_address[1])
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), name="sandbox", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- shortcuts for tests --------------------------------------------------------------------------------------
    def grant(self, agency: int | str | None = None, scope: str = "") -> dict[str, Any]:
        """Return a token answer as if a person had approved; the read scopes and offline_access by default."""
        return self.oauth.grant_directly(self.vendor.find(agency).id, scope or READ_SCOPE)

    def expire_access_tokens(self) -> int:
        """Expire every access token now; refresh tokens stay."""
        with self.oauth.lock:
            count = self.oauth.tokens.expire_access()
        self._tokens_changed()
        return count

    def revoke(self, agency: int | str | None = None) -> int:
        """Revoke every grant of an agency, or of all."""
        account = None if agency is None else self.vendor.find(agency).id
        with self.oauth.lock:
            count = self.oauth.tokens.end_account(account)
        self._tokens_changed()
        return count

    # --- answering ------------------------------------------------------------------------------------------------
    def respond(self, request: Request) -> Response:
        """Answer one request, letting the faults that are on act upon it."""
        own = self.control.handle(request)
        if own is not None:
            return own
        if self.faults.latency_ms:
            time.sleep(self.faults.latency_ms / 1000)
        hits = self.faults.take(request)
        other = self._other(request.path)
        response = self._refused_or_replaced(request, hits, other)
        if response is None:
            seen = request
            for fault in hits:
                seen = rewrite(fault, seen)
            if other is not None:
                response = other.handle(seen)
            else:
                response = self.oauth.handle(seen) or self.vendor.handle(seen, self.oauth.authenticate(seen))
            if response is None:
                response = self.vendor.error(404, "NotFound", f"No resource at {request.path}")
            for fault in hits:
                response = transform(fault, response)
        self.requests.add(request, response.status, ",".join(fault.kind for fault in hits))
        return response

    def _other(self, path: str) -> OtherVendor | None:
        if path.startswith(f"{PREFIX}/"):
            return self.buildium
        return self.appfolio if path.startswith("/appfolio/") else None

    def _refused_or_replaced(self, request: Request, hits: list[Any], other: OtherVendor | None) -> Response | None:
        refused = self.vendor.edge(request) if other is None else None
        if refused is not None:
            return refused
        for fault in hits:
            response = replacement(fault, other or self.vendor, lambda: self.oauth.expire(request))
            if response is not None:
                return response
        return None
