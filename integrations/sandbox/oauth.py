"""A vendor-neutral OAuth 2.0 server: consent page, code flow with PKCE, refresh, revocation, discovery."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from .consent import consent_page, problem_page
from .tokens import Grant, TokenStore
from .wire import Request, Response, html_response, json_response, redirect


@dataclass(frozen=True)
class Account:
    """Something a person can connect: an agency, a company file."""

    id: str
    name: str
    detail: str


@dataclass
class OAuthSettings:
    """What the vendor's authorisation server accepts."""

    vendor: str
    scopes: tuple[str, ...]
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-secret"  # noqa: S105  a published test credential
    client_auth: str = "both"  # "both", "basic" or "post"


class OAuthServer:
    """Endpoints below ``/connect`` and the discovery document."""

    def __init__(
        self, settings: OAuthSettings, accounts: Callable[[], list[Account]], changed: Callable[[], None]
    ) -> None:
        self.settings = settings
        self.accounts = accounts
        self.changed = changed
        self.tokens = TokenStore()
        self.lock = threading.RLock()

    def handle(self, request: Request) -> Response | None:
        """Answer a request for this server, or None when it is for another part."""
        route = (request.method, request.path)
        with self.lock:
            match route:
                case ("GET", "/.well-known/openid-configuration"):
                    return self._discovery(request)
                case ("GET", "/connect/authorize"):
                    return self._authorize(request)
                case ("POST", "/connect/authorize"):
                    return self._decide(request)
                case ("POST", "/connect/token"):
                    return self._token(request)
                case ("POST", "/connect/revocation"):
                    return self._revocation(request)
        return None

    def authenticate(self, request: Request) -> Grant | None:
        """Return the grant of the request's bearer token, if it is good."""
        with self.lock:
            return self.tokens.find_access(bearer(request))

    def expire(self, request: Request) -> None:
        """Invalidate the access token that a request carries."""
        with self.lock:
            self.tokens.access.pop(bearer(request), None)
        self.changed()

    def grant_directly(self, account: str, scope: str = "") -> dict[str, Any]:
        """Return tokens as if a person had approved: for demo data and tests that are not about consent."""
        with self.lock:
            body = self.tokens.answer(self.tokens.new_grant(account, scope or " ".join(self.settings.scopes)))
        self.changed()
        return body

    def _discovery(self, request: Request) -> Response:
        base = request.base_url
        return json_response(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/connect/authorize",
                "token_endpoint": f"{base}/connect/token",
                "revocation_endpoint": f"{base}/connect/revocation",
                "scopes_supported": list(self.settings.scopes),
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def _check_authorize(self, query: dict[str, str], base: str) -> Response | None:
        """Return the refusal of an authorisation request, or None when it is sound.

        Until client and redirect address are known to be good, the browser is not sent anywhere (RFC 6749 4.1.2.1).
        """
        target = urlsplit(query.get("redirect_uri", ""))
        if query.get("client_id") != self.settings.client_id:
            return html_response(problem_page("Unknown application", "No application has this client id."), 400)
        if target.scheme not in ("http", "https") or not target.netloc or target.fragment:
            return html_response(
                problem_page("Bad return address", "redirect_uri must be an absolute web address."), 400
            )
        scopes = query.get("scope", "").split()
        problem = ""
        if query.get("response_type") != "code":
            problem = "unsupported_response_type"
        elif not scopes or not set(scopes) <= set(self.settings.scopes):
            problem = "invalid_scope"
        elif query.get("code_challenge_method", "plain") not in ("plain", "S256"):
            problem = "invalid_request"
        return self._return(query, base, error=problem) if problem else None

    def _return(self, query: dict[str, str], base: str, **values: str) -> Response:
        uri = query["redirect_uri"]
        pairs = {**values, "iss": base}
        if "state" in query:
            pairs["state"] = query["state"]
        joiner = "&" if parse_qs(urlsplit(uri).query) else "?"
        return redirect(uri + joiner + urlencode(pairs))

    def _authorize(self, request: Request) -> Response:
        refusal = self._check_authorize(request.query, request.base_url)
        if refusal is not None:
            return refusal
        return html_response(consent_page(self.settings.vendor, request.query, self.accounts()))

    def _decide(self, request: Request) -> Response:
        form = request.form
        refusal = self._check_authorize(form, request.base_url)
        if refusal is not None:
            return refusal
        if form.get("decision") != "approve":
            return self._return(form, request.base_url, error="access_denied")
        known = {account.id for account in self.accounts()}
        if form.get("account") not in known:
            return html_response(problem_page("No agency chosen", "Go back and choose the agency to connect."), 400)
        method = form.get("code_challenge_method", "plain")
        code = self.tokens.new_code(
            form["account"], form["scope"], form["redirect_uri"], form.get("code_challenge", ""), method
        )
        return self._return(form, request.base_url, code=code.value)

    def _client_error(self, request: Request) -> Response | None:
        """Return the refusal of the client's credentials, or None when they are right."""
        header, form, mode = request.headers.get("authorization", ""), request.form, self.settings.client_auth
        if header.lower().startswith("basic "):
            try:
                pair = base64.b64decode(header[6:], validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return _refuse("invalid_client")
            client_id, _, secret = (unquote_plus(part) for part in pair.partition(":"))
            used = "basic"
        else:
            client_id, secret, used = form.get("client_id", ""), form.get("client_secret", ""), "post"
        if mode not in ("both", used):
            return _refuse("invalid_request")
        right = hmac.compare_digest(client_id.encode(), self.settings.client_id.encode())
        right &= hmac.compare_digest(secret.encode(), self.settings.client_secret.encode())
        return None if right else _refuse("invalid_client")

    def _token(self, request: Request) -> Response:
        refusal = self._client_error(request)
        if refusal is not None:
            return refusal
        form = request.form
        match form.get("grant_type"):
            case "authorization_code":
                grant = self._redeem(form)
            case "refresh_token":
                grant = self.tokens.use_refresh(form.get("refresh_token", ""))
            case _:
                return _refuse("unsupported_grant_type")
        self.changed()
        return _refuse("invalid_grant") if grant is None else _no_store(self.tokens.answer(grant))

    def _redeem(self, form: dict[str, str]) -> Grant | None:
        """Return the grant for a code. A second use of a code ends the grant of its first use (RFC 6749 4.1.2)."""
        code = self.tokens.codes.get(form.get("code", ""))
        if code is None or code.expires_at <= self.tokens.now() or code.redirect_uri != form.get("redirect_uri"):
            return None
        if code.grant:
            self.tokens.end(self.tokens.grants[code.grant])
            return None
        if code.challenge and not _verifies(code.challenge, code.challenge_method, form.get("code_verifier", "")):
            return None
        grant = self.tokens.new_grant(code.account, code.scope)
        code.grant = grant.id
        return grant

    def _revocation(self, request: Request) -> Response:
        refusal = self._client_error(request)
        if refusal is not None:
            return refusal
        self.tokens.revoke(request.form.get("token", ""))
        self.changed()
        return Response(b"", 200)


def bearer(request: Request) -> str:
    """Return the bearer token of a request, or an empty string."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _no_store(body: dict[str, Any], status: int = 200) -> Response:
    response = json_response(body, status)
    response.headers |= {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return response


def _refuse(code: str) -> Response:
    return _no_store({"error": code}, 400)


def _verifies(challenge: str, method: str, verifier: str) -> bool:
    if method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(challenge.encode(), verifier.encode())
