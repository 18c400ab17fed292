"""Signing in at a provider: from the first click to a connection with tokens."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from access.models import Organisation, User
from core.errors import DomainError
from integrations import registry
from integrations.adapters import adapter_for_token, open_client
from integrations.errors import IntegrationError, Misconfigured, ReauthRequired, TransientError
from integrations.models import Connection
from integrations.oauth import OAuthClient, TokenSet
from integrations.records import Account
from integrations.services.granting import ConnectResult, connect_or_ask
from integrations.services.states import begin_state, take_state
from integrations.services.tokens import tell_operator
from integrations.specs import Auth, ProviderSpec


def refuse_unless_on(spec: ProviderSpec, auth: Auth) -> None:
    """Raises DomainError `coming_soon`, `not_configured`, or `other_way` where access is given in another way."""
    if not spec.is_live:
        raise DomainError("coming_soon", f"{spec.label} cannot be connected yet. We tell you when it can.")
    if not registry.is_configured(spec):
        raise DomainError(
            "not_configured",
            f"{spec.label} is not set up on this installation. Ask its operator to add the credentials.",
        )
    if spec.auth != auth:
        raise DomainError("other_way", f"{spec.label} is connected in another way. Open its page and start there.")


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
    refuse_unless_on(spec, Auth.OAUTH2)
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
    return connect_or_ask(state=taken, grant=tokens, account=account)


def refuse_consent(*, organisation: Organisation, user: User, session_key: str, state: str) -> None:
    """The person said no at the provider: the sign-in is used up. Raises DomainError as finish_connect does."""
    take_state(organisation=organisation, user=user, session_key=session_key, state=state)


def _redirect_uri(provider: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse("integrations:callback", args=[provider])


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
