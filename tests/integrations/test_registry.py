"""Addresses with a place for a customer's own host."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from integrations import registry
from integrations.errors import Misconfigured
from integrations.providers.appfolio import SPEC
from integrations.providers.propertyme import SPEC as PROPERTYME


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.APPFOLIO_API_URL = "https://api.appfolio.com/api/v0"
    settings.APPFOLIO_OWN_API_URL = "https://{host}.appfolio.com/api/v0"
    settings.APPFOLIO_REPORTS_URL = "https://{reports_host}.appfolio.com/api/v2/reports"


def test_an_address_without_a_place_is_the_setting(settings: Settings) -> None:
    settings.PROPERTYME_API_URL = "https://app.propertyme.example/api"
    assert registry.address(PROPERTYME, "API_URL") == "https://app.propertyme.example/api"
    assert registry.address(SPEC, "API_URL", {"client_id": "x"}) == "https://api.appfolio.com/api/v0"


def test_a_host_of_ones_own_takes_its_place() -> None:
    keys = {"host": "Harbour-2", "reports_host": "harbour"}
    assert registry.address(SPEC, "API_URL", keys) == "https://harbour-2.appfolio.com/api/v0"
    assert registry.address(SPEC, "REPORTS_URL", keys) == "https://harbour.appfolio.com/api/v2/reports"


def test_without_an_own_address_there_is_one_for_all(settings: Settings) -> None:
    settings.APPFOLIO_OWN_API_URL = ""
    assert registry.address(SPEC, "API_URL", {"host": "harbour"}) == "https://api.appfolio.com/api/v0"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example/", "evil.example#", "evil.example?", "user@evil", "evil:443", "a.b", "-a", "a-", "a b", "a\n",
        "%2e", "a\\b", "хост", "", "a" * 64,
    ],
)  # fmt: skip
def test_nothing_but_one_label_takes_a_place(host: str) -> None:
    assert not registry.is_host_label(host)
    with pytest.raises(Misconfigured, match="is not the name of a host"):
        registry.address(SPEC, "REPORTS_URL", {"reports_host": host})


def test_push_is_declared_for_exactly_what_some_event_rings_for() -> None:
    for spec in registry.PROVIDERS.values():
        rules = spec.webhooks.events.values() if spec.webhooks else ()
        declared = {capability.resource for capability in spec.capabilities if capability.push}
        assert declared == {rule.resource for rule in rules if rule.resource}, spec.slug
