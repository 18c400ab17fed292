"""The pages of the books and of work orders in a real browser: nothing inaccessible, nothing cut off, parts swapped."""

from __future__ import annotations

from decimal import Decimal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Organisation, User
from accounting import selectors
from accounting.models import Transaction
from accounting.services import transactions
from tests.factories.accounting import TransactionFactory, category
from tests.factories.integrations import ConnectionFactory
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import PropertyFactory
from tests.support.browser import PHONE, PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Unit 1204, The Old Wool Store Apartments, 1187–1189 Great Northern Highway"


def _sign_in(page: Page, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])


@pytest.fixture
def books(organisation: Organisation, admin_user: User) -> dict[str, str]:
    """Addresses of every page, over lines of each state and names of each script."""
    connection = ConnectionFactory(organisation=organisation)
    home = PropertyFactory(organisation=organisation, name=LONG)
    today = timezone.localdate()
    facts = {"organisation": organisation, "property": home, "occurred_on": today}
    imported = TransactionFactory(
        **facts, code="water", amount=Decimal("1234567.89"), counterparty="شركة المياه", reference="R-" + "9" * 40,
        provider="propertyme", connection_id=connection.pk, provider_transaction_id="b" * 60, job_ref="job-1",
        category_reason="Rule 30: supplier has “Water”",
    )  # fmt: skip
    transactions.edit_transaction(transaction=imported, user=admin_user, description="Nguyễn Văn Đông", reason="Typo")
    wrong = TransactionFactory(**facts)
    transactions.reverse_transaction(transaction=wrong, user=admin_user, reason="Twice")
    order = WorkOrderFactory(
        organisation=organisation, property=home, title="Smoke alarm beeps " * 8, priority="urgent", due_on=today,
        provider="propertyme", connection_id=connection.pk, provider_id="job-1", edited_fields=["title"],
    )  # fmt: skip
    line = f"/transactions/{imported.pk}/"
    return {
        "list": "/transactions/",
        "filtered": "/transactions/?kind=expense&q=nothing&source=nobody",
        "line": line,
        "reversed": f"/transactions/{wrong.pk}/",
        "edit": f"{line}edit/",
        "reverse": f"{line}reverse/",
        "add": "/transactions/new/",
        "export": "/transactions/export/",
        "rules": "/accounting/rules/?supplier=Water",
        "rule": "/accounting/rules/new/",
        "periods": "/accounting/periods/",
        "close": "/accounting/periods/close/?through=2025-06-30",
        "jobs": "/work-orders/",
        "job": f"/work-orders/{order.pk}/",
        "job edit": f"/work-orders/{order.pk}/edit/",
    }


@pytest.mark.parametrize(("width", "dark"), [(PHONE["width"], True), (1280, False)])
def test_no_axe_violation_no_overflow_and_no_word_on_the_console(
    page_factory: PageFactory, live_server: LiveServer, admin_user: User, books: dict[str, str], width: int, dark: bool
) -> None:
    page = page_factory(width=width, dark=dark, base_url=live_server.url)
    _sign_in(page, live_server, admin_user)
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", hear)
    for name, url in books.items():
        page.goto(url)
        expect(page.locator("html.js")).to_have_count(1)
        found = Axe().run(page).response["violations"]
        assert [(name, item["id"], [node["html"] for node in item["nodes"]]) for item in found] == []
        assert (name, page.evaluate("document.documentElement.scrollWidth")) == (name, width)
        assert (name, [text for text in said if "axe" not in text.lower()]) == (name, [])


def test_typing_narrows_the_list_in_place(
    page: Page, live_server: LiveServer, admin_user: User, organisation: Organisation
) -> None:
    TransactionFactory(organisation=organisation, occurred_on=timezone.localdate(), description="Rent")
    TransactionFactory(organisation=organisation, occurred_on=timezone.localdate(), description="Usage", code="water")
    _sign_in(page, live_server, admin_user)
    page.goto(f"{live_server.url}/transactions/")
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(2)
    search = page.get_by_role("searchbox", name="Search descriptions, payers, payees and references")
    search.press_sequentially("usa")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Usage")
    expect(search).to_be_focused()
    assert page.url.endswith("/transactions/?q=usa")
    page.get_by_role("link", name="Remove this filter").click()
    expect(page.locator("#results tbody tr")).to_have_count(2)


def test_large_totals_come_by_themselves(
    page: Page,
    live_server: LiveServer,
    admin_user: User,
    organisation: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selectors, "TOTALS_LIMIT", 1)
    for _ in range(3):
        TransactionFactory(organisation=organisation, occurred_on=timezone.localdate(), amount=Decimal("100.00"))
    _sign_in(page, live_server, admin_user)
    page.goto(f"{live_server.url}/transactions/")
    expect(page.locator("#totals")).to_contain_text("+$300.00")
    expect(page.locator("#totals")).to_contain_text("3 lines")


def test_a_line_is_entered_with_an_address_that_is_offered(
    page: Page, live_server: LiveServer, admin_user: User, organisation: Organisation
) -> None:
    category(organisation, "water")
    home = PropertyFactory(organisation=organisation, name="12 Queen Street")
    _sign_in(page, live_server, admin_user)
    page.goto(f"{live_server.url}/transactions/new/")
    page.locator("main").get_by_label("Property").press_sequentially("quee")
    offered = page.locator("#property-options option")
    expect(offered).to_have_attribute("value", "12 Queen Street, Newtown NSW 2042")
    page.locator("main").get_by_label("Property").fill("12 Queen Street, Newtown NSW 2042")
    page.locator("main").get_by_label("Category").select_option("Water charges")
    page.locator("main").get_by_label("Amount").fill("88.00")
    page.locator("main").get_by_label("Description").fill("Usage")
    page.get_by_role("button", name="Add to the books").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Usage")
    entry = Transaction.objects.get()
    assert (entry.property, entry.category.code, entry.amount) == (home, "water", Decimal("88.00"))


def test_rules_move_by_keyboard_and_without_a_script(
    page_factory: PageFactory, live_server: LiveServer, admin_user: User, organisation: Organisation
) -> None:
    page = page_factory(javascript=False, base_url=live_server.url)
    _sign_in(page, live_server, admin_user)
    page.goto("/accounting/rules/")
    second = page.locator("tbody tr").nth(1).locator("td").first.inner_text()
    button = page.get_by_role("button", name="Move rule 2 up")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text(second)
