from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.errors import RecordRejected
from integrations.providers.propertyme import mapping
from integrations.records import (
    Address,
    BillRecord,
    ContactRecord,
    JobRecord,
    PaymentRecord,
    PropertyRecord,
    TenancyRecord,
)

ZONE = "Australia/Sydney"
LOT = "0f7c2a10-0001-4000-a000-000000000001"
TENANCY = "0f7c2a10-0003-4000-a000-000000000001"
JOB = "0f7c2a10-0004-4000-a000-000000000001"


def payload(name: str, **changes: Any) -> dict[str, Any]:
    """A row as PropertyMe sends it; a change to `...` removes the field."""
    row: dict[str, Any] = json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text(encoding="utf-8"))
    return {key: value for key, value in (row | changes).items() if value is not ...}


def test_a_lot() -> None:
    assert mapping.property_record(payload("lot")) == PropertyRecord(
        provider_id=LOT,
        address=Address(
            text="4/18 Acacia Avenue, Newtown NSW 2042",
            unit="4",
            number="18",
            street="Acacia Avenue",
            suburb="Newtown",
            state="NSW",
            postcode="2042",
            country="AU",
            latitude=Decimal("-33.897512"),
            longitude=Decimal("151.179321"),
        ),
        kind="unit",
        bedrooms=2,
        bathrooms=1,
        car_spaces=1,
        rent_amount=Decimal("640.00"),
        rent_period="weekly",
        owner_ref="0f7c2a10-0001-4000-a000-0000000000aa",
        owner_name="Brown, Ada",
        tenant_name="Okafor, Tom & Lan",
        manager_name="Priya Nair",
        is_archived=False,
    )


def test_an_archived_lot_without_rent_and_place() -> None:
    record = mapping.property_record(payload("lot_archived"))
    assert (record.is_archived, record.rent_amount, record.kind) == (True, None, "house")
    assert (record.address.latitude, record.address.longitude) == (None, None)


@pytest.mark.parametrize(
    ("changes", "kind", "country"),
    [
        ({"PropertySubtype": "House"}, "house", "AU"),
        ({"PropertySubtype": "Townhouse"}, "townhouse", "AU"),
        ({"PropertySubtype": "Block of units"}, "building", "AU"),
        ({"PropertySubtype": "Houseboat"}, "other", "AU"),
        ({"PropertySubtype": ...}, "house", "AU"),
        ({"PrimaryType": "Commercial"}, "commercial", "AU"),
        ({"PropertySubtype": "Unit", "Address": {"Country": "New Zealand"}}, "unit", "NZ"),
    ],
)
def test_kinds_and_countries(changes: dict[str, Any], kind: str, country: str) -> None:
    record = mapping.property_record(payload("lot", **changes))
    assert (record.kind, record.address.country) == (kind, country)


def test_a_lot_with_its_address_in_one_line_only_is_kept() -> None:
    record = mapping.property_record(payload("lot", Address=...))
    assert record.address == Address(text="4/18 Acacia Avenue, Newtown NSW 2042")


def test_scripts_beyond_latin_pass_unchanged() -> None:
    street = "شارع النيل \U0001f3e1"
    record = mapping.property_record(payload("lot", Address={"Street": street}, AddressText=street))
    assert (record.address.text, record.address.street) == (street, street)


def test_a_lot_without_any_address_is_refused() -> None:
    with pytest.raises(RecordRejected) as refusal:
        mapping.property_record(payload("lot", Address=..., AddressText=..., Reference=...))
    assert refusal.value.safe_message == "PropertyMe sent this property without an address."


def test_a_contact() -> None:
    assert mapping.contact_record(payload("contact")) == ContactRecord(
        provider_id="0f7c2a10-0002-4000-a000-000000000001",
        name="Tom Okafor",
        email="tom@tenant.example",
        phone="0412 345 678",
        is_tenant=True,
        is_owner=False,
        is_supplier=False,
    )


def test_a_row_of_the_tenants_list_has_a_name_and_a_role_too() -> None:
    row = {"Id": "t", "Reference": "Okafor, Tom", "PrimaryPerson": "Tom Okafor", "Roles": ["Tenant"], "Phone": "0400"}
    assert mapping.contact_record(row) == ContactRecord("t", "Okafor, Tom", phone="0400", is_tenant=True)


def test_a_lease_with_its_balance() -> None:
    assert mapping.tenancy_record(payload("tenancy"), ZONE) == TenancyRecord(
        provider_id=TENANCY,
        property_ref=LOT,
        name="Okafor, Tom",
        rent_amount=Decimal("640.00"),
        rent_period="weekly",
        contact_ref="0f7c2a10-0002-4000-a000-000000000001",
        email="tom@tenant.example",
        phone="0412 345 678",
        starts_on=date(2024, 2, 1),
        ends_on=date(2026, 1, 31),
        # 13:00 UTC is midnight of the next day in a Sydney summer.
        vacates_on=date(2026, 2, 1),
        bond_amount=Decimal("2560.00"),
        bond_held=Decimal("2560.00"),
        paid_to=date(2025, 11, 30),
        arrears_amount=Decimal("365.71"),
        arrears_days=4,
    )


def test_a_lease_without_a_balance_owes_nothing_that_is_known() -> None:
    record = mapping.tenancy_record(payload("tenancy", Balance=...), ZONE)
    assert (record.arrears_amount, record.arrears_days, record.bond_held) == (Decimal(0), 0, Decimal("0.00"))


def test_rent_paid_ahead_is_not_negative_arrears() -> None:
    row = payload("tenancy", Balance={"RentArrears": -120.5, "DaysInArrears": 0})
    assert mapping.tenancy_record(row, ZONE).arrears_amount == Decimal(0)


@pytest.mark.parametrize("never", [None, "", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"])
def test_a_lease_without_an_end(never: str | None) -> None:
    record = mapping.tenancy_record(payload("tenancy", AgreementEnd=never, Termination=never, TenancyEnd=never), ZONE)
    assert (record.ends_on, record.vacates_on) == (None, None)


def test_a_job_with_its_accepted_quotation() -> None:
    assert mapping.job_record(payload("job"), ZONE) == JobRecord(
        provider_id=JOB,
        property_ref=LOT,
        title="Hot water system not working",
        status="done",
        number="J00122",
        description="No hot water since last night.",
        supplier_name="Nguyễn & Sons Plumbing",
        quoted_amount=Decimal("314.40"),
        opened_at=datetime(2025, 11, 1, 22, 15, 30, 123_000, tzinfo=UTC),
        due_on=date(2025, 11, 20),
        closed_at=datetime(2025, 11, 18, 4, 0, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Pending", "new"), ("Reported", "new"), ("Quoted", "quoted"), ("Approved", "approved"),
        ("Assigned", "assigned"), ("Finished", "done"), ("Closed", "done"), ("Completed", "done"),
        ("Rejected", "cancelled"), ("Cancelled", "cancelled"),
    ],
)  # fmt: skip
def test_every_published_job_status(theirs: str, ours: str) -> None:
    assert mapping.job_record(payload("job", Status=theirs), ZONE).status == ours


def test_a_job_status_that_is_not_known_is_refused_and_not_guessed() -> None:
    with pytest.raises(RecordRejected) as refusal:
        mapping.job_record(payload("job", Status="Paused"), ZONE)
    assert refusal.value.safe_message == "The job's status 'Paused' is not one that is known."


def test_a_receipt_of_rent() -> None:
    assert mapping.payment_record(payload("payment"), ZONE) == PaymentRecord(
        provider_id="0f7c2a10-0006-4000-a000-000000000001",
        property_ref=LOT,
        tenancy_ref=TENANCY,
        amount=Decimal("640.00"),
        occurred_on=date(2025, 11, 24),
        description="Rent 24 Nov 2025 to 30 Nov 2025",
        reference="HV1001-043",
    )


def test_a_void_receipt_and_one_without_a_period() -> None:
    record = mapping.payment_record(payload("payment", IsVoid=True, PaidFrom=None, PaidTo="nonsense"), ZONE)
    assert (record.is_void, record.description) == (True, "Rent")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Type": "Bond"}, "This is a Bond, not rent; only rent is income."),
        ({"Type": None}, "This is a receipt without a type, not rent; only rent is income."),
        ({"LotId": None}, "PropertyMe sent this receipt without a property."),
        ({"Id": ...}, "PropertyMe sent this record without an id, so it cannot be followed."),
        ({"Amount": None}, "PropertyMe sent no amount for this record."),
        ({"Amount": "n/a"}, "The amount 'n/a' is not a number."),
        ({"TransactionDate": None}, "PropertyMe sent no date for this record."),
        ({"TransactionDate": "2026-02-31T00:00:00Z"}, "The date '2026-02-31T00:00:00Z' is not a date."),
        (
            {"TransactionDate": "0001-01-01T00:00:00Z"},
            "The date '0001-01-01T00:00:00Z' lies outside the years 1990 to 2100.",
        ),
        (
            {"TransactionDate": "9999-12-31T23:59:59.9999999Z"},
            "The date '9999-12-31T23:59:59.9999999Z' lies outside the years 1990 to 2100.",
        ),
    ],
)
def test_a_receipt_is_refused_with_a_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RecordRejected) as refusal:
        mapping.payment_record(payload("payment", **changes), ZONE)
    assert refusal.value.safe_message == reason


def test_a_bill_counts_on_the_day_it_was_paid() -> None:
    assert mapping.bill_record(payload("bill"), ZONE) == BillRecord(
        provider_id="0f7c2a10-0007-4000-a000-000000000001",
        property_ref=LOT,
        amount=Decimal("345.84"),
        occurred_on=date(2025, 11, 28),
        job_ref=JOB,
        tax_amount=Decimal("31.44"),
        description="Repairs: Hot water system not working",
        counterparty="Nguyễn & Sons Plumbing",
        reference="INV-004711",
    )


def test_an_unpaid_bill_counts_on_the_day_it_is_due() -> None:
    record = mapping.bill_record(payload("bill", PaidOn=None, Status="Unpaid", JobTaskId=None, TaxAmount=None), ZONE)
    assert (record.occurred_on, record.job_ref, record.tax_amount) == (date(2025, 12, 2), "", None)


@pytest.mark.parametrize(
    ("status", "is_void"), [("Paid", False), ("Unpaid", False), ("Cancelled", True), ("Void", True)]
)
def test_a_cancelled_bill_is_void(status: str, is_void: bool) -> None:
    assert mapping.bill_record(payload("bill", Status=status), ZONE).is_void is is_void


def test_a_bill_of_the_agency_itself_is_refused() -> None:
    with pytest.raises(RecordRejected) as refusal:
        mapping.bill_record(payload("bill", LotId=None), ZONE)
    assert refusal.value.safe_message == "This bill is not for a property, so there are no books it belongs to."


def test_unknown_fields_change_nothing() -> None:
    row = payload("payment", FutureField={"Nested": [1, None]}, x_experimental=True)
    assert mapping.payment_record(row, ZONE) == mapping.payment_record(payload("payment"), ZONE)
