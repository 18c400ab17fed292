"""The only HTTP client: time-outs, size cap, Retry-After, back-off with full jitter, status to error, redaction.

Base addresses come from the operator's settings alone. No address typed by a user, and none found in a provider's
answer, is ever requested: redirects are not followed, and plain http is refused except to this machine (the sandbox).
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Protocol, Self

import orjson
import requests
from requests.utils import get_environ_proxies

from core.redaction import MASK
from integrations.errors import (
    ContractChanged,
    IntegrationError,
    Misconfigured,
    NotAllowed,
    RateLimited,
    ReauthRequired,
    TransientError,
)
from integrations.wire import AnswerTooLarge, BoundedAdapter, Limits, error_for_status, is_trusted_address, retry_after

# PropertyMe's edge, for one, answers 403 to the default names of HTTP libraries.
USER_AGENT = "PropertyTracker/1.0 (+https://propertytracker.example/integrations)"
BACKOFF_BASE = 1.0
BACKOFF_CAP = 30.0
LONGEST_WAIT = 120.0
RATE_LIMIT_ATTEMPTS = 6
KEYS_REFUSED = "The provider does not accept the keys. Enter keys that work to go on; mappings are kept."
KEYS_LACK = (
    "The provider does not let these keys read all that is needed. Give them the permission there, then enter them "
    "again; mappings are kept."
)
# A shorter value is found in innocent text as well, and hides nothing.
SHORTEST_SECRET = 4

Token = Callable[[str | None], str]
# A list is sent as the same parameter several times.
Params = Mapping[str, str | int | list[str]]
# Told the headers of a good answer.
Note = Callable[[Mapping[str, str]], None]
Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: its seconds, and what its status or its failure means; None for success."""

    seconds: float
    error: IntegrationError | None


class Gate(Protocol):
    """What each attempt passes (gate.py): a vendor's limits, the breaker, the counts. Called from any thread."""

    def before(self, pause: Pause | None) -> None:
        """Lets the attempt begin, after waits through `pause`.

        Without one (helper threads) no wait is long, and NotNow leaves the call to the reader. Raises RateLimited for a
        wait that is too long for anybody, and ProviderDown when nothing may be asked at all.
        """

    def after(self, outcome: Outcome) -> None:
        """Told exactly once after each `before` that returned, in the same thread."""

    def waited(self, seconds: float) -> None:
        """The calling thread waited so long after a failed attempt: it need not wait for the same reason again."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How requests carry an organisation's keys: as headers, or as name and password.

    `elsewhere` has what a further address of the provider takes instead, by the name of its setting.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    elsewhere: Mapping[str, SignIn] = field(default_factory=dict, repr=False)

    def at(self, name: str) -> SignIn:
        """What the address of this setting takes."""
        return self.elsewhere.get(name, self)


class HttpClient:
    """Talks JSON to one base address.

    `token` answers the access token; given the one that was just rejected it answers a fresh one. `sleep` and `on_wait`
    are called, in the calling thread, for each wait between attempts; `on_wait` first, with the seconds. Each attempt
    passes the `gate`, if there is one. `headers` and `basic` go with every request instead of a token; whatever of them
    an answer repeats is masked in errors.

    Methods may be called from several threads at once: the session below keeps no cookies and no state of a request.
    `try_json` neither waits nor refreshes, so that helper threads can fetch ahead without side effects.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: Token | None = None,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        user_agent: str = USER_AGENT,
        limits: Limits | None = None,
        attempts: int = 3,
        pool_size: int = 10,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[float], None] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        if not is_trusted_address(self.base_url):
            raise Misconfigured(detail=f"{self.base_url!r} is not an https address.")
        self._token = token
        self._access: str | None = None
        self._refreshing = threading.Lock()
        self._attempts = attempts
        self._sleep = sleep
        self._on_wait = on_wait
        self._gate = gate
        self._session = open_session(limits or Limits(), base_url=self.base_url, pool_size=pool_size)
        self._session.headers.update({"User-Agent": user_agent, "Accept": "application/json", **(headers or {})})
        self._basic = basic
        self._secrets = [
            value for value in (*(headers or {}).values(), *(basic or ())) if len(value) >= SHORTEST_SECRET
        ]
        self._has_keys = bool(headers or basic)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def get_json(
        self,
        path: str,
        params: Params | None = None,
        *,
        failed: TransientError | None = None,
        note: Note | None = None,
    ) -> Any:
        """The parsed answer of a GET, after as many attempts as are allowed.

        `failed` is what a first attempt made elsewhere ended in; it counts. `note` is told the answer's headers.
        Raises the taxonomy of errors.py.
        """
        return self._repeat(lambda: self._authorised("GET", path, params, note), failed)

    def try_json(self, path: str, params: Params | None = None, *, note: Note | None = None) -> Any:
        """One attempt of get_json, for helper threads: neither waits nor refreshes. Raises as get_json does."""
        response = self._send("GET", path, params, None, self._current(), patient=False)
        return self._parsed("GET", path, response, note)

    def post_json(self, path: str, body: Any, *, idempotency_key: str = "", repeatable: bool = False) -> Any:
        """The parsed answer of a JSON POST, None for an empty one.

        With an idempotency key it is repeated like a read, since the provider does it once; without one a time-out
        leaves open whether it was done, so it is tried once. `repeatable` says that it changes nothing (a report).
        """
        headers = {"Content-Type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        sent = orjson.dumps(body, default=_json_text)

        def posted() -> Any:
            response = self._send("POST", path, None, sent, self._current(), headers=headers)
            return None if response.ok and not response.content else self._parsed("POST", path, response)

        return self._repeat(posted, None, None if idempotency_key or repeatable else 1)

    def post_form(
        self, path: str, form: Mapping[str, str], *, auth: tuple[str, str] | None = None, attempts: int = 1
    ) -> Any:
        """The parsed answer of a form POST, None for an empty one. Tried once unless the caller knows it is safe."""
        return self._repeat(lambda: self._posted(path, form, auth), None, attempts)

    def _posted(self, path: str, form: Mapping[str, str], auth: tuple[str, str] | None) -> Any:
        response = self._send("POST", path, None, form, None, auth)
        return None if response.ok and not response.content else self._parsed("POST", path, response)

    def _repeat(self, call: Callable[[], Any], failed: TransientError | None, attempts: int | None = None) -> Any:
        allowed = attempts or self._attempts
        tries = limited = 0
        waited = 0.0
        while True:
            if failed is not None:
                is_limit = isinstance(failed, RateLimited)
                tries += not is_limit
                limited += is_limit
                wait = self._wait_after(failed, limited if is_limit else tries)
                spent = limited >= RATE_LIMIT_ATTEMPTS if is_limit else tries >= allowed
                if spent or waited + wait > LONGEST_WAIT:
                    raise failed
                waited += wait
                self._pause(wait)
                if self._gate is not None:
                    self._gate.waited(wait)
            try:
                return call()
            except TransientError as error:
                failed = error

    def _pause(self, seconds: float) -> None:
        if self._on_wait is not None:
            self._on_wait(seconds)
        self._sleep(seconds)

    def _wait_after(self, error: TransientError, tries: int) -> float:
        told = error.retry_after if isinstance(error, RateLimited) else None
        if told is not None:
            # Never earlier than told; the jitter keeps several workers from coming back together.
            return told + random.uniform(0, 1)  # noqa: S311  # spread, not secrecy
        return random.uniform(0, min(BACKOFF_CAP, BACKOFF_BASE * 2**tries))  # noqa: S311  # full jitter

    def _authorised(self, method: str, path: str, params: Params | None, note: Note | None = None) -> Any:
        used = self._current()
        response = self._send(method, path, params, None, used)
        if response.status_code == 401 and used is not None and self._token is not None:
            response = self._send(method, path, params, None, self._renewed(used, self._token))
            if response.status_code == 401:
                raise ReauthRequired(
                    "The provider withdrew our access. Sign in there again to go on; mappings are kept.",
                    detail=f"{method} {path} answered 401 to a token that had just been refreshed.",
                    revoked=True,
                )
        return self._parsed(method, path, response, note)

    def _current(self) -> str | None:
        if self._token is None:
            return None
        if self._access is None:
            with self._refreshing:
                if self._access is None:
                    self._access = self._token(None)
        return self._access

    def _renewed(self, rejected: str, token: Token) -> str:
        with self._refreshing:
            if self._access is None or self._access == rejected:
                self._access = token(rejected)
            return self._access

    def _send(
        self,
        method: str,
        path: str,
        params: Params | None,
        data: Mapping[str, str] | bytes | None,
        token: str | None,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        patient: bool = True,
    ) -> requests.Response:
        gate = self._gate
        if gate is None:
            return self._exchange(method, path, params, data, token, auth, headers)
        gate.before(self._pause if patient else None)
        began = time.perf_counter()
        error: IntegrationError | None = IntegrationError(detail=f"{method} {path} was broken off")
        try:
            response = self._exchange(method, path, params, data, token, auth, headers)
            error = self._meaning(method, path, response)
            return response
        except IntegrationError as failure:
            error = failure
            raise
        finally:
            gate.after(Outcome(time.perf_counter() - began, error))

    def _exchange(
        self,
        method: str,
        path: str,
        params: Params | None,
        data: Mapping[str, str] | bytes | None,
        token: str | None,
        auth: tuple[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> requests.Response:
        if token is not None:
            headers = {**(headers or {}), "Authorization": f"Bearer {token}"}
        try:
            return self._session.request(
                method,
                self.base_url + path,
                params=params,
                data=data,
                headers=headers,
                auth=auth or self._basic,
                allow_redirects=False,
            )
        except AnswerTooLarge as error:
            raise ContractChanged(
                "The provider's answer was too large to take in.", detail=f"{path}: {error}"
            ) from error
        except requests.RequestException as error:
            raise TransientError(detail=f"{method} {path}: {type(error).__name__}: {error}") from error

    def _parsed(self, method: str, path: str, response: requests.Response, note: Note | None = None) -> Any:
        if response.status_code != 200:
            error = self._meaning(method, path, response)
            if isinstance(error, ReauthRequired) and self._has_keys:
                words = KEYS_LACK if isinstance(error, NotAllowed) else KEYS_REFUSED
                raise type(error)(words, detail=error.detail)
            if error is not None:
                raise error
        if note is not None:
            note(response.headers)
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            start = self._masked(response.content)[:80].decode("utf-8", "replace")
            raise TransientError(
                "The provider answered with something that is not data. The sync is tried again by itself.",
                detail=f"{method} {path} answered {response.status_code} with what is not JSON: {start!r}",
            ) from error

    def _meaning(self, method: str, path: str, response: requests.Response) -> IntegrationError | None:
        """What an answer's status means; a page where data should be means that something in front answered."""
        if response.status_code == 200:
            is_page = response.content[:1] == b"<"
            return TransientError(detail=f"{method} {path} answered a page") if is_page else None
        return error_for_status(
            response.status_code,
            self._masked(response.content),
            what=f"{method} {path}",
            wait=retry_after(response.headers.get("Retry-After")),
        )

    def _masked(self, body: bytes) -> bytes:
        for secret in self._secrets:
            body = body.replace(secret.encode(), MASK.encode())
        return body


def _json_text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON.")


def open_session(limits: Limits, *, base_url: str, pool_size: int = 10) -> requests.Session:
    """A session with our bounds on each answer. Cookies are refused; proxies and CA file are read once, here."""
    return bind_session(requests.Session(), limits, base_url=base_url, pool_size=pool_size)


def bind_session(session: requests.Session, limits: Limits, *, base_url: str, pool_size: int = 10) -> requests.Session:
    """Put our bounds on a session made elsewhere (requests-oauthlib's)."""
    session.proxies = get_environ_proxies(base_url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    # Reading the environment and .netrc for each request costs more than the request; .netrc must not replace tokens.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = BoundedAdapter(limits, pool_size=pool_size)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
