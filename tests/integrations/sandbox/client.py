"""A plain client of the sandbox, as an outside program would be."""

from __future__ import annotations

import base64
import hashlib
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from integrations.sandbox import SandboxServer

REDIRECT = "http://127.0.0.1:9/callback"
SCOPE = "property:read contact:read activity:read transaction:read offline_access"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
BASIC = ("sandbox-client", "sandbox-secret")


class Client:
    """Speaks to one sandbox with one connection and, where it was granted, a token."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": "sandbox-tests/1", "Accept": "application/json"})

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def granted(self, agency: int = 0, scope: str = "") -> Client:
        """Take a token without consent."""
        self.bear(self.server.grant(agency, scope)["access_token"])
        return self

    def bear(self, token: str) -> None:
        """Send this token from now on."""
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, timeout: float = 10, **query: Any) -> requests.Response:
        """GET below ``/api/v1``."""
        return self.session.get(f"{self.server.api_url}/v1/{path}", params=query, timeout=timeout)

    def rows(self, path: str, **query: Any) -> Any:
        """GET that must succeed, decoded."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.text
        return response.json()

    def receipts(self, page: int = 500, **query: Any) -> list[dict[str, Any]]:
        """Read all receipts, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            rows = self.rows("dashboards/transactions", Offset=len(found), Limit=page, **query)
            found += rows
            if len(rows) < page:
                return found

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Use a control endpoint: POST with a body, else GET."""
        url = f"{self.server.url}/_sandbox/{path}"
        response = self.session.get(url, timeout=10) if body is None else self.session.post(url, json=body, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    def authorize(self, **changes: str | None) -> requests.Response:
        """Open the consent page."""
        return self.session.get(
            f"{self.server.url}/connect/authorize", params=self.query(**changes), allow_redirects=False
        )

    def query(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a sound authorisation request, with changes; None leaves one out."""
        sound: dict[str, str | None] = {
            "client_id": BASIC[0], "redirect_uri": REDIRECT, "response_type": "code", "scope": SCOPE, "state": "s-1",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
        return {name: value for name, value in (sound | changes).items() if value is not None}

    def decide(self, decision: str = "approve", agency: int = 0, **changes: str | None) -> dict[str, str]:
        """Press a button of the consent page and return the parameters sent to the redirect address."""
        form = self.query(**changes) | {"decision": decision, "account": self.server.vendor.agencies[agency].id}
        response = self.session.post(f"{self.server.url}/connect/authorize", data=form, allow_redirects=False)
        assert response.status_code == 303, response.text
        assert response.headers["Location"].startswith(REDIRECT)
        return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}

    def token(self, auth: tuple[str, str] | None = BASIC, **form: str) -> requests.Response:
        """POST to the token endpoint, without the bearer token of the API calls."""
        with requests.Session() as session:
            session.headers["User-Agent"] = "sandbox-tests/1"
            return session.post(f"{self.server.url}/connect/token", data=form, auth=auth, timeout=10)

    def redeem(self, code: str, verifier: str = VERIFIER, **changes: str) -> requests.Response:
        """Exchange a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
        return self.token(**(form | changes))
