"""Every provider, declared. The literal dict is the catalogue: adding a provider is one folder and one line here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils.module_loading import import_string

from integrations.errors import Misconfigured
from integrations.providers.appfolio import SPEC as APPFOLIO
from integrations.providers.basiq import SPEC as BASIQ
from integrations.providers.buildium import SPEC as BUILDIUM
from integrations.providers.different import SPEC as DIFFERENT
from integrations.providers.files import SPEC as FILES
from integrations.providers.propertyme import SPEC as PROPERTYME
from integrations.specs import Auth, Kind, ProviderSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.contracts import AdapterContext, PropertyManagerProvider
    from integrations.http import SignIn

PROVIDERS: dict[str, ProviderSpec] = {
    PROPERTYME.slug: PROPERTYME,
    BUILDIUM.slug: BUILDIUM,
    APPFOLIO.slug: APPFOLIO,
    FILES.slug: FILES,
    DIFFERENT.slug: DIFFERENT,
    BASIQ.slug: BASIQ,
}

_PLACE = re.compile(r"\{([a-z_]+)\}")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


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
    if spec.auth == Auth.FILE:
        return True
    return bool(setting(spec, "CLIENT_ID") and setting(spec, "CLIENT_SECRET"))


def setting(spec: ProviderSpec, name: str) -> str:
    """The provider's setting, such as API_URL; blank when it is not set."""
    return str(getattr(settings, f"{spec.settings_prefix}_{name}", ""))


def address(spec: ProviderSpec, name: str, keys: Mapping[str, str] | None = None) -> str:
    """The base address of this setting. Where customers have hosts of their own, the setting has a place for it.

    "https://{reports_host}.vendor.example" takes the key of that name. OWN_API_URL stands in for API_URL where all the
    keys it names were given. The key is one label of a host name and nothing else, so whatever was typed in, requests
    go to the operator's domain. Raises Misconfigured for a key that is more than that.
    """
    own = setting(spec, "OWN_API_URL") if name == "API_URL" else ""
    given = keys or {}
    chosen = own if own and all(given.get(place) for place in _PLACE.findall(own)) else setting(spec, name)

    def label(found: re.Match[str]) -> str:
        value = given.get(found[1], "")
        if not is_host_label(value):
            raise Misconfigured(
                f"{value!r:.60} is not the name of a host. Give the part of the address before the first dot.",
                detail=f"{spec.settings_prefix}_{name} takes the key {found[1]}.",
            )
        return value.lower()

    return _PLACE.sub(label, chosen)


def is_host_label(value: str) -> bool:
    """Whether this is one label of a host name: letters, digits and hyphens."""
    return _LABEL.fullmatch(value) is not None


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
