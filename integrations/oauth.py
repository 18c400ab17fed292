"""OAuth 2.0 for providers: authorise with PKCE (S256), exchange the code, refresh, revoke. Knows no database.

Addresses and credentials come from the operator's settings. requests-oauthlib refuses plain http, and so do we, except
for the sandbox vendor on this machine: its address is given to the library as https and sent as http by an adapter
that serves loopback hosts alone. No switch that would loosen the rule for other hosts is touched.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from django.utils import timezone
from oauthlib.oauth2 import OAuth2Error, WebApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from integrations import registry
from integrations.errors import ContractChanged, IntegrationError, Misconfigured, ReauthRequired, TransientError
from integrations.http import USER_AGENT, HttpClient, bind_session
from integrations.specs import ProviderSpec
from integrations.wire import BoundedAdapter, Limits, error_for_status, is_loopback, is_trusted_address, retry_after

# These libraries write whole tokens to their debug log.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)

# A person waits for these calls, or a row lock does: shorter than for data.
LIMITS = Limits(connect=5, read=10, total=20, max_body=1024 * 1024)
ATTEMPTS = 3
BACKOFF_BASE = 1.0


@dataclass(frozen=True, slots=True)
class TokenSet:
    """An answer of the token endpoint. `refresh_token` is blank where none was sent."""

    access_token: str
    refresh_token: str
    expires_at: datetime | None
    scopes: tuple[str, ...]


class OAuthClient:
    """Our side of one provider's authorisation server.

    Raises Misconfigured when our credentials are missing or refused (`invalid_client`), ReauthRequired when the code or
    the refresh token is (`invalid_grant`), TransientError for everything that may work later.
    """

    def __init__(self, spec: ProviderSpec, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._spec = spec
        self._sleep = sleep
        self._base = registry.setting(spec, "AUTH_URL").rstrip("/")
        self._client_id = registry.setting(spec, "CLIENT_ID")
        self._secret = registry.setting(spec, "CLIENT_SECRET")
        if not registry.is_configured(spec):
            raise Misconfigured(detail=f"{spec.settings_prefix}_CLIENT_ID and _CLIENT_SECRET are not both set.")
        if not is_trusted_address(self._base):
            raise Misconfigured(detail=f"{spec.settings_prefix}_AUTH_URL {self._base!r} is not an https address.")

    def authorize_url(self, *, state: str, code_verifier: str, redirect_uri: str) -> str:
        """Where to send the browser for consent."""
        client = WebApplicationClient(self._client_id)
        address: str = client.prepare_request_uri(
            _as_https(self._base + self._spec.authorize_path),
            redirect_uri=redirect_uri,
            scope=list(self._spec.scopes),
            state=state,
            code_challenge=client.create_code_challenge(code_verifier, "S256"),
            code_challenge_method="S256",
        )
        return _as_http(address) if is_loopback(self._base) else address

    def exchange(self, *, code: str, code_verifier: str, redirect_uri: str) -> TokenSet:
        """Tokens for a code. Tried once: a code is good for one use."""
        with self._session(redirect_uri) as session:
            return self._tokens(
                lambda: session.fetch_token(
                    self._token_url, code=code, code_verifier=code_verifier, **self._credentials(), timeout=None
                ),
                attempts=1,
            )

    def refresh(self, refresh_token: str) -> TokenSet:
        """New tokens for a refresh token, after up to three attempts."""
        credentials = self._credentials()
        credentials.pop("include_client_id", None)
        if "client_secret" in credentials:
            credentials["client_id"] = self._client_id
        with self._session() as session:
            return self._tokens(
                lambda: session.refresh_token(self._token_url, refresh_token=refresh_token, **credentials),
                attempts=ATTEMPTS,
            )

    def revoke(self, token: str) -> None:
        """End a grant by its token (RFC 7009). An answer of any kind but an error is success."""
        form = {"token": token, "token_type_hint": "refresh_token"}
        auth: tuple[str, str] | None = None
        if self._is_basic:
            auth = (quote(self._client_id, safe=""), quote(self._secret, safe=""))
        else:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        with HttpClient(self._base, limits=LIMITS, sleep=self._sleep) as http:
            http.post_form(self._spec.revoke_path, form, auth=auth, attempts=2)

    @property
    def _is_basic(self) -> bool:
        return registry.setting(self._spec, "CLIENT_AUTH") != "post"

    @property
    def _token_url(self) -> str:
        return _as_https(self._base + self._spec.token_path)

    def _credentials(self) -> dict[str, Any]:
        if self._is_basic:
            # RFC 6749 2.3.1: both parts are form-encoded before they are joined by a colon.
            return {"auth": HTTPBasicAuth(quote(self._client_id, safe=""), quote(self._secret, safe=""))}
        return {"include_client_id": True, "client_secret": self._secret}

    def _session(self, redirect_uri: str | None = None) -> OAuth2Session:
        session = OAuth2Session(client=WebApplicationClient(self._client_id), redirect_uri=redirect_uri)
        bind_session(session, LIMITS, base_url=self._base)
        session.headers["User-Agent"] = USER_AGENT
        # The library follows redirects; an authorisation server that answers one is not where our secret belongs.
        session.max_redirects = 0
        if is_loopback(self._base):
            session.mount(_as_https(self._base) + "/", _LoopbackAdapter(LIMITS))
        for hook in ("access_token_response", "refresh_token_response"):
            session.register_compliance_hook(hook, _refuse_failures)
        return session

    def _tokens(self, call: Callable[[], Mapping[str, Any]], *, attempts: int) -> TokenSet:
        for attempt in range(1, attempts + 1):
            try:
                return _token_set(self._called(call))
            except TransientError:
                if attempt == attempts:
                    raise
                self._sleep(random.uniform(0, BACKOFF_BASE * 2**attempt))  # noqa: S311  # full jitter
        raise AssertionError("unreachable")

    def _called(self, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        try:
            return call()
        except InvalidGrantError as error:
            raise ReauthRequired(detail=f"invalid_grant: {error.description or ''}") from error
        except InvalidClientError as error:
            raise Misconfigured(detail=f"invalid_client: {error.description or ''}") from error
        except OAuth2Error as error:
            self._other(error)
        except requests.RequestException as error:
            raise TransientError(detail=f"{self._spec.token_path}: {type(error).__name__}: {error}") from error

    def _other(self, error: OAuth2Error) -> NoReturn:
        detail = f"{self._spec.token_path}: {error.error}: {error.description or ''}"
        # Refusals of our way of asking, which every agency would meet alike.
        if error.error in ("unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope"):
            raise Misconfigured(detail=detail) from error
        raise TransientError(detail=detail) from error


class _LoopbackAdapter(BoundedAdapter):
    """Sends what is addressed to https://<loopback> as plain http; mounted for that address alone."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = _as_http(str(request.url))
        if not is_loopback(request.url):
            raise requests.exceptions.InvalidURL("Plain http is for loopback hosts only.")
        return super().send(request, *args, **kwargs)


def _as_https(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="https")) if is_loopback(url) else url


def _as_http(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="http"))


def _refuse_failures(response: requests.Response) -> requests.Response:
    """Turns an outage into our error before the library takes its page for a token; 4xx carry OAuth's own words."""
    if response.status_code >= 500 or response.status_code in (403, 404, 429):
        error: IntegrationError | None = error_for_status(
            response.status_code,
            response.content,
            what="the token endpoint",
            wait=retry_after(response.headers.get("Retry-After")),
        )
        raise error if isinstance(error, TransientError) else Misconfigured(detail=str(error))
    return response


def _token_set(answer: Mapping[str, Any]) -> TokenSet:
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        raise ContractChanged(detail="The token endpoint answered without an access token.")
    lifetime = answer.get("expires_in")
    expires_at = timezone.now() + timedelta(seconds=int(lifetime)) if lifetime else None
    scope = answer.get("scope") or ""
    scopes = scope.split() if isinstance(scope, str) else [str(item) for item in scope]
    return TokenSet(access, str(answer.get("refresh_token") or ""), expires_at, tuple(scopes))
