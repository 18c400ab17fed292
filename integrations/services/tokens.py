"""Access tokens of a connection: single-flight refresh, and what happens when the provider refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import orjson
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from access.models import User
from access.selectors import admins_of
from communications.services import notify
from integrations import registry
from integrations.errors import IntegrationError, Misconfigured, ReauthRequired
from integrations.models import Connection
from integrations.oauth import OAuthClient, TokenSet
from integrations.specs import Auth, ProviderSpec

# A token that ends within a minute would be refused in the middle of a call.
MARGIN = timedelta(seconds=60)


def fresh_access_token(connection_id: UUID, *, rejected_token: str | None = None) -> str:
    """An access token that works, refreshed when it is about to end or was just rejected.

    The row lock makes it one refresh, however many processes find out at once: who comes second reads the new token
    after the lock. Raises ReauthRequired (the connection is then marked and its admins told), Misconfigured (our own
    credentials are refused: our staff is told, the connection stays as it is) or TransientError.
    """
    with transaction.atomic():
        connection = Connection.objects.select_for_update(of=("self",)).get(pk=connection_id)
        outcome = _token_or_error(connection, rejected_token)
    # Marked after the commit: the caller's exception must not roll it back.
    if isinstance(outcome, ReauthRequired):
        mark_reauth(connection=connection, revoked=outcome.revoked, reason=outcome.safe_message)
    if isinstance(outcome, Misconfigured):
        tell_operator(registry.get(connection.provider), outcome)
    if isinstance(outcome, IntegrationError):
        raise outcome
    return outcome


def _token_or_error(connection: Connection, rejected: str | None) -> str | IntegrationError:
    if connection.status == Connection.Status.DISCONNECTED:
        return ReauthRequired("This connection was disconnected. Connect it again to go on.")
    if connection.status == Connection.Status.REVOKED:
        return ReauthRequired(revoked=True)
    stored = connection.access_token
    expires_at = connection.token_expires_at
    is_current = expires_at is None or expires_at - MARGIN > timezone.now()
    if stored and stored != rejected and is_current:
        return str(stored)
    if not connection.refresh_token:
        return ReauthRequired(detail="There is no refresh token to renew the access with.")
    try:
        tokens = OAuthClient(registry.get(connection.provider)).refresh(str(connection.refresh_token))
    except IntegrationError as error:
        return error
    store_tokens(connection, tokens)
    return tokens.access_token


def store_tokens(connection: Connection, tokens: TokenSet) -> None:
    """Save an answer of the token endpoint; without a new refresh token the old one stays valid and is kept."""
    connection.access_token = tokens.access_token
    connection.refresh_token = tokens.refresh_token or connection.refresh_token
    connection.token_expires_at = tokens.expires_at
    fields = ["access_token", "refresh_token", "token_expires_at", "updated_at"]
    if tokens.scopes:
        connection.scopes = list(tokens.scopes)
        fields.append("scopes")
    connection.save(update_fields=fields)


def store_keys(connection: Connection, keys: Mapping[str, str]) -> None:
    """Save what a person typed, in place of what was there."""
    connection.keys = orjson.dumps(dict(keys)).decode()
    connection.save(update_fields=["keys", "updated_at"])


def mark_reauth(*, connection: Connection, revoked: bool, reason: str) -> None:
    """Mark a connection that a person must sign in to again and tell the organisation's admins, once.

    A disconnected connection stays disconnected; a revoked one does not become merely expired.
    """
    status = Connection.Status.REVOKED if revoked else Connection.Status.EXPIRED
    before = [Connection.Status.ACTIVE, *([Connection.Status.EXPIRED] if revoked else [])]
    now = timezone.now()
    with transaction.atomic():
        changed = Connection.objects.filter(pk=connection.pk, status__in=before).update(
            status=status, status_since=now, status_reason=reason[:300], updated_at=now
        )
        connection.refresh_from_db(fields=["status", "status_since", "status_reason"])
        if changed:
            _notify_admins(connection)


def _notify_admins(connection: Connection) -> None:
    spec = registry.get(connection.provider)
    is_revoked = connection.status == Connection.Status.REVOKED
    what = "withdrew our access: sign in again" if is_revoked else "ended our access: sign in again"
    if spec.auth == Auth.KEYS:
        what = "does not accept our keys: enter new ones"
    notify(
        organisation=connection.organisation,
        users=admins_of(organisation=connection.organisation),
        title=f"{spec.label} {what}",
        body=(
            f"The connection to {connection.account_name or spec.label} has stopped, so figures from {spec.label} are "
            "no longer brought up to date. Nothing that was imported is lost and all mappings are kept. Open the "
            "connection's page and choose Reconnect."
        ),
        url=connection_url(connection),
        tone="bad",
        dedupe_key=f"{notice_prefix(connection)}{connection.status}:{connection.status_since.isoformat()}",
        email=True,
    )


def notice_prefix(connection: Connection) -> str:
    """How the keys of a connection's notices begin, so that a reconnect can clear them."""
    return f"connection:{connection.pk}:"


def connection_url(connection: Connection) -> str:
    """The path of the connection's page."""
    return f"{reverse('integrations:detail', args=[connection.provider])}?connection={connection.pk}"


def tell_operator(spec: ProviderSpec, error: Misconfigured) -> None:
    """E-mail our own staff that our credentials at a provider are refused; once an hour a provider."""
    if not cache.add(f"misconfigured:{spec.slug}", 1, timeout=3600):
        return
    staff = list(User.objects.filter(is_staff=True, is_active=True).order_by("id").values_list("email", flat=True))
    if not staff:
        return
    send_mail(
        f"{spec.label} refuses PropertyTracker's own credentials",
        f"{error.safe_message}\n\n{error.detail}\n\nCheck {_to_check(spec)}. Every connection to it is "
        "affected; none was marked, so all go on by themselves once the settings are right.",
        settings.DEFAULT_FROM_EMAIL,
        staff,
        fail_silently=True,
    )


def _to_check(spec: ProviderSpec) -> str:
    prefix = spec.settings_prefix
    if spec.auth == Auth.KEYS:
        return f"{prefix}_API_URL"
    return f"{prefix}_CLIENT_ID, {prefix}_CLIENT_SECRET and {prefix}_CLIENT_AUTH"
