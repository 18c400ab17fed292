"""Rows as Buildium sends them (the client's additions included) become records, or are refused with a sentence."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import RecordRejected, RecordSetAside
from integrations.providers.buildium import mapping, money
from integrations.records import Address

OAK = {
    "AddressLine1": "18 Oak St", "AddressLine2": "Unit 4", "AddressLine3": None, "City": "Austin", "State": "TX",
    "PostalCode": "78704", "Country": "UnitedStates",
}  # fmt: skip
RENTAL = {
    "Id": 7, "Name": "Oak Apartments", "IsActive": True, "RentalSubType": "MultiFamily", "Address": OAK,
    "RentalManager": {"FirstName": "Dana", "LastName": "Whitfield", "IsCompany": False},
}  # fmt: skip
UNIT = {
    "Id": "41", "LotId": "41", "PropertyId": 7, "UnitNumber": "4", "MarketRent": 1500.5, "Address": OAK,
    "UnitBedrooms": "TwoBed", "UnitBathrooms": "OnePointFiveBath", "Rental": RENTAL,
    "Owner": {"Id": 3, "IsCompany": True, "CompanyName": "Oak LLC", "FirstName": "A", "LastName": "B"},
}  # fmt: skip
RENT = {"Id": 1, "Name": "Rent Income", "DefaultAccountName": "Rent Income", "Type": "Income"}
DEPOSIT = {"Id": 2, "Name": "Security Deposit Liability", "Type": "Liability"}
PREPAID = {"Id": 3, "Name": "Prepayments", "Type": "Liability"}
BANK = {"Id": 4, "Name": "Undeposited Funds", "Type": "Asset"}


def payment(kind: str = "Payment", *lines: tuple[dict[str, Any], Any], **more: Any) -> dict[str, Any]:
    return {
        "Id": "900", "LotId": "41", "LeaseId": 12, "Date": "2026-03-02", "TransactionTypeEnum": kind,
        "TotalAmount": 1500.0, "CheckNumber": "77", "TenantName": "Jordan Walker",
        "Journal": {"Memo": "March", "Lines": [{"GLAccount": account, "Amount": amount} for account, amount in lines]},
        **more,
    }  # fmt: skip


def test_a_unit_is_a_property() -> None:
    found = mapping.property_record(UNIT)
    assert found.address == Address(
        text="18 Oak St, Unit 4, Austin, TX 78704", unit="4", number="18", street="Oak St", suburb="Austin",
        state="TX", postcode="78704", country="US",
    )  # fmt: skip
    assert (found.provider_id, found.kind, found.bedrooms, found.bathrooms) == ("41", "unit", 2, 1)
    assert (found.rent_amount, found.rent_period) == (Decimal("1500.50"), "monthly")
    assert (found.owner_ref, found.owner_name, found.manager_name) == ("owner~3", "Oak LLC", "Dana Whitfield")
    assert not found.is_archived


def test_a_house_has_no_unit_number() -> None:
    row = UNIT | {"UnitNumber": "1", "Address": OAK | {"AddressLine2": None}, "TenantName": "Mei Chen"}
    found = mapping.property_record(row | {"Rental": RENTAL | {"RentalSubType": "SingleFamily"}})
    assert (found.address.text, found.address.unit) == ("18 Oak St, Austin, TX 78704", "")
    assert (found.kind, found.tenant_name) == ("house", "Mei Chen")


def test_a_building_of_several_units_is_one_more() -> None:
    row = {"Id": "rental~7", "PropertyId": 7, "NumberUnits": 3, "Rental": RENTAL | {"IsActive": False}}
    found = mapping.property_record(row)
    assert (found.provider_id, found.kind, found.address.unit, found.is_archived) == ("rental~7", "building", "", True)
    assert found.bedrooms is None


@pytest.mark.parametrize(
    ("line", "number", "street"),
    [
        ("18 Oak St", "18", "Oak St"),
        ("1201 W 6th St", "1201", "W 6th St"),
        ("1201-B W 6th St", "1201-B", "W 6th St"),
        ("12 1/2 Main St", "12 1/2", "Main St"),
        ("100-104 Congress Ave", "100-104", "Congress Ave"),
        ("One Shoreline Plaza", "", "One Shoreline Plaza"),
    ],
)
def test_house_numbers(line: str, number: str, street: str) -> None:
    found = mapping.property_record(UNIT | {"Address": OAK | {"AddressLine1": line}}).address
    assert (found.number, found.street) == (number, street)


def test_a_unit_without_an_address_of_its_own_has_the_rentals() -> None:
    assert mapping.property_record(UNIT | {"Address": None}).address.number == "18"
    with pytest.raises(RecordRejected, match="without an address"):
        mapping.property_record(UNIT | {"Address": None, "Rental": {"Address": {}}})


def test_people_and_companies() -> None:
    phones = [{"Number": "1", "Type": "Fax"}, {"Number": "2", "Type": "Home"}, {"Number": "3", "Type": "Cell"}]
    tenant = {"Id": "tenant~5", "Kind": "tenant", "FirstName": "Zoë", "LastName": "García", "Email": "z@mail.example",
              "PhoneNumbers": phones}  # fmt: skip
    found = mapping.contact_record(tenant)
    assert (found.name, found.email, found.phone) == ("Zoë García", "z@mail.example", "3")
    assert (found.is_tenant, found.is_owner, found.is_supplier) == (True, False, False)
    vendor = {"Id": "vendor~5", "Kind": "vendor", "IsCompany": True, "CompanyName": "Pipes Inc", "FirstName": None,
              "PrimaryEmail": "p@pipes.example", "PhoneNumbers": phones[:2]}  # fmt: skip
    found = mapping.contact_record(vendor)
    assert (found.name, found.email, found.phone, found.is_supplier) == ("Pipes Inc", "p@pipes.example", "2", True)
    with pytest.raises(RecordRejected, match="without a name"):
        mapping.contact_record({"Id": "owner~1", "Kind": "owner"})


def lease(**more: Any) -> dict[str, Any]:
    return {
        "Id": "12", "LotId": "41", "LeaseFromDate": "2026-01-01", "LeaseToDate": "2026-12-31", "LeaseType": "Fixed",
        "LeaseStatus": "Active", "TermType": "Standard", "AccountDetails": {"Rent": 1450.0, "SecurityDeposit": 900.0},
        "CurrentTenants": [
            {"Id": 5, "FirstName": "Jordan", "LastName": "Walker", "Email": "j@mail.example", "PhoneNumbers": []},
            {"Id": 6, "FirstName": "Mei", "LastName": "Chen"},
        ],
        "Tenants": [{"Id": 5, "Status": "Current"}, {"Id": 6, "Status": "Current"}, {"Id": 4, "Status": "MovedOut"}],
        "MoveOutData": [], **more,
    }  # fmt: skip


def test_a_lease() -> None:
    found = mapping.tenancy_record(
        lease(
            Balance={"TotalBalance": 1600.25, "Balance0To30Days": 1500, "Balance31To60Days": 100.25},
            Rent={"TotalAmount": 1500.0, "RentCycle": "Monthly"},
        )
    )
    assert (found.name, found.contact_ref, found.email) == ("Jordan Walker, Mei Chen", "tenant~5", "j@mail.example")
    assert (found.rent_amount, found.rent_period) == (Decimal("1500.00"), "monthly")
    assert (found.starts_on, found.ends_on, found.vacates_on) == (date(2026, 1, 1), date(2026, 12, 31), None)
    assert (found.bond_amount, found.arrears_amount, found.arrears_days) == (Decimal("900.00"), Decimal("1600.25"), 31)
    assert (found.is_closed, found.is_periodic) == (False, False)


@pytest.mark.parametrize(
    ("cycle", "amount", "period"),
    [
        ("Weekly", "300.00", "weekly"),
        ("Every2Weeks", "300.00", "fortnightly"),
        ("Quarterly", "300.00", "quarterly"),
        ("Yearly", "300.00", "yearly"),
        # No words of ours for it: the lease's own rent stands.
        ("Every2Months", "1450.00", "monthly"),
    ],
)
def test_rent_cycles(cycle: str, amount: str, period: str) -> None:
    found = mapping.tenancy_record(lease(Rent={"TotalAmount": 300.0, "RentCycle": cycle}))
    assert (str(found.rent_amount), found.rent_period) == (amount, period)


def test_a_home_is_free_when_the_last_tenant_leaves() -> None:
    first, last = {"TenantId": 5, "MoveOutDate": "2026-05-01"}, {"TenantId": 6, "MoveOutDate": "2026-06-15"}
    assert mapping.tenancy_record(lease(MoveOutData=[first])).vacates_on is None
    assert mapping.tenancy_record(lease(MoveOutData=[first, last])).vacates_on == date(2026, 6, 15)
    past = mapping.tenancy_record(lease(LeaseStatus="Past", MoveOutData=[first], CurrentTenants=[]))
    assert (past.is_closed, past.vacates_on, past.name) == (True, date(2026, 5, 1), "Lease 12")
    assert mapping.tenancy_record(lease(LeaseType="AtWill")).is_periodic


def test_a_lease_that_owes_nothing_or_has_a_credit() -> None:
    assert mapping.tenancy_record(lease()).arrears_amount == 0
    found = mapping.tenancy_record(lease(Balance={"TotalBalance": -50.0}))
    assert (found.arrears_amount, found.arrears_days) == (0, 0)


def order(**more: Any) -> dict[str, Any]:
    return {
        "Id": "60", "LotId": "41", "Title": "Sink", "Status": "InProgress", "Priority": "High", "Amount": 120.5,
        "WorkDetails": None, "DueDate": "2026-04-01", "VendorName": "Pipes Inc", "Task": {"Id": 8, "Status": "New"},
        "WholeTask": {"Description": "It leaks", "CreatedDateTime": "2026-03-01T10:00:00Z",
                      "LastUpdatedDateTime": "2026-03-09T10:00:00Z"},
        **more,
    }  # fmt: skip


def test_a_work_order() -> None:
    found = mapping.job_record(order())
    assert (found.title, found.status, found.priority, found.supplier_name) == ("Sink", "assigned", "high", "Pipes Inc")
    assert (found.quoted_amount, found.description) == (Decimal("120.50"), "It leaks")
    assert (found.opened_at, found.closed_at) == (datetime(2026, 3, 1, 10, tzinfo=UTC), None)
    done = mapping.job_record(order(Status="Completed", Amount=0))
    assert (done.status, done.closed_at, done.quoted_amount) == ("done", datetime(2026, 3, 9, 10, tzinfo=UTC), None)
    # What the order itself does not know, its task does.
    assert mapping.job_record(order(Status="Unknown")).status == "new"
    with pytest.raises(RecordRejected, match="'Sleeping' is not one that is known"):
        mapping.job_record(order(Status="Sleeping", Task={}))
    with pytest.raises(RecordSetAside, match="not for a rental"):
        mapping.job_record(order(LotId=""))


@pytest.mark.parametrize(
    ("kind", "amount", "words"),
    [
        ("Payment", "1500.00", "Rent: March"),
        ("UnreversedPayment", "1500.00", "Rent, payment restored: March"),
        ("ApplyDeposit", "1500.00", "Rent, from the deposit: March"),
        ("ReversePayment", "-1500.00", "Rent, payment reversed: March"),
        ("Refund", "-1500.00", "Rent refunded: March"),
        ("ReversedEftRefund", "1500.00", "Rent, refund returned: March"),
    ],
)
def test_money_of_rent_and_its_direction(kind: str, amount: str, words: str) -> None:
    for total in (1500.0, -1500.0):
        found = money.payment_record(payment(kind, (RENT, total), TotalAmount=total))
        assert (str(found.amount), found.description) == (amount, words)
    assert (found.tenancy_ref, found.property_ref, found.counterparty, found.reference) == (
        "12", "41", "Jordan Walker", "77",
    )  # fmt: skip
    assert not found.is_void


@pytest.mark.parametrize(
    ("lines", "amount"),
    [
        ([(RENT, 1400.0), (DEPOSIT, 100.0)], "1400.00"),
        ([(RENT, 1400.0), (PREPAID, 100.0)], "1500.00"),
        # The other side of the same money is not counted twice.
        ([(RENT, 1500.0), (BANK, 1500.0)], "1500.00"),
        ([(RENT, 1600.0), (RENT, -100.0)], "1500.00"),
        ([(BANK, 1500.0)], "1500.00"),
        ([], "1500.00"),
    ],
)
def test_what_of_a_payment_is_rent(lines: list[tuple[dict[str, Any], Any]], amount: str) -> None:
    assert str(money.payment_record(payment("Payment", *lines)).amount) == amount


def test_what_is_set_aside() -> None:
    with pytest.raises(RecordSetAside, match="All of this is a deposit"):
        money.payment_record(payment("Payment", (DEPOSIT, 1500.0)))
    for kind in ("Charge", "Credit", "Bill", "Deposit", "GeneralJournalEntry", "VendorCredit", ""):
        with pytest.raises(RecordSetAside, match="not money received as rent"):
            money.payment_record(payment(kind, (RENT, 1500.0)))


def bill(**more: Any) -> dict[str, Any]:
    lines = [{"Amount": 100.1, "Memo": "Parts", "GLAccount": {"Name": "Repairs"}}, {"Amount": 0.2, "Memo": "Parts"}]
    return {
        "Id": "70~41", "BillId": 70, "LotId": "41", "Date": "2026-03-01", "DueDate": "2026-03-15", "PaidDate": None,
        "Memo": None, "WorkOrderId": 60, "ReferenceNumber": "INV-1", "ApprovalStatus": "Approved",
        "VendorName": "Pipes Inc", "Lines": lines, **more,
    }  # fmt: skip


def test_a_bill() -> None:
    found = money.bill_record(bill())
    assert (found.amount, found.occurred_on, found.job_ref) == (Decimal("100.30"), date(2026, 3, 15), "60")
    assert (found.description, found.counterparty, found.reference) == ("Parts", "Pipes Inc", "INV-1")
    paid = money.bill_record(bill(PaidDate="2026-03-20", Memo="Sink", ApprovalStatus="Rejected"))
    assert (paid.occurred_on, paid.description, paid.is_void) == (date(2026, 3, 20), "Sink", True)
    with pytest.raises(RecordSetAside, match="not for a rental"):
        money.bill_record(bill(LotId=""))
    with pytest.raises(RecordRejected, match="without any lines"):
        money.bill_record(bill(Lines=[]))
