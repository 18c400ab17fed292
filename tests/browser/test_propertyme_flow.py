"""The main job in a browser: connect, map, preview, sync, find a record that was skipped and fix it, undo."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db.models import Sum
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, SyncRun
from integrations.sandbox import SandboxServer
from properties.services import create_property

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
HOME = "/settings/integrations/propertyme/"
PATIENCE = 60_000


def adopt(organisation: Organisation, user: User, lot: dict[str, dict[str, str]]) -> None:
    """Adds a lot of theirs to our properties under its own address, so that it is suggested."""
    address = lot["Address"]
    create_property(
        organisation=organisation,
        user=user,
        name=address["Reference"],
        unit_number=address.get("Unit", ""),
        street_number=address["Number"],
        street=address["Street"],
        suburb=address["Suburb"],
        state=address["State"],
        postcode=address["PostalCode"],
    )


def wait_until_settled(page: Page) -> None:
    """Until no sync is under way: the card with its progress leaves by itself."""
    expect(page.locator("#sync-progress")).to_have_count(0, timeout=PATIENCE)


def balance(organisation: Organisation) -> Decimal:
    return Transaction.objects.filter(organisation=organisation).aggregate(sum=Sum("amount", default=0))["sum"]


def test_from_connecting_to_undoing(
    page: Page,
    live_server: LiveServer,
    worker: None,
    vendor: SandboxServer,
    organisation: Organisation,
    admin_user: User,
    sign_in: Callable[[Page, User], None],
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    lots = vendor.vendor.records("lots", offset=0, limit=10)
    for lot in lots[:3]:
        adopt(organisation, admin_user, lot)
    agency = vendor.vendor.agencies[0].name
    sign_in(page, admin_user)

    # Connect.
    page.goto(f"{live_server.url}/settings/integrations/")
    page.get_by_role("link", name="Connect PropertyMe").click()
    page.get_by_role("button", name="Connect PropertyMe").click()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"{live_server.url}{HOME}mapping/")
    expect(page.get_by_role("status").filter(has_text=f"{agency} is connected")).to_be_visible()
    wait_until_settled(page)
    connection = Connection.objects.get(organisation=organisation)
    assert (connection.status, connection.account_name) == ("active", agency)
    assert Transaction.objects.count() == 0

    # Map: accept what is certain, create one, leave the rest.
    accept = page.get_by_role("button", name="Accept all at 90 or above (3)")
    expect(accept).to_be_visible()
    accept.click()
    expect(page.get_by_role("status").filter(has_text="3 properties were mapped.")).to_be_visible()
    fourth = lots[5]["AddressText"]
    page.get_by_role("link", name="Needs mapping").click()
    row = page.get_by_role("row").filter(has_text=fourth)
    row.locator("summary").click()
    expect(row.locator("[data-option]").first).to_be_visible()
    row.get_by_role("searchbox").fill("zzz")
    expect(row.get_by_text("None of your properties has “zzz”.")).to_be_visible()
    row.get_by_role("button", name="Create new property from this").click()
    expect(page.get_by_role("link", name="Mapped 4")).to_be_visible()
    page.reload()
    wait_until_settled(page)
    assert PropertyMapping.objects.filter(state="mapped").count() == 4
    imported = balance(organisation)
    assert imported > 0

    # Time passes at the agency: preview what came, then let exactly that in.
    vendor.vendor.advance(days=21)
    page.get_by_role("button", name="Preview").click()
    apply = page.get_by_role("button", name="Apply exactly this")
    expect(apply).to_be_visible(timeout=PATIENCE)
    assert balance(organisation) == imported
    apply.click()
    expect(page.get_by_role("heading", name="Import of what was read")).to_be_visible()
    wait_until_settled(page)
    page.reload()
    expect(page.locator(".title-line").get_by_text("Completed")).to_be_visible()
    applied = SyncRun.objects.get(plan__isnull=False, sync_type="apply")
    assert applied.transactions_created > 0
    brought = balance(organisation) - imported
    assert brought > 0

    # Sync: nothing is left to do.
    page.locator("nav.tabs").get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Sync now").click()
    wait_until_settled(page)
    latest = SyncRun.objects.filter(sync_type="manual").latest("id")
    assert (latest.status, latest.transactions_created) == ("completed", 0)

    # A record that was skipped says why, and its button fixes it.
    page.locator("nav.tabs").get_by_role("link", name="Records").click()
    page.get_by_label("Verdict").select_option(label="Property not mapped")
    page.get_by_label("What", exact=True).select_option(label="Rent payments")
    page.get_by_label("Search records by address, id or amount").fill(lots[3]["Address"]["Street"])
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_text("Its property is not mapped yet.")).to_be_visible()
    record_page = page.url
    page.get_by_role("link", name="Map property").click()
    page.get_by_role("button", name="Create new property from this").click()
    page.wait_for_url(record_page)
    wait_until_settled(page)
    page.reload()
    expect(page.locator(".title-line").get_by_text("Imported")).to_be_visible()

    # Undo the run that carried out the preview.
    before, books = balance(organisation), Transaction.objects.count()
    page.goto(f"{live_server.url}{HOME}history/{applied.id}/")
    page.get_by_role("link", name="Undo this sync").click()
    expect(page.get_by_text("Nothing is deleted:")).to_be_visible()
    page.get_by_role("button", name="Undo: reverse").click()
    expect(page.get_by_role("heading", name="Undo")).to_be_visible()
    wait_until_settled(page)
    page.reload()
    expect(page.locator(".title-line").get_by_text("Completed")).to_be_visible()
    made = Transaction.objects.filter(sync_run_id=applied.id)
    assert not made.filter(status="confirmed").exists()
    # Nothing was deleted, and the books stand where they stood before, but for the record fixed meanwhile.
    assert Transaction.objects.count() > books
    assert balance(organisation) == before - brought
    assert complaints == []


def test_refusing_consent_and_trying_again_without_a_script(
    page_factory: Callable[..., Page],
    live_server: LiveServer,
    vendor: SandboxServer,
    admin_user: User,
    sign_in: Callable[[Page, User], None],
) -> None:
    page = page_factory(javascript=False, width=360, height=780)
    sign_in(page, admin_user)
    page.goto(f"{live_server.url}{HOME}")
    page.get_by_role("button", name="Connect PropertyMe").click()
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("heading", name="You did not give access at PropertyMe")).to_be_visible()
    assert Connection.objects.count() == 0
    page.get_by_role("link", name="Start again").click()
    page.get_by_role("button", name="Connect PropertyMe").click()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"{live_server.url}{HOME}mapping/")
    assert Connection.objects.get().status == "active"
