from __future__ import annotations

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from integrations import registry
from integrations.checks import check_addresses, check_field_key, check_providers
from tests.integrations.keyed import SPEC as BOATHOUSE

GOOD_KEY = "k" * 40


def ids(found: list[object]) -> list[str]:
    return [str(getattr(message, "id", "")) for message in found]


def live(settings: Settings) -> None:
    settings.PROPERTYME_API_URL = "https://app.propertyme.com/api"
    settings.PROPERTYME_AUTH_URL = "https://login.propertyme.com"
    settings.PROPERTYME_CLIENT_ID, settings.PROPERTYME_CLIENT_SECRET = "id", "secret"
    settings.PROPERTYME_CLIENT_AUTH = "basic"


def test_sound_settings_say_nothing(settings: Settings) -> None:
    live(settings)
    settings.FIELD_ENCRYPTION_KEYS = [GOOD_KEY]
    assert check_field_key(None) == check_providers(None) == check_addresses(None) == []


def test_the_checks_are_registered(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    assert "integrations.E001" in ids(run_checks(tags=["integrations"]))
    settings.PROPERTYME_API_URL = "http://127.0.0.1:1/api"
    assert "integrations.E005" in ids(run_checks(tags=["integrations"], include_deployment_checks=True))
    assert "integrations.E005" not in ids(run_checks(tags=["integrations"]))


def test_the_field_key(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    assert ids(check_field_key(None)) == ["integrations.E001"]
    settings.FIELD_ENCRYPTION_KEYS = [GOOD_KEY, settings.SECRET_KEY]
    assert ids(check_field_key(None)) == ["integrations.E002"]
    settings.FIELD_ENCRYPTION_KEYS = ["short"]
    assert ids(check_field_key(None)) == ["integrations.W001"]


def test_a_provider_without_any_credentials_is_off_and_no_mistake(settings: Settings) -> None:
    live(settings)
    settings.PROPERTYME_CLIENT_ID = settings.PROPERTYME_CLIENT_SECRET = ""
    settings.PROPERTYME_CLIENT_AUTH = "telepathy"
    assert check_providers(None) == []


def test_a_half_configured_provider(settings: Settings) -> None:
    live(settings)
    settings.PROPERTYME_CLIENT_SECRET = ""
    (message,) = check_providers(None)
    assert message.id == "integrations.E003"
    assert message.msg == "PropertyMe is half configured: PROPERTYME_CLIENT_SECRET is not set."
    assert message.hint == "Set both, or neither to switch the provider off."


def test_an_unknown_way_to_authenticate(settings: Settings) -> None:
    live(settings)
    settings.PROPERTYME_CLIENT_AUTH = "telepathy"
    assert ids(check_providers(None)) == ["integrations.E004"]


def test_plain_http_is_for_this_machine_and_never_for_production(settings: Settings) -> None:
    live(settings)
    settings.PROPERTYME_AUTH_URL = "http://login.propertyme.com"
    assert ids(check_providers(None)) == ["integrations.E006"]
    settings.PROPERTYME_AUTH_URL = "http://localhost:8811"
    assert check_providers(None) == []
    assert ids(check_addresses(None)) == ["integrations.E005"]


def test_keys_travel_to_trusted_addresses_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    live(settings)
    monkeypatch.setitem(registry.PROVIDERS, "boathouse", BOATHOUSE)
    settings.BOATHOUSE_API_URL = "http://boats.example"
    (message,) = check_providers(None)
    assert (message.id, message.msg) == (
        "integrations.E006", "BOATHOUSE_API_URL 'http://boats.example' is not an https address.",
    )  # fmt: skip
    settings.BOATHOUSE_API_URL = "http://localhost:8811"
    assert check_providers(None) == []
    assert ids(check_addresses(None)) == ["integrations.E005"]
    # Blank: the provider is off.
    settings.BOATHOUSE_API_URL = ""
    assert check_providers(None) == check_addresses(None) == []


@pytest.mark.parametrize("name", ["OWN_API_URL", "REPORTS_URL", "JWKS_URL"])
def test_further_addresses_are_looked_at_as_well(settings: Settings, name: str) -> None:
    live(settings)
    setattr(settings, f"APPFOLIO_{name}", "http://{host}.appfolio.example/api")
    assert ids(check_providers(None)) == ["integrations.E006"]
    setattr(settings, f"APPFOLIO_{name}", "http://localhost:8811/appfolio")
    assert check_providers(None) == []
    assert ids(check_addresses(None)) == ["integrations.E005"]
    setattr(settings, f"APPFOLIO_{name}", "")
    assert check_providers(None) == check_addresses(None) == []
