"""Theirs beside ours: what the rows say and what settles them."""

from __future__ import annotations

import pytest
from django.test import Client

from access.models import Organisation
from integrations.models import SyncRun
from properties.models import Property
from tests.factories.integrations import (
    PropertyMappingFactory,
)
from tests.factories.properties import PropertyFactory, UnitFactory
from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import HTMX, said, text_of, url


def test_the_mapping_page_shows_theirs_ours_and_why(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("mapping"))
    assert "4/18 Acacia Ave, Newtown NSW 2042" in page
    assert "a41f…c2" in page
    assert "number and street agree" in page
    assert "suburbs differ" in page
    assert "Accept all at 90 or above (1)" in page
    needs = text_of(client_agent, url("mapping") + "?tab=needs")
    assert "9 شارع النيل" in needs
    assert "4/18 Acacia Ave, Newtown" not in needs


def test_the_mapping_list_is_served_alone_to_htmx(scene: Scene, client_agent: Client) -> None:
    part = text_of(client_agent, url("mapping"), **HTMX)
    assert part.lstrip().startswith('<div class="card" id="mapping-list">')
    assert "<html" not in part


def test_mapping_to_the_suggestion_to_another_and_to_a_unit(
    scene: Scene, organisation: Organisation, client_agent: Client
) -> None:
    assert "is now 4/18 Acacia Avenue" in said(client_agent, url("map", scene.suggested.id))
    scene.suggested.refresh_from_db()
    assert (scene.suggested.state, scene.suggested.property) == ("mapped", scene.home)
    block = PropertyFactory(organisation=organisation, name="7 Block Street")
    unit = UnitFactory(organisation=organisation, property=block, label="2")
    UnitFactory(organisation=organisation, property=block, label="1")
    said(client_agent, url("map", scene.needs.id), {"property": f"{block.id}:{unit.id}"})
    scene.needs.refresh_from_db()
    assert (scene.needs.property, scene.needs.unit) == (block, unit)
    assert SyncRun.objects.filter(sync_type="apply", status="queued").count() == 1


def test_mapping_refuses_what_is_not_ours(
    scene: Scene, rival_scene: Scene, organisation: Organisation, client_agent: Client
) -> None:
    refused = client_agent.post(url("map", scene.needs.id), {"property": str(rival_scene.home.id)})
    assert refused.status_code == 404
    assert client_agent.post(url("map", scene.needs.id)).status_code == 404
    stranger = UnitFactory(organisation=rival_scene.home.organisation, property=rival_scene.home)
    both = {"property": f"{scene.home.id}:{stranger.id}"}
    assert client_agent.post(url("map", scene.needs.id), both).status_code == 404
    archived = PropertyFactory(organisation=organisation, status="archived")
    assert "is archived" in said(client_agent, url("map", scene.needs.id), {"property": str(archived.id)})
    scene.needs.refresh_from_db()
    assert scene.needs.state == "unmapped"


def test_the_choice_works_as_a_page_and_as_a_list(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("choose", scene.needs.id) + "?q=acacia")
    assert "<html" in page
    assert f'value="{scene.home.id}"' in page
    assert "hx-post" not in page.split("option-list")[1].split("</form>")[0]
    part = text_of(client_agent, url("choose", scene.needs.id) + "?q=acacia", **HTMX)
    assert part.lstrip().startswith("<form")
    assert 'hx-target="#mapping-list"' in part
    assert "None of your properties has “nowhere”." in text_of(
        client_agent, url("choose", scene.needs.id) + "?q=nowhere", **HTMX
    )


def test_creating_ignoring_and_taking_back(scene: Scene, client_agent: Client) -> None:
    before = Property.objects.count()
    assert "was added to your properties" in said(client_agent, url("create", scene.needs.id))
    assert Property.objects.count() == before + 1
    assert "is ignored" in said(client_agent, url("ignore", scene.suggested.id))
    scene.suggested.refresh_from_db()
    assert scene.suggested.state == "ignored"
    said(client_agent, url("unmap", scene.suggested.id))
    scene.suggested.refresh_from_db()
    assert scene.suggested.state == "unmapped"


def test_unmapping_names_what_came_in_first(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("unmap", scene.mapped.id))
    assert "Rent payments: 1" in page
    assert "One transaction is taken back by a reversing entry: $640.00 income and $0.00 expense." in page
    scene.mapped.refresh_from_db()
    assert scene.mapped.state == "mapped"
    assert "is no longer mapped" in said(client_agent, url("unmap", scene.mapped.id))
    scene.mapped.refresh_from_db()
    assert (scene.mapped.state, scene.mapped.property) == ("unmapped", None)


def test_the_switch_of_one_property(scene: Scene, client_agent: Client) -> None:
    assert "waits for a manual sync" in said(client_agent, url("auto_sync", scene.mapped.id))
    scene.mapped.refresh_from_db()
    assert scene.mapped.auto_sync is False
    assert "syncs by itself" in said(client_agent, url("auto_sync", scene.mapped.id), {"auto_sync": "on"})
    scene.mapped.refresh_from_db()
    assert scene.mapped.auto_sync is True


def test_accepting_all_takes_only_high_scores(scene: Scene, organisation: Organisation, client_agent: Client) -> None:
    low = PropertyMappingFactory(
        organisation=organisation, connection=scene.connection, suggested_property=scene.home, suggestion_score=89
    )
    assert "1 property was mapped" in said(client_agent, url("accept"))
    low.refresh_from_db()
    scene.suggested.refresh_from_db()
    assert (low.state, scene.suggested.state) == ("unmapped", "mapped")


@pytest.mark.parametrize(
    ("action", "message", "state"),
    [
        ("create", "2 properties were added.", "mapped"),
        ("ignore", "2 properties are ignored.", "ignored"),
        ("accept", "1 property was mapped.", "mapped"),
        ("nonsense", "", "unmapped"),
    ],
)
def test_ticked_rows_are_settled_together(
    scene: Scene, rival_scene: Scene, client_agent: Client, action: str, message: str, state: str
) -> None:
    ids = [scene.suggested.id, scene.needs.id, rival_scene.needs.id, "nonsense"]
    assert message in said(client_agent, url("bulk"), {"action": action, "ids": ids})
    scene.suggested.refresh_from_db()
    rival_scene.needs.refresh_from_db()
    assert (scene.suggested.state, rival_scene.needs.state) == (state, "unmapped")


def test_nothing_ticked_changes_nothing(scene: Scene, client_agent: Client) -> None:
    assert "Nothing was ticked" in said(client_agent, url("bulk"), {"action": "create"})


def test_forms_lead_back_to_our_own_pages_only(scene: Scene, client_agent: Client) -> None:
    target = f"{url('mapping')}?tab=needs"
    back = client_agent.post(url("ignore", scene.needs.id), {"next": target})
    assert (back.status_code, back.headers["Location"]) == (303, target)
    away = client_agent.post(url("ignore", scene.needs.id), {"next": "https://evil.example/"})
    assert away.headers["Location"] == url("mapping")
