from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from access.models import Organisation
from core.errors import DomainError
from maintenance.models import WorkOrder
from maintenance.services.work_orders import create_work_order, edit_work_order
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import PropertyFactory, UnitFactory


def _imported(organisation: Organisation, **facts: object) -> WorkOrder:
    return WorkOrderFactory(
        organisation=organisation, provider="propertyme", connection_id=uuid4(), provider_id="job-1", **facts
    )


def test_create_once(organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation)
    order_id = uuid4()
    for _ in range(2):
        order = create_work_order(
            organisation=organisation,
            order_id=order_id,
            property=home,
            title="  Leaking tap ",
            category="plumbing",
            priority="high",
            quoted_amount=Decimal("220.00"),
            due_on=date(2026, 1, 5),
        )
    assert WorkOrder.objects.get() == order
    order.refresh_from_db()
    assert (order.pk, order.title, order.property, order.category, order.priority, order.status) == (
        order_id, "Leaking tap", home, "plumbing", "high", "new",
    )  # fmt: skip
    assert (order.quoted_amount, order.due_on, order.currency, order.provider, order.closed_at) == (
        Decimal("220.00"), date(2026, 1, 5), "AUD", "", None,
    )  # fmt: skip
    assert order.opened_at is not None


def test_edits_of_a_providers_job_are_remembered_by_field(organisation: Organisation) -> None:
    order = _imported(organisation, edited_fields=["title"], priority="low")
    edit_work_order(work_order=order, priority="urgent", supplier_name="Dan’s Plumbing", title=order.title)
    order.refresh_from_db()
    assert (order.priority, order.supplier_name) == ("urgent", "Dan’s Plumbing")
    assert order.edited_fields == ["priority", "supplier_name", "title"]


def test_an_edit_touches_only_what_it_names(organisation: Organisation) -> None:
    order = _imported(organisation, supplier_name="Old")
    WorkOrder.objects.filter(pk=order.pk).update(supplier_name="Synced meanwhile")
    edit_work_order(work_order=order, priority="high")
    order.refresh_from_db()
    assert (order.supplier_name, order.edited_fields) == ("Synced meanwhile", ["priority"])


def test_own_jobs_keep_no_list_of_edits_and_nothing_changes_without_a_difference(organisation: Organisation) -> None:
    order = WorkOrderFactory(organisation=organisation)
    before = order.updated_at
    edit_work_order(work_order=order, title=order.title)
    order.refresh_from_db()
    assert order.updated_at == before
    edit_work_order(work_order=order, title="Another")
    order.refresh_from_db()
    assert (order.title, order.edited_fields) == ("Another", [])


def test_closing_stamps_the_time_and_reopening_takes_it_away(organisation: Organisation) -> None:
    order = _imported(organisation, supplier_name="Dan’s")
    edit_work_order(work_order=order, status="done")
    order.refresh_from_db()
    assert order.closed_at is not None
    assert order.edited_fields == ["closed_at", "status"]
    edit_work_order(work_order=order, status="assigned")
    order.refresh_from_db()
    assert order.closed_at is None
    told = datetime(2025, 12, 4, tzinfo=UTC)
    WorkOrder.objects.filter(pk=order.pk).update(status="done", closed_at=told)
    edit_work_order(work_order=order, status="cancelled")
    order.refresh_from_db()
    assert order.closed_at == told


def test_moving_to_another_property_leaves_the_unit_behind(organisation: Organisation) -> None:
    unit = UnitFactory(organisation=organisation)
    order = _imported(organisation, property=unit.property, unit=unit)
    elsewhere = PropertyFactory(organisation=organisation)
    edit_work_order(work_order=order, property=elsewhere)
    order.refresh_from_db()
    assert (order.property, order.unit, order.edited_fields) == (elsewhere, None, ["property_id", "unit_id"])


def test_refusals(organisation: Organisation, other_organisation: Organisation) -> None:
    order = WorkOrderFactory(organisation=organisation)
    foreign = PropertyFactory(organisation=other_organisation)
    for change, code in (
        ({"property": foreign}, "property"),
        ({"unit": UnitFactory(organisation=organisation)}, "unit"),
        ({"title": "  "}, "title"),
        ({"quoted_amount": Decimal("-1")}, "quoted_amount"),
    ):
        with pytest.raises(DomainError) as refused:
            edit_work_order(work_order=order, **change)  # type: ignore[arg-type]
        assert refused.value.code == code
    with pytest.raises(DomainError) as refused:
        create_work_order(organisation=organisation, title="Tap")
    assert refused.value.code == "property"
    with pytest.raises(DomainError) as refused:
        create_work_order(organisation=organisation, title="Tap", property=foreign)
    assert refused.value.code == "property"
    assert WorkOrder.objects.count() == 1
