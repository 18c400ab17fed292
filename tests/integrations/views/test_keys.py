"""The form that takes keys: what it shows, what it never shows, and where it leads."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from access.models import Organisation
from integrations.models import Connection
from tests.integrations.keyed.fixtures import HARBOUR, LAKE, boathouse  # noqa: F401  # a fixture
from tests.integrations.keyed.upstream import BoathouseServer
from tests.query_counts import assert_query_count

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("boathouse")]
HOME = "/settings/integrations/boathouse/"
CONNECT = f"{HOME}connect/"


def test_the_page_asks_for_the_keys(client_admin: Client, client_agent: Client) -> None:
    page = client_admin.get(HOME).content.decode()
    assert "Client secret" in page
    assert "Under Settings, API." in page
    assert 'name="client_secret" autocomplete="new-password"' in page
    assert 'type="password"' in page
    assert "Test connection" in page
    assert "kept encrypted and never shown again" in page
    assert "You sign in at" not in page
    assert client_admin.get(CONNECT).content.decode().count("<form") == page.count("<form")
    agent = client_agent.get(HOME).content.decode()
    assert "An admin of your organisation can connect Boathouse Keeper." in agent
    assert "Test connection" not in agent


def test_a_test_shows_the_account_and_connects_without_typing_again(client_admin: Client) -> None:
    tested = client_admin.post(CONNECT, HARBOUR | {"do": "test"})
    assert tested.status_code == 303
    assert Connection.objects.count() == 0
    page = client_admin.get(tested.headers["Location"]).content.decode()
    assert "The keys work" in page
    assert "Harbour Boats" in page
    assert HARBOUR["client_secret"] not in page
    tried = tested.headers["Location"].partition("tried=")[2]
    done = client_admin.post(CONNECT, {"tried": tried})
    assert (done.status_code, done.headers["Location"]) == (302, f"{HOME}mapping/")
    assert Connection.objects.get().read_keys() == HARBOUR
    # Pressed twice: the second press says so and changes nothing.
    again = client_admin.post(CONNECT, {"tried": tried}, follow=True)
    assert "There is no sign-in that waits for you." in again.content.decode()


def test_a_test_belongs_to_its_session(client_admin: Client, client_agent: Client) -> None:
    address = client_admin.post(CONNECT, HARBOUR | {"do": "test"}).headers["Location"]
    client_admin.session.flush()
    assert client_admin.get(address).status_code == 302
    assert "The keys work" not in client_admin.get(f"{CONNECT}?tried=nonsense", follow=True).content.decode()


def test_connecting_at_once(client_admin: Client, organisation: Organisation) -> None:
    done = client_admin.post(CONNECT, HARBOUR | {"do": "connect"})
    assert (done.status_code, done.headers["Location"]) == (302, f"{HOME}mapping/")
    found = Connection.objects.get(organisation=organisation)
    for name in ("", "mapping/", "settings/", "records/", "history/", "connect/", "disconnect/"):
        page = client_admin.get(f"{HOME}{name}")
        assert page.status_code == 200
        assert HARBOUR["client_secret"] not in page.content.decode()
    assert f"{CONNECT}?reconnects={found.id}" in client_admin.get(f"{HOME}settings/").content.decode()
    assert "are deleted here" in client_admin.get(f"{HOME}disconnect/").content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"client_id": "harbour", "client_secret": "top-secret-typo"}, "does not accept these keys"),
        ({"client_id": "harbour", "client_secret": "schlüssel-typo"}, "Client secret cannot be right"),
        ({"client_secret": "top-secret-typo"}, "Client ID is missing."),
    ],
)
def test_a_refusal_says_why_and_never_sends_the_secret_back(
    client_admin: Client, typed: dict[str, str], words: str
) -> None:
    for button in ("test", "connect"):
        page = client_admin.post(CONNECT, typed | {"do": button})
        assert page.status_code == 422
        text = page.content.decode()
        assert words in text
        assert typed["client_secret"] not in text
        # What is no secret need not be typed again.
        assert ('value="harbour"' in text) == ("client_id" in typed)


def test_keys_of_another_account_are_asked_about(client_admin: Client) -> None:
    client_admin.post(CONNECT, HARBOUR)
    first = Connection.objects.get()
    asked = client_admin.post(CONNECT, LAKE | {"reconnects": str(first.id)})
    assert asked.status_code == 303
    page = client_admin.get(asked.headers["Location"]).content.decode()
    assert "The keys you entered belong to" in page
    assert LAKE["client_secret"] not in page
    client_admin.post(asked.headers["Location"])
    assert set(Connection.objects.values_list("account_id", "status")) == {("70", "disconnected"), ("71", "active")}


def test_a_connection_whose_keys_stopped_working_leads_to_the_form(client_admin: Client) -> None:
    client_admin.post(CONNECT, HARBOUR)
    Connection.objects.update(status="expired")
    page = client_admin.get(HOME).content.decode()
    assert "Boathouse Keeper does not accept our keys" in page
    assert f'href="{CONNECT}?reconnects={Connection.objects.get().id}"' in page
    tested = client_admin.post(CONNECT, HARBOUR | {"do": "test", "reconnects": str(Connection.objects.get().id)})
    page = client_admin.get(tested.headers["Location"]).content.decode()
    assert f'name="reconnects" value="{Connection.objects.get().id}"' in page


def test_without_an_address_it_is_off(client_admin: Client, settings: Settings) -> None:
    settings.BOATHOUSE_API_URL = ""
    page = client_admin.get(HOME).content.decode()
    assert "This server has no address for Boathouse Keeper" in page
    assert "BOATHOUSE_API_URL" in page
    assert "BOATHOUSE_CLIENT_ID" not in page
    refused = client_admin.post(CONNECT, HARBOUR)
    assert refused.status_code == 422
    assert "This server has no address for Boathouse Keeper" in refused.content.decode()


def test_the_provider_being_down_is_no_fault_of_the_keys(
    client_admin: Client,
    boathouse: BoathouseServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations.http.BACKOFF_BASE", 0.001)
    boathouse.status = 503
    assert "did not answer in time, so nothing was stored" in client_admin.post(CONNECT, HARBOUR).content.decode()


def test_what_the_form_costs(client_admin: Client) -> None:
    assert_query_count("integrations:connect by keys", client_admin, HOME)
    tested = client_admin.post(CONNECT, HARBOUR | {"do": "test"})
    assert_query_count("integrations:connect tried keys", client_admin, tested.headers["Location"])
