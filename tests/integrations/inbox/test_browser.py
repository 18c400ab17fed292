"""The pages of events in a browser: no axe violation, nothing cut off, and a selection that is replayed."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from integrations.models import Connection, InboxEvent, WebhookEndpoint
from tests.browser.test_accessibility import inspect
from tests.factories.integrations import InboxEventFactory
from tests.integrations.throwaway import SPEC
from tests.support.browser import DESKTOP, PHONE, PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "dark"), [(DESKTOP["width"], True), (PHONE["width"], False)])
def test_the_pages_of_events(
    page_factory: PageFactory,
    live_server: LiveServer,
    client_admin: Client,
    source: Connection,
    endpoint: WebhookEndpoint,
    width: int,
    dark: bool,
) -> None:
    of = {"organisation": source.organisation, "connection": source}
    shelved = InboxEventFactory(
        **of, state="person", topic="let.changed", cause="The provider did not answer properly."
    )
    InboxEventFactory(**of, topic="repair.changed", name="work_order.changed", resource="job", resource_ref="20")
    page = page_factory(width=width, dark=dark, base_url=live_server.url)
    cookie = client_admin.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    events = reverse("integrations:events", args=[SPEC.slug])
    addresses = [
        events,
        f"{events}?state=ignored",
        f"{events}{shelved.pk}/",
        reverse("integrations:settings", args=[SPEC.slug]),
    ]
    assert inspect(page, addresses) == []
    page.goto(events)
    page.get_by_role("checkbox", name="Choose let.changed").check()
    page.get_by_role("button", name="What would a replay do?").click()
    page.get_by_role("heading", name="Work 1 event again?").wait_for()
    page.get_by_role("button", name="Replay 1 event").click()
    page.get_by_text("1 event is worked again.").wait_for()
    shelved.refresh_from_db()
    assert (shelved.state, shelved.replays) == (InboxEvent.State.QUEUED, 1)
