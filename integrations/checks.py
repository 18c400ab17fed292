"""Settings that would only fail later, in a sync or in somebody's sign-in: found when the process starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from integrations import registry
from integrations.specs import Auth, ProviderSpec
from integrations.wire import is_loopback, is_trusted_address

SHORTEST_KEY = 32


@register("integrations")
def check_field_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Tokens cannot be stored without a key, and a short key protects nothing."""
    keys = settings.FIELD_ENCRYPTION_KEYS
    if not keys:
        return [
            Error(
                "FIELD_ENCRYPTION_KEY is not set, so provider tokens cannot be stored.",
                hint="Set it to a random text of 32 characters or more, different from SECRET_KEY.",
                id="integrations.E001",
            )
        ]
    if settings.SECRET_KEY in keys:
        return [
            Error(
                "FIELD_ENCRYPTION_KEY is the same as SECRET_KEY.",
                hint="Give it a value of its own, so that rotating one never touches the other.",
                id="integrations.E002",
            )
        ]
    if len(keys[0]) < SHORTEST_KEY:
        return [
            Warning(
                "FIELD_ENCRYPTION_KEY is short.",
                hint="Use 32 random characters or more, then run `manage.py rotate_field_key`.",
                id="integrations.W001",
            )
        ]
    return []


@register("integrations")
def check_providers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A provider is off without credentials, and on with all of them; anything between is a mistake."""
    credentials = [message for spec in _with(Auth.OAUTH2) for message in _credentials(spec)]
    # Without an address a provider with keys is off; with one, keys travel there.
    with_keys = [spec for spec in _with(Auth.KEYS) if registry.is_configured(spec)]
    return credentials + [message for spec in with_keys for message in _untrusted(spec, _addresses(spec))]


@register("integrations", deploy=True)
def check_addresses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """In production tokens travel over https only, the sandbox on this machine included."""
    return [
        Error(
            f"{spec.settings_prefix}_{name} is a plain http address.",
            hint="Use the provider's https address; http is for the sandbox vendor during development.",
            id="integrations.E005",
        )
        for spec in [*_with(Auth.OAUTH2), *_with(Auth.KEYS)]
        for name in (*_addresses(spec), "AUTH_URL")
        if is_loopback(registry.setting(spec, name))
    ]


def _with(auth: Auth) -> list[ProviderSpec]:
    return [spec for spec in registry.PROVIDERS.values() if spec.auth == auth]


def _addresses(spec: ProviderSpec) -> tuple[str, ...]:
    """Names of the settings that hold an address of its API; all but the first are for a few providers."""
    further = ("OWN_API_URL", "REPORTS_URL", "JWKS_URL")
    return ("API_URL", *(name for name in further if registry.setting(spec, name)))


def _untrusted(spec: ProviderSpec, names: tuple[str, ...]) -> list[CheckMessage]:
    """Addresses of the provider that tokens or keys must not travel to."""
    return [
        Error(
            f"{spec.settings_prefix}_{name} {registry.setting(spec, name)!r} is not an https address.",
            hint="Tokens are sent there. Plain http is allowed for this machine alone.",
            id="integrations.E006",
        )
        for name in names
        if not is_trusted_address(registry.setting(spec, name))
    ]


def _credentials(spec: ProviderSpec) -> list[CheckMessage]:
    prefix = spec.settings_prefix
    found: list[CheckMessage] = []
    missing = [name for name in ("CLIENT_ID", "CLIENT_SECRET") if not registry.setting(spec, name)]
    if len(missing) == 1:
        found.append(
            Error(
                f"{spec.label} is half configured: {prefix}_{missing[0]} is not set.",
                hint="Set both, or neither to switch the provider off.",
                id="integrations.E003",
            )
        )
    if missing:
        return found
    if registry.setting(spec, "CLIENT_AUTH") not in ("basic", "post"):
        found.append(
            Error(
                f"{prefix}_CLIENT_AUTH is {registry.setting(spec, 'CLIENT_AUTH')!r}.",
                hint='It is "basic" (the usual one) or "post".',
                id="integrations.E004",
            )
        )
    return found + _untrusted(spec, ("API_URL", "AUTH_URL"))
