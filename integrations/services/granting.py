"""From a grant that works (tokens or keys) to a connection, with a question where it is for another account."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, transaction
from django.utils import timezone

from access.models import Organisation, User
from communications.services import settle
from core.errors import DomainError
from integrations import registry
from integrations.adapters import open_adapter
from integrations.errors import IntegrationError
from integrations.models import Connection, OAuthState
from integrations.oauth import TokenSet
from integrations.records import Account
from integrations.services import sync as sync_services
from integrations.services.lifecycle import disconnect
from integrations.services.states import waiting_state
from integrations.services.tokens import notice_prefix, store_keys, store_tokens
from integrations.specs import ProviderSpec

# Tokens of a sign-in, or the keys that a person typed by their field names.
Grant = TokenSet | dict[str, str]


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """Either the connection, or the id of the OAuthState whose other account a person must confirm."""

    connection: Connection | None = None
    needs_confirmation: UUID | None = None


def connect_or_ask(*, state: OAuthState, grant: Grant, account: Account) -> ConnectResult:
    """Connect the account of a sign-in, or keep its grant until a person confirms that another account is meant."""
    organisation, provider = state.organisation, state.provider
    other = state.reconnects or _connection_of(organisation, provider)
    is_known = Connection.objects.filter(
        organisation=organisation, provider=provider, account_id=account.account_id
    ).exists()
    if (
        other is not None
        and other.account_id not in ("", account.account_id)
        and not (is_known and not state.reconnects)
    ):
        state.reconnects = other
        hold(state=state, grant=grant, account=account)
        return ConnectResult(needs_confirmation=state.pk)
    forget(state=state)
    return ConnectResult(connection=_connect(organisation, state.user, registry.get(provider), grant, account, other))


def hold(*, state: OAuthState, grant: Grant, account: Account) -> None:
    """Keep a grant, encrypted, for the ten minutes of its sign-in."""
    state.pending_tokens = _packed(grant)
    state.pending_account = asdict(account)
    state.save(update_fields=["pending_tokens", "pending_account", "reconnects", "updated_at"])


def forget(*, state: OAuthState) -> None:
    """Delete the grant that waits."""
    state.pending_tokens = None
    state.save(update_fields=["pending_tokens", "updated_at"])


def take_held(
    *, organisation: Organisation, user: User, session_key: str, state_id: UUID
) -> tuple[OAuthState, Grant, Account]:
    """The grant that waits, taken by this very call. Raises DomainError `wrong_state` or `state_expired`."""
    with transaction.atomic():
        state = waiting_state(organisation=organisation, user=user, session_key=session_key, state_id=state_id)
        grant = _unpacked(str(state.pending_tokens))
        forget(state=state)
    return state, grant, Account(**(state.pending_account or {}))


def confirm_other_account(*, organisation: Organisation, user: User, session_key: str, state_id: UUID) -> Connection:
    """Connect the other account after the person said so.

    The account gets a connection of its own with mappings of its own, so records of two accounts never mix; the one
    that stood in its place is disconnected and what it imported stays. Raises DomainError `wrong_state` or
    `state_expired`.
    """
    state, grant, account = take_held(organisation=organisation, user=user, session_key=session_key, state_id=state_id)
    before = state.reconnects
    connection = _connect(organisation, user, registry.get(state.provider), grant, account, None)
    if before is not None and before.pk != connection.pk and before.status != Connection.Status.DISCONNECTED:
        disconnect(connection=before, user=user, keep_data=True)
    return connection


def _connection_of(organisation: Organisation, provider: str) -> Connection | None:
    connected = Connection.objects.filter(organisation=organisation, provider=provider)
    return connected.exclude(status=Connection.Status.DISCONNECTED).order_by("-id").first()


def _connect(
    organisation: Organisation,
    user: User,
    spec: ProviderSpec,
    grant: Grant,
    account: Account,
    blank: Connection | None,
) -> Connection:
    try:
        with transaction.atomic():
            connection = _stored(organisation, user, spec, grant, account, blank)
    except IntegrityError:
        # Two sign-ins to the same account ended at once: the second finds the row of the first.
        with transaction.atomic():
            connection = _stored(organisation, user, spec, grant, account, None)
    _learn_ledger_mode(connection)
    _begin_first_sync(connection, user)
    return connection


def _stored(
    organisation: Organisation,
    user: User,
    spec: ProviderSpec,
    grant: Grant,
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
    if isinstance(grant, TokenSet):
        store_tokens(connection, grant)
    else:
        store_keys(connection, grant)
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


def _packed(grant: Grant) -> str:
    return orjson.dumps({"tokens": asdict(grant)} if isinstance(grant, TokenSet) else {"keys": grant}).decode()


def _unpacked(text: str) -> Grant:
    packed: dict[str, dict[str, Any]] = orjson.loads(text)
    if "keys" in packed:
        return dict(packed["keys"])
    # Tokens that an earlier version of the product held lie there by themselves.
    values = packed.get("tokens", packed)
    expires_at = values["expires_at"]
    values["expires_at"] = datetime.fromisoformat(expires_at) if expires_at else None
    return TokenSet(**{**values, "scopes": tuple(values["scopes"])})
