"""What worked events look like to people: on their page, from the command line, and in the notices."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from communications.models import Notification
from integrations.models import Connection, InboxEvent
from tests.factories.integrations import InboxEventFactory
from tests.integrations.inbox.conftest import Keeper, Work, hurry
from tests.integrations.inbox.test_views import EVENTS, command, post, text_of
from tests.integrations.throwaway.upstream import CottageServer

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_shows_what_came_and_what_it_caused(
    client_agent: Client, keeper: Keeper, source: Connection, upstream: CottageServer, work: Work
) -> None:
    upstream.lists["/receipts"].append({"key": 32, "cottage": 1, "let": 10, "paid": "415.50", "on": "2025-01-20"})
    keeper.ring("receipt.changed", 32, note="<script>alert(1)</script>", password="hunter22")
    work()
    event = InboxEvent.objects.get()
    text = text_of(client_agent, f"{EVENTS}{event.pk}/")
    assert "Fetched again: it had changed." in text
    assert "$415.50" in text
    assert f"/history/{event.runs[0]}/" in text
    assert f"/records/{event.records[0]}/" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "hunter22" not in text


def test_the_command_replays_and_works(source: Connection, organisation: Organisation) -> None:
    of = {"organisation": organisation, "connection": source}
    done = InboxEventFactory(**of)
    shelved = InboxEventFactory(**of, topic="repair.changed", resource="job", resource_ref="20", state="person")
    InboxEventFactory(**of, topic="weather.changed", name="", resource="", resource_ref="", state="ignored")
    assert command(str(source.pk), "--state", "person", "--dry-run") == (
        "1 events would be worked\n  job: 1 records fetched\n"
    )
    assert json.loads(command(str(source.pk), "--event", str(shelved.pk), "--json", "--now")) == {
        "events": 1, "fetches": {"job": 1}, "reads": [], "skipped": {},
    }  # fmt: skip
    shelved.refresh_from_db()
    assert (shelved.state, shelved.outcome) == ("done", "Fetched again: nothing had changed.")
    since = (timezone.now() - timedelta(hours=30)).isoformat()
    text = command(str(source.pk), "--since", since, "--until", "2099-01-01T00:00")
    assert text.splitlines()[0] == "2 events are worked again"
    assert text.splitlines()[-1] == "  left out, 1: points at nothing that we keep"
    assert InboxEvent.objects.get(pk=done.pk).state == "queued"


def test_a_notice_goes_once_the_shelf_is_empty(
    client_agent: Client, keeper: Keeper, source: Connection, upstream: CottageServer, work: Work,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("integrations.sync.waiting.sleep", lambda seconds: None)
    upstream.cursed.add("10")
    keeper.ring("let.changed", 10)
    for _ in range(3):
        work()
        hurry(source)
    assert Notification.objects.filter(read_at=None).count() == 1
    post(client_agent, EVENTS + "dismiss/", ids=[InboxEvent.objects.get().pk])
    assert Notification.objects.filter(read_at=None).count() == 0
