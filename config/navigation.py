"""The rail as data. An entry whose address does not resolve is left out, so that a section appears with its app."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the rail. `count` is a key of the counts shown beside it, `tone` the colour of that count."""

    label: str
    icon: str
    url_name: str
    count: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class NavLink:
    """A resolved entry; `current` on the one that owns the page's address."""

    label: str
    icon: str
    url: str
    count: str
    tone: str
    current: bool


@dataclass(frozen=True, slots=True)
class NavSection:
    """A headed group; the first has no heading."""

    heading: str
    links: tuple[NavLink, ...]


NAVIGATION: tuple[tuple[str, tuple[NavItem, ...]], ...] = (
    ("", (NavItem("Today", "home", "dashboard"),)),
    (
        "Portfolio",
        (
            NavItem("Properties", "building", "property_list", count="properties"),
            NavItem("Leases", "key", "tenancies:leases"),
            NavItem("Tenants", "user", "tenancies:tenants"),
        ),
    ),
    (
        "Money",
        (
            NavItem("Transactions", "cash", "accounting:transaction_list"),
            NavItem("Arrears", "calendar", "reporting:arrears", count="arrears"),
            NavItem("Categories", "filter", "accounting:rule_list"),
        ),
    ),
    (
        "Maintenance",
        (
            NavItem("Work orders", "wrench", "maintenance:work_order_list", count="work_orders"),
            NavItem("Requests", "inbox", "maintenance:request_list"),
            NavItem("Vendors", "users", "maintenance:vendor_list"),
        ),
    ),
    (
        "Settings",
        (
            NavItem("Integrations", "plug", "integrations:index", count="integrations", tone="warn"),
            NavItem("Members", "user", "access:members"),
        ),
    ),
)


def resolve_navigation(path: str) -> tuple[NavSection, ...]:
    """The rail for a page at `path`: the entry with the longest address that leads to it is current."""
    found: list[tuple[str, list[tuple[NavItem, str]]]] = []
    for heading, items in NAVIGATION:
        resolved = []
        for item in items:
            try:
                resolved.append((item, reverse(item.url_name)))
            except NoReverseMatch:
                continue
        if resolved:
            found.append((heading, resolved))
    owners = [url for _, items in found for _, url in items if path == url or (url != "/" and path.startswith(url))]
    owner = max(owners, key=len, default="")
    return tuple(
        NavSection(
            heading,
            tuple(NavLink(item.label, item.icon, url, item.count, item.tone, url == owner) for item, url in items),
        )
        for heading, items in found
    )
