"""Previews: shown line by line, applied exactly, discarded; and rules replayed."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from integrations.models import SyncPlan, SyncRun
from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import HTMX, said, text_of, url


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
