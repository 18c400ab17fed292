from __future__ import annotations

from uuid import uuid4

import pytest

from access.models import Organisation, User
from core.errors import DomainError
from maintenance.models import MaintenanceRequest, WorkOrder
from maintenance.services.requests import convert_request, create_request, dismiss_request
from tests.factories.maintenance import MaintenanceRequestFactory
from tests.factories.properties import PropertyFactory, UnitFactory


def test_a_report_becomes_one_work_order(organisation: Organisation, admin_user: User) -> None:
    home, key = PropertyFactory(organisation=organisation), uuid4()
    for _ in range(2):
        report = create_request(
            organisation=organisation, property=home, title=" Water under the sink ", request_id=key,
            description="Since Monday.", category="plumbing", priority="high", reporter_name="Lan Nguyễn",
            access_notes="After 4 pm",
        )  # fmt: skip
    assert MaintenanceRequest.objects.count() == 1
    order = convert_request(request=report, user=admin_user)
    assert convert_request(request=report) == order
    assert WorkOrder.objects.count() == 1
    assert (order.title, order.description, order.category, order.priority, order.status) == (
        "Water under the sink", "Since Monday.\n\nAccess: After 4 pm", "plumbing", "high", "triaged",
    )  # fmt: skip
    assert order.events.latest("id").text == "Made from a report by Lan Nguyễn."
    with pytest.raises(DomainError) as refused:
        dismiss_request(request=report, reason="Twice")
    assert refused.value.code == "converted"


def test_a_dismissed_report_stays_so(organisation: Organisation) -> None:
    report = MaintenanceRequestFactory(organisation=organisation)
    with pytest.raises(DomainError) as refused:
        dismiss_request(request=report, reason=" ")
    assert refused.value.code == "reason"
    dismiss_request(request=report, reason="The tenant fixed it")
    with pytest.raises(DomainError) as refused:
        convert_request(request=report)
    assert refused.value.code == "dismissed"


def test_refusals(organisation: Organisation, other_organisation: Organisation) -> None:
    home = PropertyFactory(organisation=organisation)
    foreign = PropertyFactory(organisation=other_organisation)
    for facts, code in (
        ({"property": foreign, "title": "Tap"}, "property"),
        ({"property": home, "title": "Tap", "unit": UnitFactory(organisation=organisation)}, "unit"),
        ({"property": home, "title": "  "}, "title"),
    ):
        with pytest.raises(DomainError) as refused:
            create_request(organisation=organisation, **facts)  # type: ignore[arg-type]
        assert refused.value.code == code
