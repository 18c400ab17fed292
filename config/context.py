"""What every page's frame shows. Each value is worked out when the frame asks, so a fragment pays for none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from access.models import Organisation, User
from access.selectors import memberships_of
from communications.selectors import unread_count
from config.navigation import resolve_navigation
from core.ports import SourceBadge, sources
from reporting.selectors.portfolio import portfolio_summary

PRODUCT = "PropertyTracker"


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _lazy(work: Callable[[], Any]) -> Callable[[], Any]:
    # The template engine calls a callable; a proxy object would not format as the number or text it stands for.
    return cache(work)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of templates/base.html: product, organisation, rail, source badges, notices."""
    organisation = getattr(request, "organisation", None)
    context: dict[str, Any] = {
        "product": PRODUCT,
        "organisation": organisation,
        "nav_sections": _lazy(lambda: resolve_navigation(request.path)),
        "shell_urls": _lazy(lambda: {name: _address(target) for name, target in _SHELL_URLS.items()}),
    }
    user = request.user if hasattr(request, "user") else None
    if organisation is not None and isinstance(user, User):
        badges = _lazy(lambda: sources().for_organisation(organisation.id))
        context["source_badges"] = badges
        context["nav_counts"] = _lazy(lambda: _counts(organisation, badges()))
        context["unread_notices"] = _lazy(lambda: unread_count(user, organisation))
        context["memberships"] = _lazy(lambda: list(memberships_of(user=user)))
    return context


def _counts(organisation: Organisation, badges: list[SourceBadge]) -> dict[str, int]:
    """Figures of the rail; an entry at zero shows none."""
    summary = portfolio_summary(organisation=organisation, today=timezone.localdate())
    return {
        "properties": summary.properties,
        "arrears": summary.arrears_tenancies,
        "work_orders": summary.work_orders,
        "integrations": sum(badge.state != "fresh" for badge in badges),
    }


_SHELL_URLS = {
    "home": "dashboard",
    "profile": "access:profile",
    "search": "search",
    "notices": "communications:notices",
    "sign_out": "account_logout",
    "password": "account_change_password",
    "switch": "access:switch_organisation",
    "admin": "admin:index",
    "integrations": "integrations:index",
}
