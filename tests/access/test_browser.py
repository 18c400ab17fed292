"""First run, sign-in, one's own pages and notices in a real browser: nothing inaccessible, nothing cut off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Membership, Organisation, User
from tests.factories.access import PASSWORD, MembershipFactory
from tests.factories.communications import NotificationFactory
from tests.query_counts import assert_query_count
from tests.support.browser import PHONE, PageFactory


def sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live_server.url}/")


def problems(page: Page, url: str) -> list[str]:
    """What is wrong with the page at this address: refused content, axe's findings, a page wider than the window."""
    found: list[str] = []
    page.on(
        "console", lambda message: found.append(message.text) if "Content Security Policy" in message.text else None
    )
    page.goto(url)
    found += [violation["id"] for violation in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("wider than the window")
    return found


LOOKS = [{"dark": False}, {"dark": True}, {**PHONE, "dark": False}]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_first_person_sets_up_and_is_signed_in(live_server: LiveServer, page: Page) -> None:
    assert problems(page, f"{live_server.url}/") == []
    expect(page.get_by_role("heading", name="Set up PropertyTracker")).to_be_visible()
    page.get_by_label("Organisation name").fill("Harbour & Co")
    page.get_by_label("Your name").fill("Mara Kowalska")
    page.get_by_label("Your e-mail address").fill("mara@harbour.example")
    page.get_by_label("Password").fill("1234567890")
    page.get_by_role("button", name="Create the organisation").click()
    expect(page.get_by_text("This password is entirely numeric.")).to_be_visible()
    page.get_by_label("Password").fill("harbour-lights-at-night")
    page.get_by_role("button", name="Create the organisation").click()
    page.wait_for_url(f"{live_server.url}/")
    expect(page.get_by_text("Harbour & Co is ready.")).to_be_visible()
    assert Membership.objects.get().role == Membership.Role.ADMIN


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_pages_before_signing_in_are_accessible(
    live_server: LiveServer, page_factory: PageFactory, admin_user: User
) -> None:
    paths = ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/")
    found = {
        (path, number): problems(page_factory(**look), live_server.url + path)
        for number, look in enumerate(LOOKS)
        for path in paths
    }
    assert {key: value for key, value in found.items() if value} == {}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_pages_of_people_and_notices_are_accessible(
    live_server: LiveServer, page_factory: PageFactory, organisation: Organisation, admin_user: User, agent_user: User
) -> None:
    MembershipFactory(user=admin_user)
    for tone in ("bad", "warn", "good", "info"):
        NotificationFactory(
            user=admin_user, organisation=organisation, tone=tone, title="عنوان طويل " * 9, body="Nguyễn " * 60, url="/"
        )
    NotificationFactory(user=admin_user, organisation=organisation, email_state="failed", read_at="2025-12-04T03:00Z")
    paths = (
        "/account/",
        "/settings/members/",
        "/settings/organisation/",
        "/notifications/",
        "/accounts/password/change/",
    )
    found = {}
    for number, look in enumerate(LOOKS):
        page = page_factory(**look)
        sign_in(page, live_server, admin_user)
        found |= {(path, number): problems(page, live_server.url + path) for path in paths}
    assert {key: value for key, value in found.items() if value} == {}


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_refusal_is_accessible_and_leads_out(live_server: LiveServer, page: Page, tenant_user: User) -> None:
    page.goto(f"{live_server.url}/accounts/login/")
    page.get_by_label("E-mail address").fill(tenant_user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your pages are not ready yet")).to_be_visible()
    assert problems(page, f"{live_server.url}/") == []
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_switcher_in_the_menu_changes_the_organisation(
    live_server: LiveServer, page: Page, admin_user: User, other_organisation: Organisation
) -> None:
    MembershipFactory(user=admin_user, organisation=other_organisation)
    sign_in(page, live_server, admin_user)
    page.goto(f"{live_server.url}/account/")
    page.get_by_label("Account of Mara Kowalska").click()
    page.get_by_role("button", name="Rival Realty").click()
    expect(page.get_by_text("You are now working in Rival Realty.")).to_be_visible()


def test_pages_cost_the_same_whatever_the_data(
    client_admin: Client, organisation: Organisation, admin_user: User, signed_in: Callable[[User], Client]
) -> None:
    pages = {
        "account": "/account/",
        "members": "/settings/members/",
        "notices": "/notifications/",
        "organisation": "/settings/organisation/",
    }
    for name, url in pages.items():
        assert_query_count(name, client_admin, url)
    MembershipFactory.create_batch(20, organisation=organisation)
    NotificationFactory.create_batch(20, user=admin_user, organisation=organisation)
    for name, url in pages.items():
        assert_query_count(name, client_admin, url)
