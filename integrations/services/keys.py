"""Connecting with keys: typed into our form, tried at the provider, kept encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from uuid import UUID

from access.models import Organisation, User
from core.errors import DomainError
from integrations import registry
from integrations.adapters import adapter_for_token, open_client
from integrations.errors import IntegrationError, Misconfigured, ProviderPaused, ReauthRequired, TransientError
from integrations.http import HttpClient
from integrations.models import Connection, OAuthState
from integrations.records import Account
from integrations.services.granting import ConnectResult, connect_or_ask, hold, take_held
from integrations.services.signin import refuse_unless_on
from integrations.services.states import begin_tried
from integrations.services.tokens import tell_operator
from integrations.specs import Auth, ProviderSpec

LONGEST_KEY = 500


def try_keys(
    *,
    organisation: Organisation,
    user: User,
    session_key: str,
    provider: str,
    keys: Mapping[str, str],
    reconnects: Connection | None = None,
) -> OAuthState:
    """Ask the provider whose keys these are, and keep them (encrypted, ten minutes) for `connect_tried`.

    The answer's `pending_account` names the account. Raises DomainError with the sentence the person reads:
    `missing_key`, `bad_key`, `keys_refused`, `provider_down`, `not_understood`, `not_set_up`, `coming_soon`,
    `not_configured` or `other_way`.
    """
    spec = registry.get(provider)
    refuse_unless_on(spec, Auth.KEYS)
    cleaned = _cleaned(spec, keys)
    account = _account_of(spec, cleaned, organisation.time_zone)
    state = begin_tried(
        organisation=organisation, user=user, session_key=session_key, provider=provider, reconnects=reconnects
    )
    hold(state=state, grant=cleaned, account=account)
    return state


def connect_tried(*, organisation: Organisation, user: User, session_key: str, state_id: UUID) -> ConnectResult:
    """Connect with the keys of an earlier `try_keys` by the same person in the same session.

    Raises DomainError `wrong_state` or `state_expired`.
    """
    state, grant, account = take_held(organisation=organisation, user=user, session_key=session_key, state_id=state_id)
    return connect_or_ask(state=state, grant=grant, account=account)


def connect_with_keys(
    *,
    organisation: Organisation,
    user: User,
    session_key: str,
    provider: str,
    keys: Mapping[str, str],
    reconnects: Connection | None = None,
) -> ConnectResult:
    """Try the keys and connect with them. Raises DomainError as try_keys does."""
    state = try_keys(
        organisation=organisation,
        user=user,
        session_key=session_key,
        provider=provider,
        keys=keys,
        reconnects=reconnects,
    )
    return connect_tried(organisation=organisation, user=user, session_key=session_key, state_id=state.pk)


def _cleaned(spec: ProviderSpec, keys: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for field in spec.key_fields:
        value = keys.get(field.name, "").strip()
        if field.required and not value:
            raise DomainError("missing_key", f"{field.label} is missing. Copy it from {spec.label}.")
        # Keys travel in headers, where nothing else is allowed.
        if not value.isascii() or not value.isprintable() or len(value) > LONGEST_KEY:
            raise DomainError(
                "bad_key",
                f"{field.label} cannot be right: keys are one line of plain letters, digits and signs. Copy it again.",
            )
        if field.is_host and value and not registry.is_host_label(value):
            raise DomainError(
                "bad_key", f"{field.label} cannot be right: give only the part of the address before its first dot."
            )
        if value:
            found[field.name] = value
    for field in spec.key_fields:
        if (
            field.group
            and field.name not in found
            and any(other.group == field.group and other.name in found for other in spec.key_fields)
        ):
            raise DomainError("missing_key", f"{field.label} is missing. It goes with what you filled in beside it.")
    return found


def _account_of(spec: ProviderSpec, keys: Mapping[str, str], time_zone: str) -> Account:
    try:
        with ExitStack() as opened:

            def further(name: str) -> HttpClient:
                return opened.enter_context(open_client(spec, keys=keys, name=name))

            return adapter_for_token(spec, further("API_URL"), time_zone, keys, further).account()
    except ReauthRequired as error:
        raise DomainError(
            "keys_refused",
            f"{spec.label} does not accept these keys, so nothing was stored. Check that each is copied whole, belongs "
            "to the right account and may read.",
        ) from error
    except Misconfigured as error:
        tell_operator(spec, error)
        raise DomainError(
            "not_set_up",
            f"The address of {spec.label} on this server is not right. This is ours to fix and our operator has been "
            "told; nothing is wrong with your keys.",
        ) from error
    except ProviderPaused as error:
        raise DomainError(
            "provider_down",
            f"{spec.label} gives out no data at the moment because of its maintenance, so nothing was stored. "
            "Try again when that is over.",
        ) from error
    except TransientError as error:
        raise DomainError(
            "provider_down", f"{spec.label} did not answer in time, so nothing was stored. Try again in a few minutes."
        ) from error
    except IntegrationError as error:
        raise DomainError(
            "not_understood",
            f"{spec.label} answered in a way that we do not know, so nothing was stored. Our support can tell more.",
        ) from error
