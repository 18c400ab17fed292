"""Syncs: asked for, listed, explained, let go on, and undone."""

from __future__ import annotations

from django.test import Client

from integrations.models import SyncRun
from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import said, text_of, url


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
