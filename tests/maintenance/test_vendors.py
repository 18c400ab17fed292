from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Membership, Organisation
from core.errors import DomainError
from maintenance.models import Category, MaintenancePolicy, Vendor, WorkOrder
from maintenance.selectors.rehearsal import rehearse
from maintenance.selectors.vendors import categories_of, paper_notes, policy_of, vendor_facts, vendors_of
from maintenance.services.vendors import (
    add_category,
    changed_policy,
    retire_category,
    save_policy,
    save_vendor,
)
from tests.factories.maintenance import OfferFactory, VendorFactory, WorkOrderFactory
from tests.factories.properties import PropertyFactory


def test_add_once_and_change_what_is_given(organisation: Organisation) -> None:
    key = uuid4()
    for _ in range(2):
        vendor = save_vendor(
            organisation=organisation, vendor_id=key, name=" Flow ", trades=["plumbing"],
            regions=["Newtown", " 2000 – 2050", "", "newtown"], hours={"0": ["07:00", "17:00"]},
            hourly_rate=Decimal("120"),
        )  # fmt: skip
    assert Vendor.objects.get() == vendor
    assert (vendor.name, vendor.regions, vendor.hours, vendor.currency) == (
        "Flow", ["newtown", "2000-2050"], {"0": ["07:00", "17:00"]}, "AUD",
    )  # fmt: skip
    save_vendor(organisation=organisation, vendor=vendor, phone="5550")
    vendor.refresh_from_db()
    assert (vendor.phone, vendor.regions) == ("5550", ["newtown", "2000-2050"])


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"name": " "}, "name"),
        ({"trades": ["sorcery"]}, "trades"),
        ({"regions": ["2050-2000"]}, "regions"),
        ({"hours": {"0": ["17:00", "07:00"]}}, "hours"),
        ({"hours": {"0": ["7 o’clock", "17:00"]}}, "hours"),
        ({"hours": {"7": ["07:00", "17:00"]}}, "hours"),
        ({"capacity": 0}, "capacity"),
        ({"hourly_rate": Decimal("-1")}, "rate"),
        ({"channel": "pigeon"}, "unknown_channel"),
    ],
)
def test_refusals(organisation: Organisation, facts: dict[str, Any], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        save_vendor(organisation=organisation, **{"name": "Flow", **facts})  # type: ignore[typeddict-item]
    assert refused.value.code == code
    assert not Vendor.objects.exists()


def test_categories_are_added_retired_and_brought_back(organisation: Organisation) -> None:
    pools = add_category(organisation=organisation, name=" Pool  care ")
    save_vendor(organisation=organisation, name="Blue", trades=["Pool care"])
    assert categories_of(organisation=organisation)[-1] == ("Pool care", "Pool care")
    retire_category(category=pools)
    assert ("Pool care", "Pool care") not in categories_of(organisation=organisation)
    assert ("Pool care", "Pool care") in categories_of(organisation=organisation, retired=True)
    assert add_category(organisation=organisation, name="pool care") == pools
    assert Category.objects.get().is_active
    for name in ("", "Plumbing", "hvac", "x" * 41):
        with pytest.raises(DomainError):
            add_category(organisation=organisation, name=name)
    assert WorkOrder(category="Pool care").get_category_display() == "Pool care"


def test_rules_are_defaults_until_changed(organisation: Organisation) -> None:
    assert policy_of(organisation=organisation).limit_of(Membership.Role.AGENT) == Decimal("500.00")
    assert not MaintenancePolicy.objects.exists()
    save_policy(organisation=organisation, agent_limit=Decimal("750"), weights={"price": 100})
    policy = policy_of(organisation=organisation)
    assert (policy.limit_of(Membership.Role.AGENT), policy.limit_of(Membership.Role.TENANT)) == (Decimal("750"), 0)
    assert (policy.weights, policy.target_of("urgent")) == ({"price": 100}, 60)
    for change, code in (
        ({"weights": {"price": 0}}, "weights"),
        ({"weights": {"luck": 5}}, "weights"),
        ({"response_minutes": {"urgent": 0}}, "response_minutes"),
        ({"max_vendors": 0}, "max_vendors"),
        ({"retry_minutes": [0]}, "retry_minutes"),
        ({"admin_limit": Decimal("-1")}, "limit"),
    ):
        with pytest.raises(DomainError) as refused:
            save_policy(organisation=organisation, **change)  # type: ignore[arg-type]
        assert refused.value.code == code


def test_figures_of_vendors(organisation: Organisation) -> None:
    vendor = VendorFactory(organisation=organisation)
    now = timezone.now()
    done = {"organisation": organisation, "vendor": vendor, "status": "done"}
    first = WorkOrderFactory(**done, rating=5, closed_at=now)
    WorkOrderFactory(**done, rating=2, closed_at=now)
    WorkOrderFactory(**done, rating=1, closed_at=now - timedelta(days=800))
    WorkOrderFactory(organisation=organisation, vendor=vendor, status="assigned")
    OfferFactory.create_batch(3, organisation=organisation, vendor=vendor)
    found = vendors_of(organisation=organisation).get()
    assert (found.open_jobs, found.mean_rating, found.rated_jobs) == (1, 3.5, 2)
    (facts,) = vendor_facts(organisation=organisation, property_id=first.property_id)
    assert (facts.open_jobs, facts.rating, facts.rated_jobs) == (4, 3.5, 2)
    assert facts.known_properties == {first.property_id}


def test_papers_in_words() -> None:
    today = timezone.localdate()
    vendor = Vendor(insurance_expires_on=today - timedelta(days=1), licence_expires_on=today + timedelta(days=9))
    assert paper_notes(vendor) == [("bad", "Insurance expired"), ("warn", "Licence ends soon")]
    assert paper_notes(Vendor(insurance_expires_on=date(2099, 1, 1))) == [
        ("good", "Insurance valid"), ("neutral", "Licence not on file"),
    ]  # fmt: skip


def test_a_rehearsal_shows_who_would_have_got_what(organisation: Organisation) -> None:
    now = timezone.now()
    home = PropertyFactory(organisation=organisation)
    cheap = VendorFactory(organisation=organisation, name="Cheap", hourly_rate=Decimal("50"), capacity=1)
    VendorFactory(organisation=organisation, name="Near", hourly_rate=Decimal("200"), regions=["newtown"], capacity=1)
    for title, days in (("old", 91), ("first", 20), ("second", 19), ("third", 18)):
        WorkOrderFactory(
            organisation=organisation, property=home, title=title, category="plumbing",
            opened_at=now - timedelta(days=days),
        )  # fmt: skip
    WorkOrderFactory(organisation=organisation, status="cancelled", opened_at=now - timedelta(days=2))
    WorkOrder.objects.filter(title="first").update(vendor=cheap)
    current = policy_of(organisation=organisation)
    near = changed_policy(current, weights={"near": 100})
    price = changed_policy(current, weights={"price": 100})
    with CaptureQueriesContext(connection) as queries:
        found = rehearse(organisation=organisation, current=price, changed=near, now=now)
    assert len(queries) == 3
    assert [(row.order.title, row.actual, row.by_current, row.by_changed) for row in found.rows] == [
        ("third", "", "", ""),
        ("second", "", "Near", "Cheap"),
        ("first", "Cheap", "Cheap", "Near"),
    ]
    assert found.changed == 2
    assert sorted(found.shares) == [("", 1, 1), ("Cheap", 1, 1), ("Near", 1, 1)]
    assert not MaintenancePolicy.objects.exists()
