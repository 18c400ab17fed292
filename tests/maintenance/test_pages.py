from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation
from maintenance.models import Category, MaintenancePolicy, MaintenanceRequest, Offer, Quote, Vendor, WorkOrder
from tests.factories.maintenance import (
    PNG,
    MaintenanceRequestFactory,
    OfferFactory,
    QuoteFactory,
    VendorFactory,
    WorkOrderFactory,
)
from tests.factories.properties import PropertyFactory
from tests.query_counts import assert_query_count


def said(client: Client, url: str, data: dict[str, object]) -> str:
    """The page after a form was sent, its messages included."""
    return client.post(url, data, follow=True).content.decode()


def test_board_columns_and_moves(organisation: Organisation, client_agent: Client) -> None:
    now = timezone.now()
    new = WorkOrderFactory(
        organisation=organisation, title="Tap", priority="urgent", opened_at=now - timedelta(hours=2)
    )
    WorkOrderFactory(organisation=organisation, title="Lost", manual_since=now, status="triaged")
    WorkOrderFactory(organisation=organisation, title="Fresh", status="done", closed_at=now)
    WorkOrderFactory(organisation=organisation, title="Long ago", status="done", closed_at=now - timedelta(days=15))
    asked = OfferFactory(work_order=WorkOrderFactory(organisation=organisation, title="Asked", status="approved"))
    answer = client_agent.get("/work-orders/board/")
    columns = {column.label: [order.title for order in column.cards] for column in answer.context["columns"]}
    assert {label: titles for label, titles in columns.items() if titles} == {
        "Needs a vendor": ["Lost"], "New": ["Tap"], "Approved": ["Asked"], "Done": ["Fresh"],
    }  # fmt: skip
    page = answer.content.decode()
    assert "Past target" in page
    assert f'waiting for <span dir="auto">{asked.vendor.name}</span>' in page
    url = f"/work-orders/{new.pk}/move/"
    back = {"next": "/work-orders/board/#job"}
    page = said(client_agent, url, {"to": "scheduled", **back})
    assert "A job that is new cannot become scheduled. Assign it to a vendor first." in page
    assert client_agent.post(url, {"to": "triaged", **back}).headers["Location"] == "/work-orders/board/#job"
    new.refresh_from_db()
    assert new.status == "triaged"
    answer = client_agent.post(url, {"to": "new", "next": "//evil.example/"})
    assert answer.headers["Location"] == f"/work-orders/{new.pk}/"


def test_calendar_by_month_and_week(organisation: Organisation, client_agent: Client) -> None:
    nine = datetime(2026, 3, 10, 9, tzinfo=ZoneInfo("Australia/Sydney"))
    WorkOrderFactory(organisation=organisation, title="Visit", scheduled_for=nine, status="scheduled")
    WorkOrderFactory(organisation=organisation, title="Owed", due_on=nine.date())
    WorkOrderFactory(organisation=organisation, title="Off", due_on=nine.date(), status="cancelled")
    for query, weeks in (("on=2026-03-01", 6), ("view=week&on=2026-03-12", 1)):
        answer = client_agent.get(f"/work-orders/calendar/?{query}")
        assert len(answer.context["weeks"]) == weeks
        (day,) = [day for week in answer.context["weeks"] for day in week if day.entries]
        assert day.on == nine.date()
        assert [(kind, order.title) for kind, _, order in day.entries] == [("scheduled", "Visit"), ("due", "Owed")]
        assert "09:00 Visit" in answer.content.decode()
    assert client_agent.get("/work-orders/calendar/?on=9999-99-99&view=week").status_code == 200
    assert client_agent.get("/work-orders/calendar/?on=0001-01-01").status_code == 200


def test_assign_shows_reasons_and_asks(organisation: Organisation, client_agent: Client) -> None:
    order = WorkOrderFactory(organisation=organisation, category="plumbing", priority="urgent")
    best = VendorFactory(organisation=organisation, name="Flow", regions=["newtown"])
    other = VendorFactory(organisation=organisation, name="Sparks", trades=["electrical"], insurance_expires_on=None)
    url = f"/work-orders/{order.pk}/assign/"
    page = client_agent.get(url).content.decode()
    assert "Ask the best, Flow" in page
    assert "Works in Newtown." in page
    assert "Plumbing is not among their trades." in page
    assert "Insurance is not on file." in page
    assert "Choose one vendor to offer the job to." in said(client_agent, url, {"do": "offer", "vendor": "junk"})
    assert "Choose at least one vendor to ask." in said(client_agent, url, {"do": "quotes"})
    said(client_agent, url, {"do": "quotes", "vendor": [best.pk, other.pk]})
    assert Offer.objects.filter(kind="quote").count() == 2
    assert "Flow is being asked." in said(client_agent, url, {"do": "best"})
    assert "A vendor is being asked for this job." in said(client_agent, url, {"do": "offer", "vendor": other.pk})
    live = Offer.objects.get(kind="job")
    said(client_agent, f"/work-orders/offers/{live.pk}/withdraw/", {})
    assert "Sparks is being asked." in said(client_agent, url, {"do": "offer", "vendor": other.pk})
    empty = WorkOrderFactory(organisation=organisation, category="hvac")
    page = said(client_agent, f"/work-orders/{empty.pk}/assign/", {"do": "best"})
    assert "It is in the lane for manual assignment." in page


def test_detail_takes_remarks_files_and_a_rating(
    organisation: Organisation, client_agent: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    vendor = VendorFactory(organisation=organisation)
    order = WorkOrderFactory(organisation=organisation, vendor=vendor, status="done", supplier_name=vendor.name)
    url = f"/work-orders/{order.pk}/"
    assert "Write something first." in said(client_agent, f"{url}comments/", {"body": " "})
    said(client_agent, f"{url}comments/", {"body": "<b>Careful</b>", "visibility": "internal"})
    assert "Only photos (JPEG, PNG, WebP) and PDF documents" in said(
        client_agent, f"{url}files/", {"file": SimpleUploadedFile("x.png", b"<svg>")}
    )
    assert "Choose a photo or a PDF first." in said(client_agent, f"{url}files/", {})
    said(client_agent, f"{url}files/", {"file": SimpleUploadedFile("x.png", PNG), "visibility": "public"})
    assert "A rating is from 1 to 5." in said(client_agent, f"{url}rating/", {"rating": "9"})
    said(client_agent, f"{url}rating/", {"rating": "4"})
    page = client_agent.get(url).content.decode()
    assert "&lt;b&gt;Careful&lt;/b&gt;" in page
    assert "Rated 4 of 5." in page
    file = order.attachments.get()
    assert client_agent.get(f"/work-orders/files/{file.pk}/").content == PNG


def test_quotes_side_by_side(organisation: Organisation, client_agent: Client) -> None:
    order = WorkOrderFactory(organisation=organisation, status="quoted")
    low, high = (QuoteFactory(work_order=order, amount=amount) for amount in ("300.00", "900.00"))
    page = client_agent.get(f"/work-orders/{order.pk}/").content.decode()
    assert "you may approve up to $500.00" in page
    assert page.count('value="owner"') == 1
    url = "/work-orders/quotes/{}/"
    assert "Choose what to do with the quote." in said(client_agent, url.format(low.pk), {})
    assert "no owner with an e-mail address" in said(client_agent, url.format(high.pk), {"decision": "owner"})
    assert "is above what you may approve" in said(client_agent, url.format(high.pk), {"decision": "accept"})
    said(client_agent, url.format(high.pk), {"decision": "reject"})
    said(client_agent, url.format(low.pk), {"decision": "accept"})
    assert [quote.state for quote in Quote.objects.order_by("amount")] == ["accepted", "rejected"]


def test_vendors_are_added_found_and_changed(organisation: Organisation, client_agent: Client) -> None:
    facts = {
        "vendor_id": str(uuid4()), "name": "Flow", "trades": ["plumbing"], "regions": "Newtown, 2000-2050",
        "capacity": "4", "channel": "email", "is_active": "on", "email": "flow@trades.example",
        "hours_0": "7:00-17:00", "hourly_rate": "120",
    }  # fmt: skip
    assert client_agent.post("/vendors/new/", {**facts, "hours_0": "early"}).status_code == 422
    assert client_agent.post("/vendors/new/", {**facts, "regions": "9-1, 2050-2000"}).status_code == 422
    for _ in range(2):
        assert client_agent.post("/vendors/new/", facts).status_code == 302
    vendor = Vendor.objects.get()
    assert (vendor.regions, vendor.hours) == (["newtown", "2000-2050"], {"0": ["07:00", "17:00"]})
    WorkOrderFactory(organisation=organisation, vendor=vendor, title="Tap", status="assigned")
    page = client_agent.get(f"/vendors/{vendor.pk}/").content.decode()
    assert "Newtown, 2000-2050" in page
    assert "Tap" in page
    page = client_agent.get(f"/vendors/{vendor.pk}/edit/").content.decode()
    assert 'value="07:00-17:00"' in page
    client_agent.post(f"/vendors/{vendor.pk}/edit/", {**facts, "name": "Flow & Co", "hours_0": ""})
    VendorFactory(organisation=organisation, name="Sparks", trades=["electrical"])
    for query, names in (
        ("", ["Flow & Co", "Sparks"]), ("q=spark", ["Sparks"]), ("trade=plumbing", ["Flow & Co"]),
        ("trade=sorcery", ["Flow & Co", "Sparks"]), ("q=nobody", []),
    ):  # fmt: skip
        found = client_agent.get(f"/vendors/?{query}").context["page"].items
        assert [item.name for item in found] == names


def test_rules_are_rehearsed_by_managers_and_saved_by_admins(
    organisation: Organisation, client_agent: Client, client_admin: Client
) -> None:
    WorkOrderFactory(organisation=organisation, category="plumbing", opened_at=timezone.now() - timedelta(days=3))
    VendorFactory(organisation=organisation, name="Flow")
    form = client_admin.get("/vendors/rules/").context["form"]
    data: dict[str, object] = {
        field.name: field.value() for field in form if field.value() is not None and field.value() is not False
    }
    page = client_agent.post("/vendors/rules/", {**data, "do": "rehearse"}).content.decode()
    assert "all go to the same vendors as by the rules in use." in page
    changed = {**data, "licensed_trades": []}
    changed.pop("require_insurance")
    Vendor.objects.update(insurance_expires_on=None)
    page = client_agent.post("/vendors/rules/", {**changed, "do": "rehearse"}).content.decode()
    assert "1 goes to somebody else." in page
    assert client_agent.post("/vendors/rules/", {**data, "do": "save"}).status_code == 403
    assert not MaintenancePolicy.objects.exists()
    assert client_admin.post("/vendors/rules/", {**data, "max_vendors": "0", "do": "save"}).status_code == 422
    assert client_admin.post("/vendors/rules/", {**data, "retry_minutes": "soon", "do": "save"}).status_code == 422
    saved = {**data, "agent_limit": "750", "retry_minutes": "2, 4", "do": "save"}
    assert client_admin.post("/vendors/rules/", saved).status_code == 302
    policy = MaintenancePolicy.objects.get()
    assert (policy.agent_limit, policy.retry_minutes, policy.weights["rating"]) == (Decimal("750.00"), [2, 4], 35)
    said(client_admin, "/vendors/rules/categories/", {"name": "Pools"})
    assert "is there already" in said(client_admin, "/vendors/rules/categories/", {"name": "Plumbing"})
    pools = Category.objects.get()
    said(client_admin, f"/vendors/rules/categories/{pools.pk}/retire/", {})
    pools.refresh_from_db()
    assert not pools.is_active


def test_requests_from_report_to_job(organisation: Organisation, client_agent: Client) -> None:
    PropertyFactory(organisation=organisation, name="12 Queen Street")
    facts = {
        "request_id": str(uuid4()), "title": "No hot water", "property": "12 Queen Street", "category": "plumbing",
        "priority": "high", "reporter_name": "Lan Nguyễn",
    }  # fmt: skip
    assert client_agent.post("/maintenance-requests/new/", {**facts, "title": ""}).status_code == 422
    for _ in range(2):
        assert client_agent.post("/maintenance-requests/new/", facts).status_code == 302
    report = MaintenanceRequest.objects.get()
    assert "No hot water" in client_agent.get("/maintenance-requests/").content.decode()
    url = f"/maintenance-requests/{report.pk}/"
    assert "Lan Nguyễn" in client_agent.get(url).content.decode()
    assert "Say in a few words why" in said(client_agent, f"{url}dismiss/", {})
    answer = client_agent.post(f"{url}work-order/")
    order = WorkOrder.objects.get()
    assert answer.headers["Location"] == f"/work-orders/{order.pk}/assign/"
    assert "No hot water" in client_agent.get("/maintenance-requests/?state=converted").content.decode()


def test_queries_do_not_grow_with_the_data(organisation: Organisation, client_admin: Client) -> None:
    now = timezone.now()
    vendor, order = VendorFactory(organisation=organisation), WorkOrderFactory(organisation=organisation)
    for number in range(6):
        if number in (1, 5):
            assert_query_count("board", client_admin, "/work-orders/board/")
            assert_query_count("calendar", client_admin, "/work-orders/calendar/")
            assert_query_count("vendors", client_admin, "/vendors/")
            assert_query_count("requests", client_admin, "/maintenance-requests/")
            assert_query_count("vendor", client_admin, f"/vendors/{vendor.pk}/")
            assert_query_count("assign", client_admin, f"/work-orders/{order.pk}/assign/")
            assert_query_count("routing_rules", client_admin, "/vendors/rules/")
        vendor = VendorFactory(organisation=organisation)
        WorkOrderFactory(organisation=organisation, vendor=vendor, status="assigned", scheduled_for=now)
        order = WorkOrderFactory(organisation=organisation, due_on=now.date())
        OfferFactory(work_order=order, vendor=vendor)
        MaintenanceRequestFactory(organisation=organisation)
