"""Both sides of a conflict, and the decision."""

from __future__ import annotations

from django.test import Client

from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import said, text_of, url


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
