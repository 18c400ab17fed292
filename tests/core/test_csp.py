from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from access.models import User
from tests.factories.access import PASSWORD
from tests.factories.integrations import ProviderRecordFactory


def directives(response: object) -> dict[str, str]:
    header: str = response.headers["Content-Security-Policy"]  # type: ignore[attr-defined]
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in header.split(";"))}


def test_pages_of_the_product_keep_the_strict_policy(client_staff: Client, client_admin: Client) -> None:
    for client, address in ((client_admin, "/settings/members/"), (client_staff, "/account/")):
        policy = directives(client.get(address))
        assert policy["style-src"] == "'self'"
        assert policy["default-src"] == "'none'"
        assert "unsafe" not in " ".join(policy.values())


def test_the_staff_desk_may_evaluate_and_style_but_never_run_inline_scripts(client_staff: Client) -> None:
    policy = directives(client_staff.get("/admin/"))
    assert policy["script-src"] == "'self' 'unsafe-eval'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")


def test_people_who_are_not_staff_get_the_strict_policy_there_too(client_admin: Client) -> None:
    assert "unsafe" not in client_admin.get("/admin/login/").headers["Content-Security-Policy"]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_staff_desk_works_in_a_browser_without_a_refused_script(
    live_server: LiveServer, page: Page, staff_user: User
) -> None:
    record = ProviderRecordFactory(label="Rent of 12 Queen St")
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "://" in request.url else None)
    page.goto(f"{live_server.url}/admin/")
    page.locator("input[name=login]").fill(staff_user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{live_server.url}/admin/")
    # The desk's scripts ran: they take this mark off the page when they start.
    page.wait_for_selector("html:not([x-cloak])")
    page.goto(f"{live_server.url}/admin/integrations/providerrecord/")
    page.get_by_role("link", name="Rent of 12 Queen St").first.click()
    page.wait_for_url(f"**/{record.pk}/change/")
    assert page.get_by_text("Its property is not mapped.").is_visible()
    assert complaints == []
    assert hosts == {live_server.url.removeprefix("http://")}
