"""What each page shows, and what its buttons do."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from access.models import Organisation
from integrations.models import Connection, PropertyMapping, SyncPlan, SyncRun
from properties.models import Property
from tests.factories.integrations import (
    ConnectionFactory,
    PropertyMappingFactory,
    ProviderRecordFactory,
    SyncRunFactory,
)
from tests.factories.properties import PropertyFactory, UnitFactory
from tests.integrations.views.conftest import Scene
from tests.query_counts import assert_query_count, count_queries

HOME = "/settings/integrations/propertyme/"
HTMX = {"HX-Request": "true"}


def text_of(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client: Client, url: str, data: dict[str, object] | None = None) -> str:
    """POSTs and answers the message that is left for the next page."""
    answer = client.post(url, data or {})
    assert answer.status_code in (302, 303)
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def url(name: str, *args: object) -> str:
    return reverse(f"integrations:{name}", args=["propertyme", *args])


# Overview -------------------------------------------------------------------------------------------------------------


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


# Mapping --------------------------------------------------------------------------------------------------------------


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


# Records --------------------------------------------------------------------------------------------------------------


def test_each_record_has_its_verdict_and_the_button_that_fixes_it(scene: Scene, client_agent: Client) -> None:
    def fix(verdict: str) -> str:
        page = text_of(client_agent, f"{url('records')}?verdict={verdict}")
        return page.split("actions-cell")[1].split("</td>")[0]

    assert url("choose", scene.needs.id) in fix("unmapped")
    assert f"#card-{scene.conflict.id}" in fix("conflict")
    assert url("restore", scene.records["dismissed"].id) in fix("dismissed")
    assert url("retry", scene.records["rejected"].id) in fix("rejected")
    assert "<a " not in fix("imported")
    assert "<form" not in fix("imported")


def test_filters_are_removable_and_a_search_that_finds_nothing_says_so(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, f"{url('records')}?q=640&verdict=unmapped&resource=payment")
    assert "Records of exactly this amount." in page
    assert 'href="?verdict=unmapped&amp;resource=payment"' in page
    assert "No record fits" in text_of(client_agent, f"{url('records')}?q=1.23")


def test_a_record_explains_itself_and_its_payload_is_harmless(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("record", scene.records["imported"].id))
    assert "It was imported and agrees with what PropertyMe last sent." in page
    assert reverse("accounting:transaction_detail", args=[scene.transaction.id]) in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    for verdict, record in scene.records.items():
        assert record.label in text_of(client_agent, url("record", record.id)), verdict


def test_records_are_dismissed_restored_and_tried_again(scene: Scene, client_agent: Client) -> None:
    record = scene.records["unmapped"]
    assert "it is dismissed" in said(client_agent, url("dismiss", record.id), {"reason": "Paid in cash"})
    record.refresh_from_db()
    assert (record.verdict, record.reason) == ("dismissed", "Paid in cash")
    assert "it is restored" in said(client_agent, url("restore", record.id))
    record.refresh_from_db()
    assert record.verdict == "pending"
    assert "is in the books" in said(client_agent, url("dismiss", scene.records["imported"].id))


# Sync history ---------------------------------------------------------------------------------------------------------


def test_a_sync_is_asked_for_once(scene: Scene, client_agent: Client) -> None:
    SyncRun.objects.all().delete()
    assert "The sync has started" in said(client_agent, url("sync"), {"full": "on"})
    assert SyncRun.objects.get().full is True
    assert "already under way" in said(client_agent, url("sync"))
    assert SyncRun.objects.count() == 1


def test_the_history_lists_runs_with_counts_and_undo(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("history"))
    assert "4 not mapped" in page
    assert "$640.00" in page
    assert url("undo", scene.run.id) in page
    assert "Held for you" in page


def test_a_run_tells_what_it_saw_skipped_and_changed(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("run", scene.run.id))
    assert f'href="{url("records")}?resource=payment&amp;verdict=unmapped">4</a>' in page
    assert f'href="{url("records")}?verdict=missing">2 records</a>' in page
    assert "It names no amount." in page
    assert "record_rejected: Amount was null" in page
    assert "$640.00" in page
    changes = text_of(client_agent, url("run", scene.run.id) + "?part=changes")
    assert "<del>$600.00</del>" in changes
    assert "<ins>$640.00</ins>" in changes


def test_a_held_run_is_let_go_on_or_discarded(scene: Scene, client_agent: Client) -> None:
    SyncRun.objects.exclude(id=scene.held.id).delete()
    assert "Half of the known payments are not listed." in text_of(client_agent, url("run", scene.held.id))
    released = client_agent.post(url("release", scene.held.id))
    forced = SyncRun.objects.exclude(id=scene.held.id).get()
    assert released.headers["Location"] == url("run", forced.id)
    assert (forced.full, forced.force) == (True, True)
    assert "not held any more" in said(client_agent, url("release", scene.held.id))
    SyncRun.objects.filter(id=scene.held.id).update(status="held")
    assert "nothing was changed" in said(client_agent, url("cancel", scene.held.id))
    scene.held.refresh_from_db()
    assert scene.held.status == "cancelled"


def test_a_lost_run_can_be_retried(scene: Scene, client_agent: Client) -> None:
    SyncRun.objects.filter(id=scene.run.id).update(status="lost")
    assert "Presumed lost" in text_of(client_agent, url("run", scene.run.id))
    assert "Retry" in text_of(client_agent, url("history"))


def test_undoing_shows_the_three_buckets_first(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("undo", scene.run.id))
    for word in ("Reversed", "Kept", "Blocked"):
        assert word in page
    assert "Undo: reverse 1 transaction" in page
    done = client_agent.post(url("undo", scene.run.id))
    undo = SyncRun.objects.get(sync_type="undo")
    assert done.headers["Location"] == url("run", undo.id)
    assert undo.undoes == scene.run
    assert "undone already" in said(client_agent, url("undo", scene.run.id))
    assert "This sync was undone" in text_of(client_agent, url("run", scene.run.id))
    assert client_agent.get(url("undo", scene.run.id)).status_code == 302


# Previews -------------------------------------------------------------------------------------------------------------


def test_a_preview_shows_lines_by_action_with_old_and_new(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("preview", scene.plan.id))
    assert "New rent" in page
    assert "Changed rent" not in page
    assert "Two lines change something" in page
    assert "$640.00 income and $0.00 expense at 1 property" in page
    changed = text_of(client_agent, url("preview", scene.plan.id) + "?action=update")
    assert "<del>$640.00</del>" in changed
    assert "<ins>$650.00</ins>" in changed


def test_a_preview_that_is_being_worked_out_asks_again(scene: Scene, client_agent: Client) -> None:
    SyncPlan.objects.update(status="building")
    part = text_of(client_agent, url("preview", scene.plan.id), **HTMX)
    assert "<html" not in part
    assert 'hx-trigger="every 1s"' in part
    assert '<meta http-equiv="refresh"' in text_of(client_agent, url("preview", scene.plan.id))


def test_a_preview_is_applied_exactly_once(scene: Scene, client_agent: Client) -> None:
    done = client_agent.post(url("apply", scene.plan.id))
    run = SyncRun.objects.get(sync_type="apply")
    assert done.headers["Location"] == url("run", run.id)
    assert run.plan == scene.plan
    assert "was applied or discarded already" in said(client_agent, url("apply", scene.plan.id))


def test_a_discarded_preview_changes_nothing(scene: Scene, client_agent: Client) -> None:
    assert "Nothing was changed." in said(client_agent, url("discard", scene.plan.id))
    page = text_of(client_agent, url("preview", scene.plan.id))
    assert "This preview was discarded" in page
    assert "Apply exactly this" not in page


def test_lines_that_were_not_carried_out_say_so(scene: Scene, client_agent: Client) -> None:
    scene.plan.lines.filter(action="update").update(state="void")
    SyncPlan.objects.update(status="applied")
    page = text_of(client_agent, url("preview", scene.plan.id) + "?action=voided")
    assert "One line was not carried out" in page
    assert "Changed rent" in page
    assert "the record changed meanwhile" in page


def test_a_preview_is_asked_for(scene: Scene, client_agent: Client) -> None:
    SyncRun.objects.all().delete()
    done = client_agent.post(url("preview_start"))
    plan = SyncPlan.objects.order_by("-id")[0]
    assert done.headers["Location"] == url("preview", plan.id)
    assert (plan.kind, plan.status) == ("sync", "building")
    assert "already under way" in said(client_agent, url("preview_start"))


def test_rules_are_replayed_over_one_connection(scene: Scene, rival_scene: Scene, client_agent: Client) -> None:
    SyncRun.objects.all().delete()
    page = reverse("integrations:rules_preview")
    assert "Preview the change" in text_of(client_agent, page)
    assert client_agent.post(page, {"connection": str(rival_scene.connection.id)}).status_code == 404
    done = client_agent.post(page, {"connection": str(scene.connection.id)})
    plan = SyncPlan.objects.order_by("-id")[0]
    assert done.headers["Location"] == url("preview", plan.id)
    assert plan.kind == "rules"
    assert "already under way" in said(client_agent, page)


def test_rules_without_a_connection_have_nothing_to_replay(client_agent: Client) -> None:
    assert "Nothing is connected" in text_of(client_agent, reverse("integrations:rules_preview"))


# Conflicts ------------------------------------------------------------------------------------------------------------


def test_a_conflict_shows_both_sides_and_keeps_ours(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("conflicts"))
    assert "A person changed ours" in page
    assert "$650.00" in page
    assert "Choose which side" in said(client_agent, url("resolve", scene.conflict.id))
    assert "Ours is kept" in said(client_agent, url("resolve", scene.conflict.id), {"side": "ours"})
    scene.conflict.refresh_from_db()
    assert scene.conflict.state == "ours"
    assert "was decided already" in said(client_agent, url("resolve", scene.conflict.id), {"side": "theirs"})
    assert "Kept ours" in text_of(client_agent, url("conflicts") + "?state=decided")


def test_taking_theirs_changes_the_books(scene: Scene, client_agent: Client) -> None:
    assert "Theirs is taken over." in said(client_agent, url("resolve", scene.conflict.id), {"side": "theirs"})
    scene.transaction.refresh_from_db()
    assert str(scene.transaction.amount) == "650.00"


# Cost -----------------------------------------------------------------------------------------------------------------

COUNTED = ["index", "detail", "mapping", "records", "history", "conflicts", "settings", "disconnect"]


@pytest.mark.parametrize("name", COUNTED)
def test_pages_cost_the_same_whatever_they_show(
    scene: Scene, organisation: Organisation, client_admin: Client, name: str
) -> None:
    page = reverse("integrations:index") if name == "index" else url(name)
    assert_query_count(f"integrations:{name}", client_admin, page)
    of = {"organisation": organisation, "connection": scene.connection}
    for number in range(8):
        PropertyMappingFactory(**of, suggested_property=scene.home, suggestion_score=80 + number)
        ProviderRecordFactory(**of, property_ref=scene.needs.provider_property_id)
        SyncRunFactory(**of, requested_by=scene.connection.connected_by)
    SyncRunFactory(**of, status="held")
    assert_query_count(f"integrations:{name}", client_admin, page)


@pytest.mark.parametrize("tab", ["needs", "suggested", "mapped", "ignored"])
def test_every_mapping_tab_costs_the_same(
    scene: Scene, organisation: Organisation, client_agent: Client, tab: str
) -> None:
    page = f"{url('mapping')}?tab={tab}"
    before = count_queries(client_agent, page)
    for row in (scene.needs, scene.suggested, scene.mapped, scene.ignored):
        for number in range(3):
            PropertyMappingFactory(
                organisation=organisation, connection=scene.connection, state=row.state, property=row.property,
                suggested_property=row.suggested_property, suggestion_score=row.suggestion_score,
                provider_property_address=f"{number} Same Street",
            )  # fmt: skip
    assert count_queries(client_agent, page) == before


def test_two_thousand_properties_come_in_pages(scene: Scene, organisation: Organisation, client_agent: Client) -> None:
    PropertyMapping.objects.bulk_create(
        PropertyMappingFactory.build(
            organisation=organisation, connection=scene.connection, provider_property_address=f"{number:04} Long Road"
        )
        for number in range(2000)
    )
    first = client_agent.get(f"{url('mapping')}?tab=needs")
    assert first.content.decode().count('name="ids"') == 50
    assert "Needs mapping 2,001" in first.content.decode()
    seen, pages, older = 50, 1, first.context["page"].older_url
    while older:
        answer = client_agent.get(url("mapping") + older)
        seen, pages, older = seen + len(answer.context["page"].items), pages + 1, answer.context["page"].older_url
    assert (seen, pages) == (2001, 41)
