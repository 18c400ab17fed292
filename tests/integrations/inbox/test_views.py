"""The pages of a connection's events, its address on the settings page, the staff desk and the command."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from access.models import Organisation, User
from integrations.models import Connection, InboxEvent, WebhookEndpoint
from tests.factories.integrations import InboxEventFactory
from tests.integrations.inbox.conftest import connect, states
from tests.integrations.throwaway.upstream import CottageServer
from tests.query_counts import assert_query_count

pytestmark = pytest.mark.django_db

HOME = "/settings/integrations/cottage/"
EVENTS = HOME + "events/"


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, url: str, **data: Any) -> str:
    """The message that is left for the next page."""
    answer = client.post(url, data)
    assert answer.status_code in (302, 303)
    said = " ".join(str(message) for message in get_messages(answer.wsgi_request))
    # The next page shows it, and it is gone.
    client.get(answer.headers["Location"])
    return said


@pytest.fixture
def source(upstream: CottageServer, organisation: Organisation, admin_user: User) -> Connection:
    """Connected; its records do not matter here."""
    return connect(upstream, organisation, admin_user)


@pytest.fixture
def three(source: Connection, organisation: Organisation) -> list[InboxEvent]:
    """Done yesterday, on the shelf, ignored."""
    of = {"organisation": organisation, "connection": source}
    return [
        InboxEventFactory(**of, topic="let.changed", received_at=timezone.now() - timedelta(days=1)),
        InboxEventFactory(**of, topic="repair.changed", name="work_order.changed", resource="job", resource_ref="20",
                          state="person", cause="The provider did not answer properly.", attempts=3),
        InboxEventFactory(**of, topic="weather.changed", name="", resource="", resource_ref="", state="ignored",
                          cause="Nothing that we keep depends on it.", outcome=""),
    ]  # fmt: skip


def test_the_list_shows_states_and_filters_by_them(client_agent: Client, three: list[InboxEvent]) -> None:
    text = text_of(client_agent, EVENTS)
    assert "One event needs a person" in text
    assert [event.topic in text for event in three] == [True, True, True]
    text = text_of(client_agent, EVENTS + "?state=person")
    assert "repair.changed" in text
    assert "let.changed" not in text
    assert "weather.changed" in text_of(client_agent, EVENTS + "?topic=weather.changed")
    recent = f"{timezone.localtime() - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    text = text_of(client_agent, f"{EVENTS}?since={recent}")
    assert ("let.changed" in text, "repair.changed" in text) == (False, True)
    assert "No event fits" in text_of(client_agent, EVENTS + "?topic=nothing")
    assert "let.changed" in text_of(client_agent, EVENTS + "?since=nonsense")


def test_without_an_address_the_page_says_where_to_open_one(client_agent: Client, source: Connection) -> None:
    assert "No address is open" in text_of(client_agent, EVENTS)


def test_one_a_selection_and_a_time_range_are_replayed(
    client_agent: Client, source: Connection, three: list[InboxEvent]
) -> None:
    done, shelved, ignored = three
    assert post(client_agent, EVENTS + "replay/", ids=[shelved.pk]) == "1 event is worked again."
    assert states(source) == {"done": 1, "queued": 1, "ignored": 1}
    said = post(client_agent, EVENTS + "replay/", ids=[done.pk, shelved.pk, ignored.pk])
    assert said == (
        "1 event is worked again. 1 left out: is to be worked anyway. 1 left out: points at nothing that we keep."
    )
    InboxEvent.objects.filter(pk__in=[done.pk, shelved.pk]).update(state="done")
    old = f"{timezone.localtime() - timedelta(hours=30):%Y-%m-%dT%H:%M}"
    recent = f"{timezone.localtime() - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    assert post(client_agent, EVENTS + "replay/", all="on", since=old, until=recent) == "1 event is worked again."
    assert InboxEvent.objects.get(state="queued") == done
    assert post(client_agent, EVENTS + "replay/").startswith("Choose events first")
    assert post(client_agent, EVENTS + "replay/", all="on", since="nonsense").startswith("Choose events first")
    assert post(client_agent, EVENTS + "replay/", all="on", topic="none").startswith("No event fits")


def test_a_dry_run_says_what_would_be_fetched(
    client_agent: Client, source: Connection, three: list[InboxEvent]
) -> None:
    answer = client_agent.post(EVENTS + "replay/", {"all": "on", "dry": "on"})
    text = answer.content.decode()
    assert "Work 2 events again?" in text
    assert "Leases: 1 record is fetched" in text
    assert "Jobs: 1 record is fetched" in text
    assert "1 event is left out: points at nothing that we keep." in text
    assert states(source) == {"done": 1, "person": 1, "ignored": 1}


def test_events_are_dismissed_from_the_shelf_alone(
    client_agent: Client, source: Connection, three: list[InboxEvent]
) -> None:
    said = post(client_agent, EVENTS + "dismiss/", ids=[event.pk for event in three])
    assert said == "1 event is dismissed."
    three[1].refresh_from_db()
    assert (three[1].state, three[1].cause) == ("ignored", "Dismissed by Tom Okafor.")


def test_a_connection_that_is_not_signed_in_replays_nothing(
    client_agent: Client, source: Connection, three: list[InboxEvent]
) -> None:
    Connection.objects.update(status="expired")
    assert post(client_agent, EVENTS + "replay/", ids=[three[0].pk]).startswith("Sign in at the provider again")


def test_the_address_and_the_secret_are_set_up_on_the_settings_page(client_admin: Client, source: Connection) -> None:
    assert "Open an address for events" in text_of(client_admin, HOME + "settings/")
    assert post(client_admin, EVENTS + "address/") == "The address is open. Enter it at the provider."
    endpoint = WebhookEndpoint.objects.get(connection=source)
    text = text_of(client_admin, HOME + "settings/")
    assert f"{settings.PUBLIC_URL}/api/webhooks/cottage/{endpoint.token}" in text
    assert "Secret missing" in text
    assert "Ask the keeper to write this address down." in text
    assert post(client_admin, EVENTS + "address/", do="secret", secret="short").startswith("That is too short")
    assert post(client_admin, EVENTS + "address/", do="secret").startswith("Paste the signing secret")
    post(client_admin, EVENTS + "address/", do="secret", secret="  a-long-enough-secret ")
    endpoint.refresh_from_db()
    assert endpoint.secret == "a-long-enough-secret"
    assert "a-long-enough-secret" not in text_of(client_admin, HOME + "settings/")
    first = endpoint.token
    post(client_admin, EVENTS + "address/", do="rotate")
    endpoint.refresh_from_db()
    assert (endpoint.previous_token, endpoint.token != first, len(endpoint.token)) == (first, True, 43)
    assert "open until" in text_of(client_admin, HOME + "settings/")
    post(client_admin, EVENTS + "address/", do="revoke")
    endpoint.refresh_from_db()
    assert endpoint.previous_token is None


def test_only_admins_touch_the_address(client_agent: Client, source: Connection) -> None:
    assert client_agent.post(EVENTS + "address/").status_code == 403
    assert WebhookEndpoint.objects.count() == 0


def test_a_provider_without_events_has_no_address(client_admin: Client, scene: Any) -> None:
    said = post(client_admin, "/settings/integrations/propertyme/events/address/")
    assert said == "PropertyMe sends no events; changes are found by syncing."
    assert 'id="events"' not in text_of(client_admin, "/settings/integrations/propertyme/settings/")
    assert "This provider sends none." in text_of(client_admin, "/settings/integrations/propertyme/events/")


def test_the_pages_cost_the_same_whatever_they_show(
    client_admin: Client, source: Connection, endpoint: WebhookEndpoint, three: list[InboxEvent]
) -> None:
    for _ in range(2):
        assert_query_count("integrations:event", client_admin, f"{EVENTS}{three[0].pk}/")
        assert_query_count("integrations:settings with an address", client_admin, HOME + "settings/")
        for _ in range(5):
            InboxEventFactory(organisation=source.organisation, connection=source)


def test_the_staff_desk_replays(client_staff: Client, source: Connection, three: list[InboxEvent]) -> None:
    done, _, ignored = three
    base = "/admin/integrations/inboxevent/"
    said = post(client_staff, base, action="replay-dry", _selected_action=[done.pk])
    assert "1 of tenancy would be fetched" in said
    address = f"{base}staff-action/replay/?id={done.pk}&id={ignored.pk}"
    said = post(client_staff, address, id=[done.pk, ignored.pk])
    assert "is worked again" in said
    assert "It was left out: it points at nothing that we keep." in said
    done.refresh_from_db()
    assert done.state == "queued"


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("replay_events", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["{id}"], ["{id}", "--event", "x"], ["{id}", "--since", "yesterday"]]
)
def test_the_command_says_what_is_wrong(source: Connection, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        command(*[text.format(id=source.pk) for text in arguments])
