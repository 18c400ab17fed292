"""Source badges as mark-up for the rows of a list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from django.template.loader import get_template

from core.ports import SourceBadge

K = TypeVar("K")


def badge_html(badges: Mapping[K, SourceBadge]) -> dict[K, str]:
    """components/fresh.html for each badge; rows of one source share a badge, which is rendered once."""
    template = get_template("components/fresh.html")
    rendered = cache(lambda badge: template.render({"badge": badge}))
    return {key: rendered(badge) for key, badge in badges.items()}
