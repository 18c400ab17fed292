from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from maintenance.models import WorkOrder
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import ConnectionFactory, ProviderRecordFactory
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import PropertyFactory, UnitFactory
from tests.query_counts import assert_query_count


def _titles(client: Client, query: str) -> list[str]:
    return [order.title for order in client.get(f"/work-orders/?{query}").context["page"].items]


@pytest.fixture
def jobs(organisation: Organisation, other_organisation: Organisation) -> dict[str, WorkOrder]:
    """Four jobs, the oldest first, and one of the rival."""
    now = timezone.now()
    home = PropertyFactory(organisation=organisation, name="12 Queen Street", suburb="New Farm")
    WorkOrderFactory(organisation=other_organisation, title="rival")
    return {
        title: WorkOrderFactory(organisation=organisation, title=title, opened_at=now - timedelta(days=age), **facts)
        for title, age, facts in (
            ("fence", 9, {"status": "done", "closed_at": now, "property": home}),
            ("tap", 5, {"status": "quoted", "category": "plumbing", "number": "J-7", "supplier_name": "Dan’s"}),
            ("alarm", 3, {"status": "new", "category": "electrical", "priority": "urgent", "property": home}),
            ("paint", 1, {"status": "cancelled", "closed_at": now}),
        )
    }


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["alarm", "tap"]),
        ("sort=opened", ["tap", "alarm"]),
        ("status=all", ["paint", "alarm", "tap", "fence"]),
        ("status=done", ["fence"]),
        ("status=unheard-of", ["alarm", "tap"]),
        ("category=plumbing", ["tap"]),
        ("priority=urgent", ["alarm"]),
        ("address=queen&status=all", ["alarm", "fence"]),
        ("q=j-7", ["tap"]),
        ("q=dan", ["tap"]),
        ("q=rival&status=all", []),
        ("category=nonsense", ["alarm", "tap"]),
    ],
)
def test_filters_and_order(client_agent: Client, jobs: dict[str, WorkOrder], query: str, titles: list[str]) -> None:
    assert _titles(client_agent, query) == titles


def test_by_property(client_agent: Client, jobs: dict[str, WorkOrder], other_organisation: Organisation) -> None:
    assert _titles(client_agent, f"property={jobs['fence'].property_id}&status=all") == ["alarm", "fence"]
    foreign = PropertyFactory(organisation=other_organisation)
    page = client_agent.get(f"/work-orders/?property={foreign.pk}").content.decode()
    assert "A filter was left out because it could not be read." in page


def test_tabs_count_what_the_other_filters_find(client_agent: Client, jobs: dict[str, WorkOrder]) -> None:
    tabs = client_agent.get("/work-orders/?address=queen").context["tabs"]
    assert [(tab["label"], tab["count"]) for tab in tabs] == [
        ("Pending", 1), ("Needs a vendor", 0), ("New", 1), ("Triaged", 0), ("Quoted", 0), ("Approved", 0),
        ("Assigned", 0), ("Scheduled", 0), ("In progress", 0), ("Done", 1), ("Billed", 0), ("Cancelled", 0), ("All", 2),
    ]  # fmt: skip
    assert [tab["url"] for tab in tabs][:3] == [
        "?address=queen", "?address=queen&status=manual", "?address=queen&status=new"
    ]  # fmt: skip
    assert [tab["label"] for tab in tabs if tab["current"]] == ["Pending"]


def test_list_says_age_priority_due_and_source(organisation: Organisation, client_agent: Client) -> None:
    connection = ConnectionFactory(organisation=organisation)
    WorkOrderFactory(
        organisation=organisation, title="Smoke alarm", priority="urgent", quoted_amount=Decimal("1840.50"),
        due_on=timezone.localdate() - timedelta(days=2), opened_at=timezone.now() - timedelta(days=3),
        provider="propertyme", connection_id=connection.pk, provider_id="job-1",
    )  # fmt: skip
    page = client_agent.get("/work-orders/").content.decode()
    assert "$1,840.50" in page
    assert "was due" in page
    assert "3\u00a0days ago" in page
    assert '<span class="chip bad">Urgent</span>' in page
    assert 'class="fresh ' in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "No job is pending."),
        ("status=done", "No work order has this status."),
        ("q=x", "No work order fits these filters."),
    ],
)
def test_empty_states_say_what_to_do(client_agent: Client, query: str, sentence: str) -> None:
    assert sentence in client_agent.get(f"/work-orders/?{query}").content.decode()


def test_detail_adds_up_the_bills_of_the_job(organisation: Organisation, client_agent: Client) -> None:
    connection = ConnectionFactory(organisation=organisation)
    record = ProviderRecordFactory(
        organisation=organisation, connection=connection, resource="job", provider_id="job-1"
    )
    order = WorkOrderFactory(
        organisation=organisation, title="Tap", provider="propertyme", connection_id=connection.pk,
        provider_id="job-1", edited_fields=["quoted_amount", "property_id", "title"],
    )  # fmt: skip
    for key, amount, facts in (
        ("b1", "220.00", {"job_ref": "job-1"}),
        ("b2", "30.50", {"job_ref": "job-1"}),
        ("b3", "999.00", {"job_ref": "job-2"}),
    ):
        TransactionFactory(
            organisation=organisation, property=order.property, code="repairs_and_maintenance", provider="propertyme",
            connection_id=connection.pk, provider_transaction_id=key, amount=Decimal(amount), **facts,
        )  # fmt: skip
    page = client_agent.get(f"/work-orders/{order.pk}/").content.decode()
    assert "$250.50" in page
    assert "$999.00" not in page
    assert "A person changed: quoted amount, property, title." in page
    assert f"/settings/integrations/propertyme/records/{record.pk}/" in page
    response = client_agent.get(f"/work-orders/job/{connection.pk}/job-1")
    assert response.headers["Location"] == f"/work-orders/{order.pk}/"
    assert client_agent.get(f"/work-orders/job/{connection.pk}/job-9").status_code == 404
    assert client_agent.get(f"/work-orders/job/{uuid4()}/job-1").status_code == 404


def test_detail_of_an_own_job(organisation: Organisation, client_agent: Client) -> None:
    order = WorkOrderFactory(organisation=organisation, description="line 1\n<b>line 2</b>")
    page = client_agent.get(f"/work-orders/{order.pk}/").content.decode()
    assert "line 1<br>&lt;b&gt;line 2&lt;/b&gt;" in page
    assert "This one was entered by hand." in page
    assert "No sync changes it." in page


def test_add_and_edit(organisation: Organisation, client_agent: Client) -> None:
    home = PropertyFactory(organisation=organisation, name="12 Queen Street")
    unit = UnitFactory(organisation=organisation, property=home, label="2")
    page = client_agent.get(f"/work-orders/new/?property={home.pk}").content.decode()
    assert "12 Queen Street, Newtown NSW 2042" in page
    facts = {
        "order_id": str(uuid4()), "title": "Leaking tap", "property": "12 Queen Street", "category": "plumbing",
        "priority": "high", "status": "new", "quoted_amount": "220.00",
    }  # fmt: skip
    assert client_agent.post("/work-orders/new/", {**facts, "title": ""}).status_code == 422
    assert client_agent.post("/work-orders/new/", {**facts, "quoted_amount": "-1"}).status_code == 422
    for _ in range(2):
        assert client_agent.post("/work-orders/new/", facts).status_code == 302
    order = WorkOrder.objects.get()
    url = f"/work-orders/{order.pk}/edit/"
    assert client_agent.get(url).status_code == 200
    edited = {**facts, "property": "12 Queen Street, Newtown NSW 2042", "unit": str(unit.pk), "status": "done"}
    assert client_agent.post(url, edited).headers["Location"] == f"/work-orders/{order.pk}/"
    order.refresh_from_db()
    assert (order.unit, order.status, order.quoted_amount) == (unit, "done", Decimal("220.00"))
    assert order.closed_at is not None
    response = client_agent.post(url, {**edited, "title": "   "})
    assert response.status_code == 422


def test_an_edit_of_a_providers_job_holds_only_the_fields_that_differ(
    organisation: Organisation, client_agent: Client
) -> None:
    order = WorkOrderFactory(
        organisation=organisation, provider="propertyme", connection_id=uuid4(), provider_id="job-1", title="Tap"
    )
    facts = {
        "title": "Tap", "property": order.property.full_address, "category": "general", "priority": "urgent",
        "status": "new",
    }  # fmt: skip
    page = client_agent.post(f"/work-orders/{order.pk}/edit/", facts, follow=True).content.decode()
    assert "Syncs leave what you changed alone." in page
    order.refresh_from_db()
    assert (order.priority, order.edited_fields) == ("urgent", ["priority"])


@pytest.mark.parametrize("tail", ["", "edit/"])
def test_another_organisations_job_is_not_found(
    other_organisation: Organisation, client_agent: Client, tail: str
) -> None:
    foreign = WorkOrderFactory(organisation=other_organisation)
    assert client_agent.get(f"/work-orders/{foreign.pk}/{tail}").status_code == 404


def test_queries_do_not_grow_with_the_data(organisation: Organisation, client_agent: Client) -> None:
    connection = ConnectionFactory(organisation=organisation)
    for number in range(20):
        if number in (1, 19):
            assert_query_count("work_order_list", client_agent, "/work-orders/")
        order = WorkOrderFactory(
            organisation=organisation, provider="propertyme", connection_id=connection.pk, provider_id=f"job-{number}"
        )
    part = {"headers": {"HX-Request": "true"}}
    assert_query_count("work_order_list_part", client_agent, "/work-orders/", **part)
    assert_query_count("work_order_detail", client_agent, f"/work-orders/{order.pk}/")
    assert_query_count("work_order_edit", client_agent, f"/work-orders/{order.pk}/edit/")
