"""Grants of the sandbox's OAuth server: codes, access tokens and refresh tokens."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

CODE_SECONDS = 300


@dataclass(slots=True)
class Code:
    """A single-use authorisation code."""

    value: str
    account: str
    scope: str
    redirect_uri: str
    challenge: str
    challenge_method: str
    expires_at: float
    grant: str = ""


@dataclass(slots=True)
class Grant:
    """What one consent allowed: one account, some scopes."""

    id: str
    account: str
    scope: str
    refresh_token: str
    revoked: bool = False

    def allows(self, scope: str) -> bool:
        """True when the scope was granted."""
        return scope in self.scope.split()


class TokenStore:
    """Issues and checks tokens. The caller holds the lock of the server around it."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.expires_in = 1800
        self.rotate_refresh = False
        self.codes: dict[str, Code] = {}
        self.grants: dict[str, Grant] = {}
        self.access: dict[str, tuple[str, float]] = {}
        self.refresh: dict[str, str] = {}

    def new_code(self, account: str, scope: str, redirect_uri: str, challenge: str, method: str) -> Code:
        """Issue a code for a consent just given; it lives for five minutes."""
        code = Code(
            secrets.token_urlsafe(24), account, scope, redirect_uri, challenge, method, self.now() + CODE_SECONDS
        )
        self.codes[code.value] = code
        return code

    def new_grant(self, account: str, scope: str) -> Grant:
        """Create a grant; it has a refresh token only when ``offline_access`` is in its scope."""
        refresh = secrets.token_urlsafe(32) if "offline_access" in scope.split() else ""
        grant = Grant(secrets.token_hex(12), account, scope, refresh)
        self.grants[grant.id] = grant
        if refresh:
            self.refresh[refresh] = grant.id
        return grant

    def answer(self, grant: Grant) -> dict[str, Any]:
        """Issue an access token and return the token endpoint's answer."""
        self._forget_stale()
        access = secrets.token_urlsafe(32)
        self.access[access] = (grant.id, self.now() + self.expires_in)
        body: dict[str, Any] = {"access_token": access, "expires_in": self.expires_in, "token_type": "Bearer"}
        if grant.refresh_token:
            body["refresh_token"] = grant.refresh_token
        return body | {"scope": grant.scope}

    def use_refresh(self, token: str) -> Grant | None:
        """Return the live grant of a refresh token, rotating the token when so switched."""
        grant = self.grants.get(self.refresh.get(token, ""))
        if grant is None or grant.revoked:
            return None
        if self.rotate_refresh:
            del self.refresh[token]
            grant.refresh_token = secrets.token_urlsafe(32)
            self.refresh[grant.refresh_token] = grant.id
        return grant

    def find_access(self, token: str) -> Grant | None:
        """Return the grant of an access token that is neither expired nor revoked."""
        grant_id, expires_at = self.access.get(token, ("", 0.0))
        grant = self.grants.get(grant_id)
        return None if grant is None or grant.revoked or expires_at <= self.now() else grant

    def revoke(self, token: str) -> bool:
        """Revoke by token as RFC 7009 says: a refresh token ends its grant, an access token only itself."""
        if token in self.refresh:
            self.end(self.grants[self.refresh[token]])
            return True
        return self.access.pop(token, None) is not None

    def end(self, grant: Grant) -> None:
        """Revoke a grant with all its tokens."""
        grant.revoked = True
        self.refresh.pop(grant.refresh_token, None)
        self.access = {token: entry for token, entry in self.access.items() if entry[0] != grant.id}

    def end_account(self, account: str | None = None) -> int:
        """Revoke every grant of an account, or of all; return how many."""
        live = [g for g in self.grants.values() if not g.revoked and account in (None, g.account)]
        for grant in live:
            self.end(grant)
        return len(live)

    def expire_access(self) -> int:
        """Expire every access token at once; refresh tokens stay. Return how many."""
        count = len(self.access)
        self.access.clear()
        return count

    def _forget_stale(self) -> None:
        now = self.now()
        if len(self.access) > 200:
            self.access = {token: entry for token, entry in self.access.items() if entry[1] > now}
        self.codes = {value: code for value, code in self.codes.items() if code.expires_at > now - 3600}

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart; codes need not."""
        return {
            "grants": [asdict(grant) for grant in self.grants.values() if not grant.revoked],
            "access": {token: list(entry) for token, entry in self.access.items()},
            "expires_in": self.expires_in,
            "rotate_refresh": self.rotate_refresh,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.grants = {item["id"]: Grant(**item) for item in state["grants"]}
        self.refresh = {grant.refresh_token: grant.id for grant in self.grants.values() if grant.refresh_token}
        self.access = {token: (str(entry[0]), float(entry[1])) for token, entry in state["access"].items()}
        self.expires_in = int(state["expires_in"])
        self.rotate_refresh = bool(state["rotate_refresh"])
