"""Every provider, declared. The literal dict is the catalogue: adding a provider is one folder and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.module_loading import import_string

from integrations.errors import Misconfigured
from integrations.providers.basiq import SPEC as BASIQ
from integrations.providers.buildium import SPEC as BUILDIUM
from integrations.providers.different import SPEC as DIFFERENT
from integrations.providers.propertyme import SPEC as PROPERTYME
from integrations.specs import Auth, Kind, ProviderSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.contracts import AdapterContext, PropertyManagerProvider
    from integrations.http import SignIn

PROVIDERS: dict[str, ProviderSpec] = {
    PROPERTYME.slug: PROPERTYME,
    BUILDIUM.slug: BUILDIUM,
    DIFFERENT.slug: DIFFERENT,
    BASIQ.slug: BASIQ,
}


def get(slug: str) -> ProviderSpec:
    """The provider's declaration. Raises Misconfigured for a slug that is not in the catalogue."""
    try:
        return PROVIDERS[slug]
    except KeyError:
        raise Misconfigured(f"There is no provider called {slug!r}.") from None


def of_kind(kind: Kind) -> list[ProviderSpec]:
    return [spec for spec in PROVIDERS.values() if spec.kind == kind]


def is_configured(spec: ProviderSpec) -> bool:
    """Whether the operator gave what this provider needs; without it the provider is off.

    Where organisations bring keys of their own, an address is enough.
    """
    if not spec.is_live:
        return False
    if spec.auth == Auth.KEYS:
        return bool(setting(spec, "API_URL"))
    return bool(setting(spec, "CLIENT_ID") and setting(spec, "CLIENT_SECRET"))


def setting(spec: ProviderSpec, name: str) -> str:
    """The provider's setting, such as API_URL; blank when it is not set."""
    return str(getattr(settings, f"{spec.settings_prefix}_{name}", ""))


def needed_settings(spec: ProviderSpec) -> list[str]:
    """Names of the settings without which the provider is off."""
    names = ("API_URL",) if spec.auth == Auth.KEYS else ("CLIENT_ID", "CLIENT_SECRET")
    return [f"{spec.settings_prefix}_{name}" for name in names]


def sign_in(spec: ProviderSpec, keys: Mapping[str, str]) -> SignIn:
    """How requests carry an organisation's keys, as the provider's adapter says (`sign_in`, a static method)."""
    return cast("SignIn", import_string(spec.adapter).sign_in(keys))


def build_adapter(spec: ProviderSpec, context: AdapterContext) -> PropertyManagerProvider:
    """The provider's adapter bound to a connection's context."""
    return cast("PropertyManagerProvider", import_string(spec.adapter)(context))
