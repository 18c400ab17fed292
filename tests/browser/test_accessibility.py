"""Every page of the product, found by walking its addresses: no axe violation, nothing cut off, a quiet console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from access.models import Organisation, User
from communications.services import notify
from integrations.models import PropertyMapping
from maintenance import tokens
from tests.factories.accounting import CategoryRuleFactory, TransactionFactory
from tests.factories.integrations import InboxEventFactory
from tests.factories.maintenance import (
    AttachmentFactory,
    MaintenanceCategoryFactory,
    MaintenanceRequestFactory,
    OfferFactory,
    OwnerApprovalFactory,
    QuoteFactory,
    VendorFactory,
    WorkOrderFactory,
)
from tests.factories.properties import UnitFactory
from tests.factories.tenancies import LeaseFactory, TenantFactory
from tests.integrations.views.conftest import build_scene, build_upload
from tests.integrations.views.test_health import open_breaker, part
from tests.support.browser import DESKTOP, PHONE, PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Addresses that are no page of ours: the staff desk has tests of its own, the rest answers programs or the provider.
LEFT_OUT = ("admin/", "api/", "static/")
SIGNED_OUT = ("account_login", "account_reset_password", "account_reset_password_done")
# A provider that is connected with keys has a form where others have a button.
ALSO = ("/settings/integrations/buildium/connect/",)
# More than one state of a page that lists by tab or filter.
FURTHER = {
    "integrations:mapping": ("?tab=needs", "?tab=mapped", "?tab=ignored"),
    "integrations:run": ("?part=changes",),
    "integrations:preview": ("?action=update",),
    "integrations:records": ("?q=nothing-has-this",),
    "integrations:conflicts": ("?state=decided",),
    "integrations:file": ("?columns=edit",),
    "integrations:events": ("?state=done&since=2026-01-01T08:00",),
    "maintenance:calendar": ("?view=week",),
    "maintenance:request_list": ("?state=converted",),
    "maintenance:work_order_list": ("?status=manual",),
}


def patterns(resolver: URLResolver, prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """Every named address as (name, route)."""
    for item in resolver.url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from patterns(item, route, f"{space}{item.namespace}:" if item.namespace else space)
        elif isinstance(item, URLPattern) and item.name:
            yield space + item.name, route


@pytest.fixture
def ids(organisation: Organisation, admin_user: User) -> dict[str, Any]:
    """One thing of each kind, by the name that addresses give it."""
    scene = build_scene(organisation, admin_user)
    lease = LeaseFactory(organisation=organisation, arrears_amount="120.00", arrears_days=9)
    order = WorkOrderFactory(organisation=organisation, property=scene.home)
    (notice,) = notify(
        organisation=organisation, users=[admin_user], title="PropertyMe asks you to sign in again", body="It ended.",
        dedupe_key="accessibility",
    )  # fmt: skip
    PropertyMapping.objects.filter(id=scene.mapped.id).update(metadata={"tenant": "Lan Nguyễn"})
    TransactionFactory(organisation=organisation, property=scene.home, code="water")
    part(scene.connection, failed=4)
    open_breaker(scene.connection, scene.needs.provider_property_id)
    vendor = VendorFactory(organisation=organisation)
    offer = OfferFactory(work_order=order, vendor=vendor)
    quote = QuoteFactory(work_order=order, vendor=vendor)
    return {
        "slug": "propertyme",
        "vendor_id": vendor.id,
        "offer_id": offer.id,
        "quote_id": quote.id,
        "attachment_id": AttachmentFactory(work_order=order).id,
        "request_id": MaintenanceRequestFactory(organisation=organisation, property=scene.home).id,
        "category_id": MaintenanceCategoryFactory(organisation=organisation).id,
        "secret": tokens.secret_of(tokens.OFFER, offer.id),
        "state_id": scene.state.id,
        "mapping_id": scene.mapped.id,
        "record_id": scene.records["imported"].id,
        "run_id": scene.run.id,
        "plan_id": scene.plan.id,
        "event_id": InboxEventFactory(
            organisation=organisation,
            connection=scene.connection,
            runs=[str(scene.run.id)],
            records=[str(scene.records["imported"].id)],
            state="person",
            cause="The provider did not answer.",
        ).id,
        "conflict_id": scene.conflict.id,
        "connection_id": scene.connection.id,
        "property_id": scene.home.id,
        "unit_id": UnitFactory(organisation=organisation, property=scene.home).id,
        "lease_id": lease.id,
        "tenant_id": TenantFactory(organisation=organisation).id,
        "transaction_id": scene.transaction.id,
        "rule_id": CategoryRuleFactory(organisation=organisation).id,
        "work_order_id": order.id,
        "pk": notice.id,
        "upload_id": build_upload(organisation, admin_user).id,
        "kind": "leases",
        "job_ref": "job-1",
    }


def pages_of(client: Client, ids: dict[str, Any]) -> list[str]:
    """Addresses that answer a whole page to a GET; what redirects, or answers POSTs only, is left out."""
    resolver = get_resolver()
    found: list[str] = []
    for name, route in patterns(resolver):
        if route.startswith(LEFT_OUT) or name in SIGNED_OUT:
            continue
        wanted = {key: value for key, value in ids.items() if f":{key}>" in route}
        if "slug" in wanted and name.startswith("integrations:file"):
            wanted["slug"] = "files"
        try:
            url = reverse(name, kwargs=wanted)
        except NoReverseMatch:
            # Links in e-mails carry one-time keys; their pages are walked with the sign-in pages.
            assert route.startswith("accounts/"), f"{route} has a part that this test has no value for"
            continue
        for address in [url, *(url + state for state in FURTHER.get(name, ()))]:
            answer = client.get(address)
            assert answer.status_code in (200, 302, 405, 403, 404), f"{address} answered {answer.status_code}"
            # A download is no page.
            if answer.status_code == 200 and not answer.streaming and b"<!doctype html" in answer.content[:200].lower():
                found.append(address)
    return found


def inspect(page: Page, addresses: list[str]) -> list[str]:
    """What is wrong, as sentences."""
    wrong: list[str] = []
    here = ""

    def complain(text: str) -> None:
        wrong.append(f"{here}: console: {text}")

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complain(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complain(str(error)))
    axe = Axe()
    for here in addresses:
        page.goto(here)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{here}: {wide} px wider than the screen")
        for violation in axe.run(page).response["violations"]:
            places = "; ".join(str(node["target"]) for node in violation["nodes"][:3])
            wrong.append(f"{here}: {violation['id']}: {violation['help']}: {places}")
    return wrong


@pytest.mark.parametrize(("width", "dark"), [(DESKTOP["width"], False), (PHONE["width"], True)])
def test_every_page_of_a_signed_in_person(
    page_factory: PageFactory,
    live_server: LiveServer,
    client_admin: Client,
    ids: dict[str, Any],
    width: int,
    dark: bool,
) -> None:
    addresses = [*pages_of(client_admin, ids), *ALSO]
    assert len(addresses) > 50
    page = page_factory(width=width, dark=dark, base_url=live_server.url)
    cookie = client_admin.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    assert inspect(page, addresses) == []


@pytest.mark.parametrize(("width", "dark"), [(DESKTOP["width"], True), (PHONE["width"], False)])
def test_every_page_of_a_stranger(
    page_factory: PageFactory, live_server: LiveServer, admin_user: User, width: int, dark: bool
) -> None:
    page = page_factory(width=width, dark=dark, base_url=live_server.url)
    accepted = OfferFactory(state="accepted")
    approval = OwnerApprovalFactory()
    links = [
        reverse("maintenance:vendor_link", args=[tokens.secret_of(tokens.OFFER, accepted.id)]),
        reverse("maintenance:owner_link", args=[tokens.secret_of(tokens.APPROVAL, approval.id)]),
    ]
    assert inspect(page, [*(reverse(name) for name in SIGNED_OUT), *links]) == []
