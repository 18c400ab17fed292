"""Who may see what: every address of the connection pages, for every kind of person."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.integrations.views.conftest import Scene

SLUG = "propertyme"
# Address name, what of the scene it names, and whether it is for admins only.
PAGES: list[tuple[str, str, bool]] = [
    ("index", "", False),
    ("rules_preview", "", False),
    ("detail", "slug", False),
    ("connect", "slug", True),
    ("confirm_account", "state", True),
    ("disconnect", "slug", True),
    ("settings", "slug", True),
    ("progress", "slug", False),
    ("mapping", "slug", False),
    ("choose", "needs", False),
    ("unmap", "mapped", False),
    ("records", "slug", False),
    ("record", "record", False),
    ("history", "slug", False),
    ("run", "run", False),
    ("undo", "run", False),
    ("preview", "plan", False),
    ("conflicts", "slug", False),
]
ACTIONS: list[tuple[str, str, bool]] = [
    ("connect", "slug", True),
    ("confirm_account", "state", True),
    ("disconnect", "slug", True),
    ("settings", "slug", True),
    ("sync", "slug", False),
    ("preview_start", "slug", False),
    ("accept", "slug", False),
    ("bulk", "slug", False),
    ("map", "needs", False),
    ("create", "needs", False),
    ("ignore", "needs", False),
    ("unmap", "mapped", False),
    ("auto_sync", "mapped", False),
    ("dismiss", "record", False),
    ("restore", "record", False),
    ("retry", "record", False),
    ("cancel", "run", False),
    ("release", "held", False),
    ("undo", "run", False),
    ("apply", "plan", False),
    ("discard", "plan", False),
    ("resolve", "conflict", False),
]


def address(scene: Scene, name: str, what: str) -> str:
    if what == "":
        return reverse(f"integrations:{name}")
    if what == "slug":
        return reverse(f"integrations:{name}", args=[SLUG])
    thing = scene.records["unmapped"] if what == "record" else getattr(scene, what)
    return reverse(f"integrations:{name}", args=[SLUG, thing.id])


@pytest.mark.parametrize(("name", "what", "admins"), PAGES)
def test_pages_open_for_those_who_may(
    scene: Scene, client_admin: Client, client_agent: Client, name: str, what: str, admins: bool
) -> None:
    url = address(scene, name, what)
    assert client_admin.get(url).status_code == 200
    assert client_agent.get(url).status_code == (403 if admins else 200)


@pytest.mark.parametrize(("name", "what", "admins"), PAGES + ACTIONS)
def test_tenants_see_and_do_nothing(scene: Scene, client_tenant: Client, name: str, what: str, admins: bool) -> None:
    url = address(scene, name, what)
    assert client_tenant.get(url).status_code == 403
    assert client_tenant.post(url).status_code == 403


@pytest.mark.parametrize(("name", "what", "admins"), [row for row in PAGES + ACTIONS if row[1] not in ("", "slug")])
def test_another_organisations_ids_are_not_found(
    scene: Scene, rival_scene: Scene, client_admin: Client, name: str, what: str, admins: bool
) -> None:
    url = address(rival_scene, name, what)
    method = client_admin.post if (name, what, admins) in ACTIONS else client_admin.get
    assert method(url).status_code == 404


@pytest.mark.parametrize(("name", "what", "admins"), [row for row in PAGES if row[1] == "slug"])
def test_another_organisations_connection_is_not_found(
    scene: Scene, rival_scene: Scene, client_admin: Client, name: str, what: str, admins: bool
) -> None:
    if name == "connect":
        return
    url = f"{address(scene, name, what)}?connection={rival_scene.connection.id}"
    assert client_admin.get(url).status_code == 404


@pytest.mark.parametrize(("name", "what", "admins"), ACTIONS)
def test_actions_that_are_for_admins_refuse_agents(
    scene: Scene, client_agent: Client, name: str, what: str, admins: bool
) -> None:
    answer = client_agent.post(address(scene, name, what)).status_code
    assert (answer == 403) is admins


@pytest.mark.parametrize("name", ["sync", "preview_start", "accept", "bulk"])
def test_actions_answer_posts_only(scene: Scene, client_admin: Client, name: str) -> None:
    assert client_admin.get(reverse(f"integrations:{name}", args=[SLUG])).status_code == 405


def test_strangers_are_sent_to_sign_in(scene: Scene, client: Client) -> None:
    answer = client.get(reverse("integrations:index"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_an_unknown_provider_is_not_found(client_admin: Client) -> None:
    assert client_admin.get("/settings/integrations/nobody/").status_code == 404


def test_the_callback_stands_where_the_provider_expects_it() -> None:
    assert reverse("integrations:callback", args=[SLUG]) == "/api/integrations/propertyme/callback"
