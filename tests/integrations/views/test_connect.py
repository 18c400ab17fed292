"""Signing in at the sandbox vendor and leaving it, through the pages and over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from access.models import Organisation
from integrations.models import Connection, OAuthState
from integrations.sandbox import SandboxServer
from tests.factories.integrations import ConnectionFactory
from tests.integrations.consent import decide

pytestmark = pytest.mark.django_db
HOME = "/settings/integrations/propertyme/"
CALLBACK = "/api/integrations/propertyme/callback"


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(lots=4, years=0.2, seed=5, agencies=2) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        settings.PUBLIC_URL = "http://testserver"
        cache.delete("misconfigured:propertyme")
        yield server


def sign_in(client: Client, vendor: SandboxServer, **choices: object) -> dict[str, str]:
    """Leaves for the vendor and answers what its consent page sends back."""
    leaving = client.post(f"{HOME}connect/", choices.pop("form", {}))  # type: ignore[arg-type]
    assert leaving.status_code == 303
    return decide(vendor, leaving.headers["Location"], **choices)  # type: ignore[arg-type]


def test_a_provider_without_a_connection_shows_what_it_offers(
    vendor: SandboxServer, client_admin: Client, client_agent: Client
) -> None:
    page = client_admin.get(HOME)
    assert page.status_code == 200
    assert "Connect PropertyMe" in page.content.decode()
    assert "else derived from the total of rent paid" in page.content.decode()
    # The form leads to the vendor, which the page's policy must allow.
    assert f"form-action 'self' {vendor.url}" in page.headers["Content-Security-Policy"]
    assert "An admin of your organisation can connect" in client_agent.get(HOME).content.decode()


def test_leaving_for_the_vendor_carries_state_and_challenge(vendor: SandboxServer, client_admin: Client) -> None:
    leaving = client_admin.post(f"{HOME}connect/")
    query = parse_qs(urlsplit(leaving.headers["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"http://testserver{CALLBACK}"]
    assert OAuthState.objects.count() == 1


def test_consent_leads_to_the_mapping_page(
    vendor: SandboxServer, client_admin: Client, organisation: Organisation
) -> None:
    answer = client_admin.get(CALLBACK, sign_in(client_admin, vendor))
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{HOME}mapping/"
    connection = Connection.objects.get(organisation=organisation)
    assert connection.status == "active"
    page = client_admin.get(f"{HOME}mapping/").content.decode()
    assert "is connected. Next: say which of your properties each of theirs is." in page
    assert str(connection.access_token) not in page


def test_refused_consent_is_a_page_of_its_own(vendor: SandboxServer, client_admin: Client) -> None:
    page = client_admin.get(CALLBACK, sign_in(client_admin, vendor, decision="refuse"))
    assert page.status_code == 403
    assert "You did not give access at PropertyMe" in page.content.decode()
    assert Connection.objects.count() == 0
    # The refusal used the sign-in up.
    assert OAuthState.objects.get().used_at is not None


def test_an_error_of_the_vendor_is_not_called_a_refusal(vendor: SandboxServer, client_admin: Client) -> None:
    answer = sign_in(client_admin, vendor, decision="refuse")
    page = client_admin.get(CALLBACK, answer | {"error": "server_error"})
    assert page.status_code == 502
    assert "PropertyMe did not let the sign-in through" in page.content.decode()


def test_a_wrong_state_and_a_used_one_are_refused(
    vendor: SandboxServer, client_admin: Client, other_admin: object
) -> None:
    wrong = client_admin.get(CALLBACK, {"state": "made-up", "code": "x"})
    assert wrong.status_code == 400
    assert "did not begin in this browser session" in wrong.content.decode()
    answer = sign_in(client_admin, vendor)
    assert client_admin.get(CALLBACK, answer).status_code == 302
    again = client_admin.get(CALLBACK, answer)
    assert again.status_code == 400
    assert "state_used" in again.content.decode()
    assert Connection.objects.count() == 1


def test_a_code_that_the_vendor_rejects_says_so(vendor: SandboxServer, client_admin: Client) -> None:
    page = client_admin.get(CALLBACK, sign_in(client_admin, vendor) | {"code": "used-before"})
    assert page.status_code == 400
    assert "code_rejected" in page.content.decode()
    assert Connection.objects.count() == 0


def test_another_agency_has_to_be_confirmed(
    vendor: SandboxServer, client_admin: Client, client_agent: Client, organisation: Organisation
) -> None:
    client_admin.get(CALLBACK, sign_in(client_admin, vendor))
    first = Connection.objects.get()
    answer = sign_in(client_admin, vendor, agency=1, form={"reconnects": str(first.id)})
    asked = client_admin.get(CALLBACK, answer)
    assert asked.status_code == 302
    question = client_admin.get(asked.headers["Location"])
    assert question.status_code == 200
    assert "That is another account at PropertyMe" in question.content.decode()
    assert Connection.objects.count() == 1
    assert client_agent.post(asked.headers["Location"]).status_code == 403
    done = client_admin.post(asked.headers["Location"])
    assert done.headers["Location"] == f"{HOME}mapping/"
    first.refresh_from_db()
    assert first.status == "disconnected"
    second = Connection.objects.get(status="active")
    assert second.account_name == vendor.vendor.agencies[1].name
    # The question is answered once.
    assert client_admin.post(asked.headers["Location"]).status_code == 400


def test_reconnecting_names_only_ones_own_connection(vendor: SandboxServer, client_admin: Client) -> None:
    rival = ConnectionFactory()
    assert client_admin.post(f"{HOME}connect/", {"reconnects": str(rival.id)}).status_code == 404


def test_without_credentials_the_page_tells_the_operator_what_to_set(settings: Settings, client_admin: Client) -> None:
    settings.PROPERTYME_CLIENT_SECRET = ""
    for page in (client_admin.get(HOME), client_admin.get("/settings/integrations/")):
        assert "PROPERTYME_CLIENT_SECRET" in page.content.decode()
    refused = client_admin.post(f"{HOME}connect/", follow=True)
    assert "is not set up on this installation" in refused.content.decode()


@pytest.mark.parametrize("slug", ["different", "basiq"])
def test_planned_providers_offer_nothing_to_press(client_admin: Client, slug: str) -> None:
    page = client_admin.get(f"/settings/integrations/{slug}/").content.decode()
    assert "Coming soon" in page
    assert f"/{slug}/connect/" not in page
    refused = client_admin.post(f"/settings/integrations/{slug}/connect/", follow=True)
    assert "cannot be connected yet" in refused.content.decode()


def test_disconnecting_asks_first_and_revokes_the_grant(vendor: SandboxServer, client_admin: Client) -> None:
    client_admin.get(CALLBACK, sign_in(client_admin, vendor))
    connection = Connection.objects.get()
    asked = client_admin.get(f"{HOME}disconnect/").content.decode()
    assert "Keep it: 0 transactions ($0.00 income and $0.00 expense) stay in the books." in asked
    unanswered = client_admin.post(f"{HOME}disconnect/")
    assert unanswered.status_code == 422
    connection.refresh_from_db()
    assert connection.status == "active"
    vendor.requests.clear()
    done = client_admin.post(f"{HOME}disconnect/", {"imported": "keep"}, follow=True)
    assert "Everything imported stays." in done.content.decode()
    connection.refresh_from_db()
    assert (connection.status, connection.access_token) == ("disconnected", None)
    assert vendor.requests.count("/connect/revocation") == 1
    page = client_admin.get(HOME).content.decode()
    assert "Disconnected" in page
    assert client_admin.get(f"{HOME}disconnect/").status_code == 302


def test_settings_change_the_rhythm(client_admin: Client, organisation: Organisation) -> None:
    connection = ConnectionFactory(organisation=organisation, sync_every_minutes=77)
    assert "Every 77 minutes" in client_admin.get(f"{HOME}settings/").content.decode()
    saved = client_admin.post(f"{HOME}settings/", {"sync_every_minutes": "60"}, follow=True)
    assert "The rhythm is saved." in saved.content.decode()
    connection.refresh_from_db()
    assert (connection.auto_sync, connection.sync_every_minutes) == (False, 60)
    assert client_admin.post(f"{HOME}settings/", {"sync_every_minutes": "1"}).status_code == 422
