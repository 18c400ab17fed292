"""What the scripts of the frame do, in a real browser, on the page that shows every component."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from tests.support.browser import PHONE, PageFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def address(live_server: LiveServer) -> str:
    return f"{live_server.url}/styleguide/"


def _theme(page: Page) -> str | None:
    theme: str | None = page.evaluate("document.documentElement.dataset.theme ?? null")
    return theme


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE["width"], 1280])
def test_no_axe_violation_no_overflow_and_no_word_on_the_console(
    page_factory: PageFactory, address: str, width: int, dark: bool
) -> None:
    page = page_factory(width=width, dark=dark)
    said: list[str] = []
    hosts: set[str] = set()

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    def see(request: Request) -> None:
        hosts.add(request.url.split("/")[2])

    page.on("console", hear)
    page.on("request", see)
    page.goto(address)
    expect(page.locator("html.js")).to_have_count(1)
    found = Axe().run(page).response["violations"]
    assert [(item["id"], [node["html"] for node in item["nodes"]]) for item in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert [text for text in said if "axe" not in text.lower()] == []
    assert hosts == {address.split("/")[2]}


def test_the_chosen_theme_stays_until_the_system_is_chosen_again(page: Page, address: str) -> None:
    page.goto(address)
    dark = page.locator("[data-theme-choice=dark]")
    dark.click()
    assert _theme(page) == "dark"
    page.reload()
    assert _theme(page) == "dark"
    expect(dark).to_have_attribute("aria-pressed", "true")
    page.locator("[data-theme-choice=system]").click()
    page.reload()
    assert _theme(page) is None


def test_a_menu_closes_on_escape_and_on_a_click_elsewhere(page: Page, address: str) -> None:
    page.goto(address)
    menu = page.locator("main details.menu")
    opener = menu.locator("summary")
    opener.click()
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(opener).to_be_focused()
    opener.click()
    page.locator("h1").click()
    expect(menu).not_to_have_attribute("open", "")


def test_rows_are_walked_with_j_and_k_and_opened_with_enter(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr.current")).to_have_attribute("data-href", "#2")
    page.keyboard.press("k")
    expect(page.locator("tr.current a")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url == f"{address}#1"


def test_selection_counts_ranges_and_shows_the_bar_only_when_needed(page: Page, address: str) -> None:
    page.goto(address)
    boxes = page.locator("input[data-select]")
    chosen = page.locator("[data-chosen]")
    expect(chosen).to_have_text("1 selected")
    boxes.nth(0).click()
    expect(page.locator(".bulkbar")).to_be_hidden()
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(chosen).to_have_text("3 selected")
    expect(page.locator("input[data-select-all]")).to_be_checked()
    page.locator("[data-select-none]").click()
    expect(page.locator(".bulkbar")).to_be_hidden()


def test_the_rail_is_a_menu_on_a_phone_with_and_without_a_script(page_factory: PageFactory, address: str) -> None:
    for javascript in (True, False):
        page = page_factory(width=PHONE["width"], height=PHONE["height"], javascript=javascript)
        page.goto(address)
        rail = page.locator("#rail-nav")
        expect(rail).to_be_hidden()
        page.locator("[data-rail-toggle]").click()
        expect(rail).to_be_visible()


def test_without_a_script_no_control_is_shown_that_needs_one(page_factory: PageFactory, address: str) -> None:
    page = page_factory(javascript=False)
    page.goto(address)
    for locator in page.locator(".needs-js").all():
        expect(locator).to_be_hidden()
    expect(page.locator(".bulkbar")).to_be_visible()


def test_the_first_field_in_error_has_the_focus_and_its_errors_are_linked(page: Page, address: str) -> None:
    page.goto(address)
    field = page.locator("#id_name")
    expect(field).to_be_focused()
    described = (field.get_attribute("aria-describedby") or "").split()
    assert [page.locator(f"#{name}").inner_text() for name in described] == [
        "As it stands on the lease.",
        "This field is required.",
    ]
