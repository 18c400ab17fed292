"""The list of connections, a connection's overview, and its running sync."""

from __future__ import annotations

import pytest
from django.test import Client

from access.models import Organisation
from integrations.models import Connection, SyncRun
from tests.factories.integrations import (
    ConnectionFactory,
    SyncRunFactory,
)
from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import HOME, HTMX, said, text_of, url


def test_the_list_shows_problems_first_with_their_way_out(
    scene: Scene, organisation: Organisation, client_admin: Client
) -> None:
    ConnectionFactory(organisation=organisation, account_name="Zenith", status="expired", status_reason="It ended.")
    page = text_of(client_admin, "/settings/integrations/")
    assert page.index("Zenith") < page.index("Harbour &amp; Co at PropertyMe")
    assert "PropertyMe asks you to sign in again" in page
    assert "1 of 3 mapped" in page
    for provider in ("PropertyMe", ":Different", "Basiq"):
        assert provider in page


def test_an_empty_list_says_what_to_do(client_admin: Client) -> None:
    assert "Nothing is connected yet" in text_of(client_admin, "/settings/integrations/")


def test_the_overview_tells_state_mode_and_records(scene: Scene, client_admin: Client) -> None:
    page = text_of(client_admin, HOME)
    assert "Two properties are not mapped" in page
    assert "Derived" in page
    assert "secret-access-token" not in page
    assert "secret-refresh-token" not in page
    assert 'href="/settings/integrations/propertyme/records/?verdict=rejected"' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "expired", "status_reason": "The grant ended."}, "The grant ended. Figures at 1 property"),
        ({"status": "revoked"}, "PropertyMe withdrew our access"),
        ({"failing_since": "2026-05-03T00:00:00Z"}, "Syncs with PropertyMe fail"),
    ],
)
def test_a_problem_says_cause_effect_and_way_out(
    scene: Scene, client_admin: Client, client_agent: Client, fields: dict[str, object], words: str
) -> None:
    SyncRun.objects.filter(status="held").delete()
    Connection.objects.update(**fields)
    page = text_of(client_admin, HOME)
    assert words in page
    if "status" in fields:
        assert f'name="reconnects" value="{scene.connection.id}"' in page
        assert "An admin of your organisation can reconnect." in text_of(client_agent, HOME)
        assert "Sync now" not in page


def test_two_agencies_are_told_apart_by_the_address(
    scene: Scene, organisation: Organisation, client_admin: Client
) -> None:
    other = ConnectionFactory(organisation=organisation, account_name="North Branch")
    assert "North Branch" in text_of(client_admin, HOME)
    page = text_of(client_admin, f"{HOME}mapping/?connection={scene.connection.id}")
    assert "4/18 Acacia Ave" in page
    assert f'href="{HOME}records/?connection={scene.connection.id}"' in page
    assert "4/18 Acacia Ave" not in text_of(client_admin, f"{HOME}mapping/?connection={other.id}")


def test_a_running_sync_shows_its_progress_and_then_reloads(
    scene: Scene, organisation: Organisation, client_agent: Client
) -> None:
    SyncRun.objects.filter(status="held").delete()
    run = SyncRunFactory(
        organisation=organisation, connection=scene.connection, status="running", stage="rent payments", done=31_400,
        expected=48_200, finished_at=None,
    )  # fmt: skip
    page = text_of(client_agent, HOME)
    assert 'hx-trigger="every 1s"' in page
    part = client_agent.get(url("progress"), headers=HTMX)
    assert "31,400 of about 48,200" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert 'max="48200" value="31400"' in part.content.decode()
    assert "HX-Refresh" not in part.headers
    assert "stops after this page" in said(client_agent, url("cancel", run.id))
    run.refresh_from_db()
    assert run.cancel_requested is True
    SyncRun.objects.filter(id=run.id).update(status="cancelled")
    assert client_agent.get(url("progress"), headers=HTMX).headers["HX-Refresh"] == "true"
    stayed = client_agent.get(url("progress") + "?then=stay", headers=HTMX)
    assert "HX-Refresh" not in stayed.headers
    assert "The sync has ended: cancelled" in stayed.content.decode()
