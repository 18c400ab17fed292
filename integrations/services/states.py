"""A sign-in at a provider that has begun: made once, taken once, by the same person in the same session."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from access.models import Organisation, User
from core.errors import DomainError
from integrations.models import Connection, OAuthState

LIFETIME = timedelta(minutes=10)
KEPT = timedelta(days=1)


def hashed(value: str) -> str:
    """What is stored of a state or a session key."""
    return hashlib.sha256(value.encode()).hexdigest()


def begin_state(
    *, organisation: Organisation, user: User, session_key: str, provider: str, reconnects: Connection | None
) -> tuple[str, str]:
    """A new state and its PKCE verifier; only the state's hash is stored, and the verifier encrypted."""
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    _create(organisation, user, session_key, provider, reconnects, state=state, verifier=verifier)
    return state, verifier


def begin_tried(
    *, organisation: Organisation, user: User, session_key: str, provider: str, reconnects: Connection | None
) -> OAuthState:
    """A sign-in with keys that were tried: nothing comes back from a provider's page, so its state is used up."""
    row = _create(organisation, user, session_key, provider, reconnects, state=secrets.token_urlsafe(32), verifier="")
    row.used_at = row.created_at
    row.save(update_fields=["used_at", "updated_at"])
    return row


def _create(
    organisation: Organisation,
    user: User,
    session_key: str,
    provider: str,
    reconnects: Connection | None,
    *,
    state: str,
    verifier: str,
) -> OAuthState:
    now = timezone.now()
    OAuthState.objects.filter(expires_at__lt=now - KEPT).delete()
    # What waited in vain for a person is of no more use.
    OAuthState.objects.filter(expires_at__lt=now).exclude(pending_tokens=None).update(pending_tokens=None)
    return OAuthState.objects.create(
        organisation=organisation,
        provider=provider,
        state_hash=hashed(state),
        session_hash=hashed(session_key),
        user=user,
        code_verifier=verifier,
        reconnects=reconnects,
        expires_at=now + LIFETIME,
    )


def take_state(
    *, organisation: Organisation, user: User, session_key: str, state: str, provider: str | None = None
) -> OAuthState:
    """The sign-in this state belongs to, used up by this very call.

    Raises DomainError `wrong_state` (unknown, or begun by somebody else or elsewhere), `state_used`, `state_expired`.
    """
    mine = OAuthState.objects.filter(
        state_hash=hashed(state), organisation=organisation, user=user, session_hash=hashed(session_key)
    )
    if provider is not None:
        mine = mine.filter(provider=provider)
    now = timezone.now()
    # One statement decides, so that of two requests with the same state one goes on.
    if mine.filter(used_at=None, expires_at__gt=now).update(used_at=now, updated_at=now) == 1:
        return mine.select_related("reconnects").get()
    found = mine.first()
    if found is None:
        raise DomainError(
            "wrong_state",
            "This sign-in did not begin in this browser session, so it was refused. Nothing was stored. Start again "
            "from the connection's page.",
        )
    if found.used_at is not None:
        raise DomainError(
            "state_used",
            "This sign-in was finished already; its address works once. If the connection is not there, start again.",
        )
    raise DomainError("state_expired", "The sign-in took longer than ten minutes, so it has ended. Start again.")


def waiting_state(*, organisation: Organisation, user: User, session_key: str, state_id: UUID) -> OAuthState:
    """A sign-in whose tokens wait for the person to confirm another account; the row stays locked.

    Raises DomainError `wrong_state` or `state_expired`.
    """
    found = (
        OAuthState.objects.select_for_update(of=("self",))
        .filter(pk=state_id, organisation=organisation, user=user, session_hash=hashed(session_key))
        .exclude(pending_account=None)
        .first()
    )
    if found is None or found.pending_tokens is None or found.pending_account is None:
        raise DomainError("wrong_state", "There is no sign-in that waits for you. Start again.")
    if found.expires_at <= timezone.now():
        raise DomainError("state_expired", "The sign-in took longer than ten minutes, so it has ended. Start again.")
    return found
