"""The board by mouse and by keyboard, and a vendor's link on a phone without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Organisation, User
from maintenance import tokens
from tests.factories.access import PASSWORD
from tests.factories.maintenance import OfferFactory, WorkOrderFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_board_by_mouse_and_keyboard(
    page: Page, live_server: LiveServer, organisation: Organisation, agent_user: User
) -> None:
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    order = WorkOrderFactory(organisation=organisation, title="Leaking tap")
    page.goto(f"{live_server.url}/accounts/login/")
    page.locator("input[name=login]").fill(agent_user.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    page.goto(f"{live_server.url}/work-orders/board/")

    # A move that the table allows, by mouse.
    page.locator("[data-card]").drag_to(page.locator("section[data-state=triaged]"))
    expect(page.get_by_text("“Leaking tap” is now triaged.")).to_be_visible()
    expect(page.locator("section[data-state=triaged] [data-card]")).to_have_count(1)
    # One that it refuses, with the reason.
    page.locator("[data-card]").drag_to(page.locator("section[data-state=scheduled]"))
    expect(page.get_by_text("Assign it to a vendor first.")).to_be_visible()
    # By keyboard: the next column, and by the buttons of the card.
    page.get_by_role("link", name="Leaking tap").press("Shift+ArrowRight")
    expect(page.get_by_text("“Leaking tap” is now quoted.")).to_be_visible()
    page.locator("[data-card] summary").press("Enter")
    page.get_by_role("button", name="Cancelled").press("Enter")
    expect(page.get_by_text("“Leaking tap” is now cancelled.")).to_be_visible()
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert complaints == []


def test_a_vendor_takes_and_finishes_a_job_on_a_phone_without_scripts(
    page_factory: Callable[..., Page], live_server: LiveServer, organisation: Organisation
) -> None:
    cache.clear()
    offer = OfferFactory(work_order=WorkOrderFactory(organisation=organisation, title="Leaking tap"))
    page = page_factory(javascript=False, width=360, height=780)
    page.goto(f"{live_server.url}/jobs/{tokens.secret_of(tokens.OFFER, offer.pk)}/")
    page.get_by_role("button", name="Take the job").click()
    expect(page.get_by_text("The job is yours. Say below when you come.")).to_be_visible()
    page.get_by_label("When do you come?").fill("2099-01-05T09:30")
    page.get_by_role("button", name="Save the time").click()
    page.get_by_label("What was done").fill("New washer")
    page.get_by_role("button", name="The job is done").click()
    expect(page.get_by_text("Completed")).to_be_visible()
    offer.work_order.refresh_from_db()
    assert offer.work_order.status == "done"
