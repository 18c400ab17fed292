"""Rows as AppFolio sends them (payloads/) become our records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.errors import RecordRejected, RecordSetAside
from integrations.providers.appfolio import mapping
from integrations.records import (
    Address,
    BillRecord,
    ContactRecord,
    JobRecord,
    PaymentRecord,
    PropertyRecord,
    TenancyRecord,
)

ZONE = "America/Los_Angeles"


def payload(name: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = orjson.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_bytes())
    return {**row, **changes}


def test_a_unit_is_a_property_with_its_label() -> None:
    assert mapping.property_record(payload("unit")) == PropertyRecord(
        provider_id="u-1",
        address=Address(
            text="120 Alder Court #2B, Portland, OR 97204",
            unit="2B",
            number="120",
            street="Alder Court",
            suburb="Portland",
            state="OR",
            postcode="97204",
            country="US",
        ),
        kind="unit",
        bedrooms=2,
        bathrooms=1,
        rent_amount=Decimal("1845.00"),
        rent_period="monthly",
        tenant_name="Priya Walker",
    )


def test_a_building_is_one_more() -> None:
    found = mapping.property_record(payload("building"))
    assert (found.provider_id, found.kind, found.address.text, found.address.unit) == (
        "p-1", "building", "120 Alder Court, Portland, OR 97204", "",
    )  # fmt: skip


def test_the_unit_of_a_house_has_no_label_and_its_own_kind() -> None:
    house = payload("unit")["Property"] | {"Name": "120 Alder Court", "PropertyType": "Single-Family"}
    for name in ("120 Alder Court", "", None):
        found = mapping.property_record(payload("unit", Name=name, Property=house))
        assert (found.address.text, found.address.unit, found.kind) == (
            "120 Alder Court, Portland, OR 97204", "", "house",
        )  # fmt: skip


def test_a_unit_without_an_address_takes_its_property_s() -> None:
    assert mapping.property_record(payload("unit", Address1=None, City="")).address.suburb == "Portland"
    with pytest.raises(RecordRejected, match="without an address"):
        mapping.property_record(payload("unit", Address1="", Property=None))


def test_what_is_hidden_is_archived() -> None:
    hidden = "2026-02-01T00:00:00Z"
    place = payload("unit")["Property"] | {"HiddenAt": hidden}
    assert mapping.property_record(payload("unit", HiddenAt=hidden)).is_archived
    assert mapping.property_record(payload("unit", Property=place)).is_archived
    assert not mapping.property_record(payload("unit")).is_archived


def test_an_occupancy_is_one_tenancy_whatever_it_holds() -> None:
    assert mapping.tenancy_record(payload("tenancy"), ZONE) == TenancyRecord(
        provider_id="o-1",
        property_ref="u-1",
        name="Priya Walker & Omar Walker",
        rent_amount=Decimal("1845.00"),
        rent_period="monthly",
        contact_ref="t-1",
        email="priya@example.com",
        phone="(503) 555-0142",
        starts_on=date(2025, 3, 1),
        # The renewal, not the first lease; and nobody has moved out while Omar stays.
        ends_on=date(2027, 2, 28),
        vacates_on=None,
        arrears_amount=Decimal("1945.50"),
        arrears_days=12,
    )


def test_a_tenancy_ends_with_its_last_tenant() -> None:
    row = payload("tenancy")
    row["Tenants"][0]["MoveOutOn"] = "2026-10-02"
    assert mapping.tenancy_record(row, ZONE).vacates_on == date(2026, 10, 2)
    for tenant in row["Tenants"]:
        tenant["Status"] = "Past"
    found = mapping.tenancy_record(row, ZONE)
    assert (found.is_closed, found.vacates_on) == (True, date(2026, 10, 2))


def test_tenants_alone_tell_a_tenancy_too() -> None:
    row = payload("tenancy", Leases=[])
    row["Tenants"][1]["IsMonthlyLease"] = True
    found = mapping.tenancy_record(row, ZONE)
    assert (found.starts_on, found.ends_on, found.is_periodic) == (date(2025, 3, 1), date(2026, 2, 28), True)
    del row["Balance"]
    assert mapping.tenancy_record(row, ZONE).arrears_amount == 0


def test_a_hidden_tenant_is_gone() -> None:
    row = payload("tenancy")
    row["Tenants"][1]["HiddenAt"] = "2026-02-01T00:00:00Z"
    found = mapping.tenancy_record(row, ZONE)
    assert (found.name, found.contact_ref, found.is_closed) == ("Omar Walker", "t-0", False)
    # The rent is the tenancy's, whoever of them it is written at.
    assert found.rent_amount == Decimal("900.00")
    for tenant in row["Tenants"]:
        tenant["HiddenAt"] = "2026-02-01T00:00:00Z"
    assert mapping.tenancy_record(row, ZONE).is_closed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"LotId": ""}, "without a unit"), ({"Tenants": []}, "without a tenant"), ({"Tenants": 7}, "without a tenant")],
)
def test_a_tenancy_needs_a_unit_and_a_tenant(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RecordRejected, match=reason):
        mapping.tenancy_record(payload("tenancy", **changes), ZONE)


def test_a_work_order_is_a_job() -> None:
    assert mapping.job_record(payload("work_order"), ZONE) == JobRecord(
        provider_id="w-1",
        property_ref="u-1",
        title="Tap leaks.",
        status="assigned",
        number="4711-1",
        description="Tap leaks.\nKitchen, cold side.",
        priority="urgent",
        supplier_name="Lone Star Plumbing",
        opened_at=datetime(2026, 5, 30, 22, 15, tzinfo=UTC),
        # 1:30 in the night in UTC is the evening before in Portland.
        due_on=date(2026, 6, 2),
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("New", "new"), ("Assigned", "assigned"), ("Scheduled", "assigned"), ("Waiting", "assigned"),
        ("Estimate Requested", "new"), ("Estimated", "quoted"), ("Work Completed", "done"), ("Completed", "done"),
        ("Canceled", "cancelled"),
    ],
)  # fmt: skip
def test_each_state_of_a_work_order_is_known(theirs: str, ours: str) -> None:
    assert mapping.job_record(payload("work_order", Status=theirs), ZONE).status == ours


def test_a_job_is_closed_on_the_day_that_is_written() -> None:
    found = mapping.job_record(payload("work_order", Status="Completed", CompletedOn="2026-06-05"), ZONE)
    assert found.closed_at == datetime(2026, 6, 5, 19, tzinfo=UTC)
    with pytest.raises(RecordRejected, match="'Pondered' is not one that is known"):
        mapping.job_record(payload("work_order", Status="Pondered"), ZONE)


def test_a_line_of_a_bill_is_a_bill() -> None:
    assert mapping.bill_record(payload("bill_line"), ZONE) == BillRecord(
        provider_id="b-1~i-2",
        property_ref="u-1",
        amount=Decimal("185.40"),
        occurred_on=date(2026, 6, 4),
        description="New cartridge",
        counterparty="Lone Star Plumbing",
        reference="INV-88",
    )
    assert mapping.bill_record(payload("bill_line", ApprovalStatus="Rejected"), ZONE).is_void
    assert mapping.bill_record(payload("bill_line", InvoiceDate=None), ZONE).occurred_on == date(2026, 7, 4)


def test_a_payment_is_rent() -> None:
    assert mapping.payment_record(payload("payment"), ZONE) == PaymentRecord(
        provider_id="1001~2026-06-03~1845.00~1",
        property_ref="u-1",
        tenancy_ref="o-1",
        amount=Decimal("1845.00"),
        occurred_on=date(2026, 6, 3),
        description="Payment (online)",
        counterparty="Priya Walker",
    )


def test_a_deposit_is_set_aside_and_a_stranger_s_payment_refused() -> None:
    with pytest.raises(RecordSetAside, match="deposit"):
        mapping.payment_record(payload("payment", Deposit=True), ZONE)
    with pytest.raises(RecordRejected, match="could not be matched") as refused:
        mapping.payment_record(payload("payment", TenancyId="", LotId=""), ZONE)
    assert refused.value.safe_message.endswith(".")


def test_a_vendor_is_a_supplier() -> None:
    assert mapping.contact_record(payload("vendor")) == ContactRecord(
        provider_id="v-1",
        name="Lone Star Plumbing",
        email="office@example.com",
        phone="(512) 555-0190",
        is_supplier=True,
    )
    person = payload("tenant", Role="tenant")
    found = mapping.contact_record(person)
    assert (found.name, found.is_tenant, found.is_owner) == ("Priya Walker", True, False)
    with pytest.raises(RecordRejected, match="without a name"):
        mapping.contact_record({"Id": "x", "FirstName": " ", "LastName": None})
