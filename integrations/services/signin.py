"""Signing in at a provider: from the first click to a connection with tokens."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from access.models import Organisation, User
from communications.services import settle
from core.errors import DomainError
from integrations import registry
from integrations.adapters import adapter_for_token, open_adapter, open_client
from integrations.errors import IntegrationError, Misconfigured, ReauthRequired, TransientError
from integrations.models import Connection
from integrations.oauth import OAuthClient, TokenSet
from integrations.records import Account
from integrations.services import sync as sync_services
from integrations.services.lifecycle import disconnect
from integrations.services.states import begin_state, take_state, waiting_state
from integrations.services.tokens import notice_prefix, store_tokens, tell_operator
from integrations.specs import Maturity, ProviderSpec


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """Either the connection, or the id of the OAuthState whose other account a person must confirm."""

    connection: Connection | None = None
    needs_confirmation: UUID | None = None


def begin_connect(
    *,
    organisation: Organisation,
    user: User,
    session_key: str,
    provider: str,
    reconnects: Connection | None = None,
) -> str:
    """The address of the provider's consent page for this person.

    Raises DomainError `coming_soon` or `not_configured`, Misconfigured for settings that cannot be used.
    """
    spec = registry.get(provider)
    if spec.maturity == Maturity.COMING_SOON:
        raise DomainError("coming_soon", f"{spec.label} cannot be connected yet. We tell you when it can.")
    if not registry.is_configured(spec):
        raise DomainError(
            "not_configured",
            f"{spec.label} is not set up on this installation. Ask its operator to add the credentials.",
        )
    client = OAuthClient(spec)
    state, verifier = begin_state(
        organisation=organisation, user=user, session_key=session_key, provider=provider, reconnects=reconnects
    )
    return client.authorize_url(state=state, code_verifier=verifier, redirect_uri=_redirect_uri(provider))


def finish_connect(
    *, organisation: Organisation, user: User, session_key: str, provider: str, state: str, code: str
) -> ConnectResult:
    """Turn the code that the provider sent the person back with into a connection.

    Raises DomainError with the sentence the person reads: `wrong_state`, `state_used`, `state_expired`,
    `code_rejected`, `no_refresh_token`, `not_set_up` (our credentials are refused; our staff is told), `provider_down`.
    """
    spec = registry.get(provider)
    taken = take_state(organisation=organisation, user=user, session_key=session_key, state=state, provider=provider)
    tokens, account = _exchange(spec, code, str(taken.code_verifier), organisation.time_zone)
    other = taken.reconnects or _connection_of(organisation, provider)
    is_known = Connection.objects.filter(
        organisation=organisation, provider=provider, account_id=account.account_id
    ).exists()
    if (
        other is not None
        and other.account_id not in ("", account.account_id)
        and not (is_known and not taken.reconnects)
    ):
        taken.pending_tokens = _packed(tokens)
        taken.pending_account = asdict(account)
        taken.reconnects = other
        taken.save(update_fields=["pending_tokens", "pending_account", "reconnects", "updated_at"])
        return ConnectResult(needs_confirmation=taken.pk)
    return ConnectResult(connection=_connect(organisation, user, spec, tokens, account, blank=other))


def confirm_other_account(*, organisation: Organisation, user: User, session_key: str, state_id: UUID) -> Connection:
    """Connect the other account after the person said so.

    The account gets a connection of its own with mappings of its own, so records of two accounts never mix; the one
    that stood in its place is disconnected and what it imported stays. Raises DomainError `wrong_state` or
    `state_expired`.
    """
    with transaction.atomic():
        state = waiting_state(organisation=organisation, user=user, session_key=session_key, state_id=state_id)
        tokens, before = _unpacked(str(state.pending_tokens)), state.reconnects
        account = Account(**(state.pending_account or {}))
        state.pending_tokens = None
        state.save(update_fields=["pending_tokens", "updated_at"])
    connection = _connect(organisation, user, registry.get(state.provider), tokens, account, blank=None)
    if before is not None and before.pk != connection.pk and before.status != Connection.Status.DISCONNECTED:
        disconnect(connection=before, user=user, keep_data=True)
    return connection


def refuse_consent(*, organisation: Organisation, user: User, session_key: str, state: str) -> None:
    """The person said no at the provider: the sign-in is used up. Raises DomainError as finish_connect does."""
    take_state(organisation=organisation, user=user, session_key=session_key, state=state)


def _redirect_uri(provider: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse("integrations:callback", args=[provider])


def _connection_of(organisation: Organisation, provider: str) -> Connection | None:
    connected = Connection.objects.filter(organisation=organisation, provider=provider)
    return connected.exclude(status=Connection.Status.DISCONNECTED).order_by("-id").first()


def _exchange(spec: ProviderSpec, code: str, verifier: str, time_zone: str) -> tuple[TokenSet, Account]:
    client = OAuthClient(spec)
    try:
        tokens = client.exchange(code=code, code_verifier=verifier, redirect_uri=_redirect_uri(spec.slug))
        if not tokens.refresh_token:
            _try_revoke(client, tokens.access_token)
            raise DomainError(
                "no_refresh_token",
                f"{spec.label} gave access for half an hour only, without the permission to renew it, so nothing was "
                "stored. Start again and allow offline access.",
            )
        with open_client(spec, token=lambda _: tokens.access_token) as http:
            return tokens, adapter_for_token(spec, http, time_zone).account()
    except ReauthRequired as error:
        raise DomainError(
            "code_rejected",
            f"{spec.label} did not accept the sign-in: its code was used before or is too old. Start again.",
        ) from error
    except Misconfigured as error:
        tell_operator(spec, error)
        raise DomainError(
            "not_set_up",
            f"{spec.label} does not accept PropertyTracker's own credentials. This is ours to fix and our operator has "
            "been told; nothing is wrong with your account.",
        ) from error
    except TransientError as error:
        raise DomainError(
            "provider_down", f"{spec.label} did not answer in time, so nothing was stored. Try again in a few minutes."
        ) from error


def _try_revoke(client: OAuthClient, token: str) -> None:
    try:
        client.revoke(token)
    except IntegrationError:
        # It ends by itself within the hour, and nothing of it is kept here.
        return


def _connect(
    organisation: Organisation,
    user: User,
    spec: ProviderSpec,
    tokens: TokenSet,
    account: Account,
    *,
    blank: Connection | None,
) -> Connection:
    try:
        with transaction.atomic():
            connection = _stored(organisation, user, spec, tokens, account, blank)
    except IntegrityError:
        # Two sign-ins to the same account ended at once: the second finds the row of the first.
        with transaction.atomic():
            connection = _stored(organisation, user, spec, tokens, account, None)
    _learn_ledger_mode(connection)
    _begin_first_sync(connection, user)
    return connection


def _stored(
    organisation: Organisation,
    user: User,
    spec: ProviderSpec,
    tokens: TokenSet,
    account: Account,
    blank: Connection | None,
) -> Connection:
    now = timezone.now()
    mine = Connection.objects.select_for_update(of=("self",)).filter(organisation=organisation, provider=spec.slug)
    connection = mine.filter(account_id=account.account_id).first()
    if connection is None and blank is not None:
        connection = mine.filter(pk=blank.pk, account_id="").first()
    connection = connection or Connection(organisation=organisation, provider=spec.slug)
    connection.account_id, connection.account_name = account.account_id, account.name
    connection.status, connection.status_reason, connection.status_since = Connection.Status.ACTIVE, "", now
    connection.failing_since = None
    connection.connected_by = user
    connection.next_sync_at = now + timedelta(minutes=connection.sync_every_minutes) if connection.auto_sync else None
    connection.save()
    store_tokens(connection, tokens)
    settle(organisation=organisation, key_prefix=notice_prefix(connection))
    return connection


def _learn_ledger_mode(connection: Connection) -> None:
    try:
        with open_adapter(connection):
            # Opening asks, for a connection whose mode is not known.
            pass
    except IntegrationError:
        # The first sync asks again; a connection is not refused because a ledger could not be looked at.
        return


def _begin_first_sync(connection: Connection, user: User) -> None:
    """Fetch everything once, so that the mapping page has properties to show."""
    try:
        sync_services.request_sync(connection=connection, user=user, trigger="person")
    except DomainError as error:
        if error.code != "already_syncing":
            raise


def _packed(tokens: TokenSet) -> str:
    return orjson.dumps(asdict(tokens)).decode()


def _unpacked(text: str) -> TokenSet:
    values: dict[str, Any] = orjson.loads(text)
    expires_at = values["expires_at"]
    values["expires_at"] = datetime.fromisoformat(expires_at) if expires_at else None
    return TokenSet(**{**values, "scopes": tuple(values["scopes"])})
