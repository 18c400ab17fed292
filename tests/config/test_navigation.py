from __future__ import annotations

import re
from pathlib import Path

from django.urls import reverse
from pytest_django.fixtures import Settings

from config.navigation import NAVIGATION, NavLink, resolve_navigation

SPRITE = Path(__file__).resolve().parents[2] / "static" / "img" / "icons.svg"


def _links(path: str) -> list[NavLink]:
    return [link for section in resolve_navigation(path) for link in section.links]


def test_the_entry_that_owns_the_address_is_current() -> None:
    members = reverse("access:members")
    assert [link.label for link in _links(members) if link.current] == ["Members"]
    assert [link.label for link in _links(f"{members}somebody/") if link.current] == ["Members"]


def test_a_page_outside_the_rail_marks_nothing() -> None:
    assert [link.label for link in _links("/nowhere/") if link.current] == []


def test_only_addresses_that_exist_are_listed(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.config.few_urls"
    assert [(link.label, link.url) for link in _links("/members/")] == [("Members", "/members/")]
    assert [section.heading for section in resolve_navigation("/members/")] == ["Settings"]


def test_every_entry_has_an_icon_of_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text(encoding="utf-8")))
    assert [item.icon for _, items in NAVIGATION for item in items if item.icon not in drawn] == []
