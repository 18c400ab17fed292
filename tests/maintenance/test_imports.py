from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from access.models import Organisation
from maintenance.models import WorkOrder
from maintenance.services.imports import JobInput, apply_jobs, job_values, plan_jobs, withdraw_jobs
from properties.models import Property
from tests.factories.properties import PropertyFactory

CONNECTION = uuid.UUID(int=1)
FACTS = {
    "number": "JOB-7",
    "title": "Leaking kitchen tap",
    "status": "quoted",
    "priority": "high",
    "quoted_amount": "180",
    "opened_at": "2026-01-05T03:00:00+00:00",
    "due_on": "2026-01-12",
}


@pytest.fixture
def home(organisation: Organisation) -> Property:
    return PropertyFactory(organisation=organisation)


def take_in(home: Property, **facts: Any) -> str:
    """Plans and applies one job; the action that was planned."""
    source = JobInput(provider_id="job-7", property=home, unit=None, values=job_values({**FACTS, **facts}))
    plans = plan_jobs(organisation=home.organisation, connection_id=CONNECTION, inputs=[source])
    action = plans[0].action
    apply_jobs(organisation=home.organisation, provider="propertyme", connection_id=CONNECTION, plans=plans)
    return action


def test_a_job_becomes_a_work_order_once(home: Property) -> None:
    assert take_in(home) == "create"
    order = WorkOrder.objects.get()
    assert (order.title, order.category, order.status, order.priority) == (
        "Leaking kitchen tap",
        "plumbing",
        "quoted",
        "high",
    )
    assert (order.quoted_amount, order.currency, str(order.due_on)) == (Decimal("180.00"), "AUD", "2026-01-12")
    before = WorkOrder.objects.values().get()
    assert take_in(home) == "same"
    assert WorkOrder.objects.values().get() == before


@pytest.mark.parametrize(
    ("title", "trade"),
    [
        ("Power point sparking", "electrical"),
        ("Split system drips", "hvac"),
        ("Fence panel down", "general"),
        ("Toilet runs on", "plumbing"),
    ],
)
def test_the_trade_is_guessed_from_the_words(title: str, trade: str) -> None:
    assert job_values({"title": title})["category"] == trade


def test_the_trade_is_not_guessed_again(home: Property) -> None:
    take_in(home)
    WorkOrder.objects.update(category="general")
    assert take_in(home, title="Leaking bathroom tap") == "update"
    order = WorkOrder.objects.get()
    assert (order.title, order.category) == ("Leaking bathroom tap", "general")


def test_what_a_person_edited_is_held_for_them(home: Property) -> None:
    take_in(home)
    WorkOrder.objects.update(status="assigned", edited_fields=["status"])
    assert take_in(home, status="done") == "conflict"
    assert take_in(home, status="done", priority="urgent") == "update"
    order = WorkOrder.objects.get()
    assert (order.status, order.priority) == ("assigned", "urgent")


def test_a_job_moves_with_its_property(home: Property, organisation: Organisation) -> None:
    take_in(home)
    other = PropertyFactory(organisation=organisation)
    assert take_in(other) == "update"
    assert WorkOrder.objects.get().property == other


def test_an_import_is_withdrawn_but_for_what_a_person_edited(home: Property, organisation: Organisation) -> None:
    take_in(home)
    ids = list(WorkOrder.objects.values_list("pk", flat=True))
    WorkOrder.objects.update(edited_fields=["title"])
    assert withdraw_jobs(organisation=organisation, order_ids=ids) == 0
    WorkOrder.objects.update(edited_fields=[])
    assert withdraw_jobs(organisation=organisation, order_ids=ids) == 1
