"""From PropertyMe's rows to our records: pure functions, one a resource.

payment_record and bill_record run once for each new or changed ledger row, a hundred thousand times in a first sync, so
they do no more than they must.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from integrations.errors import RecordRejected, RecordSetAside
from integrations.providers.propertyme.values import (
    count,
    day,
    moment,
    money,
    optional_day,
    optional_money,
    period,
    text,
)
from integrations.records import (
    Address,
    BillRecord,
    ContactRecord,
    JobRecord,
    PaymentRecord,
    PropertyRecord,
    TenancyRecord,
)

Row = Mapping[str, Any]

RENT_TYPES = frozenset({"Rent", "RentReceipt", "Rent Receipt", "RentPayment", "Rent Payment"})
_VOID_BILLS = frozenset({"Cancelled", "Canceled", "Void", "Voided", "Deleted", "Rejected"})
_JOB_STATUS = {
    "pending": "new",
    "reported": "new",
    "quoted": "quoted",
    "approved": "approved",
    "assigned": "assigned",
    "finished": "done",
    "closed": "done",
    "completed": "done",
    "rejected": "cancelled",
    "cancelled": "cancelled",
}
_PRIORITY = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
_KIND = {
    "house": "house",
    "duplex": "house",
    "villa": "house",
    "terrace": "townhouse",
    "townhouse": "townhouse",
    "unit": "unit",
    "apartment": "unit",
    "flat": "unit",
    "studio": "unit",
    "block of units": "building",
}
_COUNTRY = {"": "AU", "australia": "AU", "au": "AU", "new zealand": "NZ", "nz": "NZ"}


def identity(row: Row) -> str:
    """The record's id. Raises RecordRejected without one, because it could not be followed."""
    found = row.get("Id")
    if not found:
        raise RecordRejected("PropertyMe sent this record without an id, so it cannot be followed.")
    return str(found)


def payment_record(row: Row, zone: str) -> PaymentRecord:
    """A receipt of rent. Other types are set aside: a bond, for one, is held for the tenant and is no income."""
    kind = row.get("Type")
    if kind not in RENT_TYPES and not row.get("Derived"):
        raise RecordSetAside(f"This is a {text(kind, 60) or 'receipt without a type'}, not rent; only rent is income.")
    lot = row.get("LotId")
    if not lot:
        raise RecordRejected("PropertyMe sent this receipt without a property.")
    return PaymentRecord(
        identity(row),
        str(lot),
        str(row.get("TenancyId") or ""),
        money(row.get("Amount")),
        day(row.get("TransactionDate"), zone),
        _paid_for(row.get("PaidFrom"), row.get("PaidTo"), zone),
        text(row.get("TenantName"), 200),
        text(row.get("Reference"), 120),
        row.get("IsVoid") is True,
        row.get("Derived") is True,
        row.get("Baseline") is True,
    )


def bill_record(row: Row, zone: str) -> BillRecord:
    """A bill, GST included. It counts on the day it was paid, until then on the day it is due."""
    lot = row.get("LotId")
    if not lot:
        raise RecordRejected("This bill is not for a property, so there are no books it belongs to.")
    paid = optional_day(row.get("PaidOn"), zone, "day of payment")
    return BillRecord(
        identity(row),
        str(lot),
        money(row.get("Amount")),
        paid or day(row.get("DueDate"), zone, "due date"),
        str(row.get("JobTaskId") or ""),
        optional_money(row.get("TaxAmount"), "GST"),
        text(row.get("Detail")),
        text(row.get("SupplierReference"), 200),
        text(row.get("Reference"), 120),
        row.get("Status") in _VOID_BILLS,
        row.get("Derived") is True,
    )


@lru_cache(maxsize=8192)
def _paid_for(start: str | None, end: str | None, zone: str) -> str:
    # The words are a help and never a reason to refuse a receipt.
    try:
        first, last = optional_day(start, zone), optional_day(end, zone)
    except RecordRejected:
        return "Rent"
    if first is None or last is None:
        return "Rent"
    return f"Rent {first.day} {first:%b %Y} to {last.day} {last:%b %Y}"


def property_record(row: Row) -> PropertyRecord:
    """A lot. `IsArchived` is set by the client for rows of the archived list."""
    parts = row.get("Address")
    parts = parts if isinstance(parts, dict) else {}
    written = text(row.get("AddressText") or parts.get("Text") or row.get("Reference"), 400)
    if not written:
        raise RecordRejected("PropertyMe sent this property without an address.")
    kind = text(row.get("PropertySubtype")).lower()
    is_business = text(row.get("PrimaryType")).lower() in ("commercial", "rural")
    return PropertyRecord(
        provider_id=identity(row),
        address=Address(
            text=written,
            unit=text(parts.get("Unit"), 40),
            number=text(parts.get("Number"), 40),
            street=text(parts.get("Street"), 200),
            suburb=text(parts.get("Suburb") or parts.get("Locality"), 120),
            state=text(parts.get("State"), 40),
            postcode=text(parts.get("PostalCode"), 12),
            country=_COUNTRY.get(text(parts.get("Country")).lower(), "AU"),
            latitude=_degrees(parts.get("Latitude") or row.get("Latitude"), 90),
            longitude=_degrees(parts.get("Longitude") or row.get("Longitude"), 180),
        ),
        kind="commercial" if is_business else _KIND.get(kind, "other" if kind else "house"),
        bedrooms=count(row.get("Bedrooms")),
        bathrooms=count(row.get("Bathrooms")),
        car_spaces=count(row.get("CarSpaces")),
        # A vacant lot carries 0, which is no rent.
        rent_amount=optional_money(row.get("RentAmount") or None, "rent"),
        rent_period=period(row.get("RentPeriod")),
        owner_ref=text(row.get("OwnerContactId"), 128),
        owner_name=text(row.get("OwnerContactReference"), 200),
        tenant_name=text(row.get("TenantContactReference"), 200),
        manager_name=text(row.get("ManagerName"), 200),
        is_archived=row.get("IsArchived") is True,
    )


def _degrees(value: Any, most: int) -> Decimal | None:
    # 0 stands for "not placed": the field is not nullable at PropertyMe, and 0° lies in the ocean.
    if value.__class__ not in (int, float) or value == 0 or not -most <= value <= most:
        return None
    return Decimal(repr(value)).quantize(Decimal("0.000001"))


def contact_record(row: Row) -> ContactRecord:
    """A person or company. Raises RecordRejected when it has no name at all."""
    main = row.get("PrimaryContactPerson")
    main = main if isinstance(main, dict) else {}
    names = (row.get("NameText"), row.get("Reference"), row.get("PrimaryPerson"), main.get("FullName"))
    name = next((text(value, 200) for value in names if text(value)), "")
    if not name:
        raise RecordRejected("PropertyMe sent this contact without a name.")
    phones = (row.get("CellPhone"), row.get("Phone"), row.get("HomePhone"), row.get("WorkPhone"), main.get("CellPhone"))
    roles = row.get("Roles")
    roles = {str(role) for role in roles} if isinstance(roles, list) else set()
    return ContactRecord(
        provider_id=identity(row),
        name=name,
        email=text(row.get("Email") or main.get("Email"), 254),
        phone=next((text(value, 40) for value in phones if text(value)), ""),
        is_tenant=row.get("IsTenant") is True or "Tenant" in roles,
        is_owner=row.get("IsOwner") is True or "Owner" in roles,
        is_supplier=row.get("IsSupplier") is True or "Supplier" in roles,
    )


def tenancy_record(row: Row, zone: str) -> TenancyRecord:
    """A lease; what is owed and the bond received come from the `Balance` that the client joined to it."""
    lot = text(row.get("LotId"), 128)
    if not lot:
        raise RecordRejected("PropertyMe sent this lease without a property.")
    balance = row.get("Balance")
    balance = balance if isinstance(balance, dict) else {}
    phones = (row.get("ContactCellPhone"), row.get("ContactPhone"), row.get("ContactHomePhone"))
    arrears = money(balance.get("RentArrears") or 0, "rent owed")
    bond = balance.get("BondReceipted")
    return TenancyRecord(
        provider_id=identity(row),
        property_ref=lot,
        name=text(row.get("Name") or row.get("ContactReference"), 200),
        rent_amount=money(row.get("RentAmount"), "rent"),
        rent_period=period(row.get("RentPeriod")),
        contact_ref=text(row.get("ContactId"), 128),
        email=text(row.get("ContactEmail"), 254),
        phone=next((text(value, 40) for value in phones if text(value)), ""),
        starts_on=optional_day(row.get("TenancyStart") or row.get("AgreementStart"), zone, "start"),
        ends_on=optional_day(row.get("AgreementEnd"), zone, "end of the agreement"),
        vacates_on=optional_day(row.get("Termination") or row.get("TenancyEnd"), zone, "day of moving out"),
        is_periodic=row.get("Periodic") is True,
        is_closed=row.get("IsClosed") is True,
        bond_amount=optional_money(row.get("BondAmount"), "bond"),
        bond_held=optional_money(row.get("BondInTrust") if bond is None else bond, "bond held"),
        paid_to=optional_day(row.get("EffectivePaidTo") or row.get("PaidTo"), zone, "day paid to"),
        arrears_amount=max(arrears, Decimal(0)),
        arrears_days=count(balance.get("DaysInArrears")) or 0,
    )


def job_record(row: Row, zone: str) -> JobRecord:
    """A maintenance job; its quoted amount comes from the accepted `Quotation` that the client added."""
    lot = text(row.get("LotId"), 128)
    if not lot:
        raise RecordRejected("PropertyMe sent this job without a property.")
    status = _JOB_STATUS.get(text(row.get("Status")).lower())
    if status is None:
        raise RecordRejected(f"The job's status {text(row.get('Status'), 40)!r} is not one that is known.")
    quote = row.get("Quotation")
    quote = quote if isinstance(quote, dict) else {}
    return JobRecord(
        provider_id=identity(row),
        property_ref=lot,
        title=text(row.get("Summary")) or "Maintenance",
        status=status,
        number=text(row.get("DisplayNumber") or row.get("Number"), 40),
        description=text(row.get("Description"), 10_000),
        priority=_PRIORITY.get(text(row.get("Priority")).lower(), "none"),
        supplier_name=text(row.get("SupplierReference"), 200),
        quoted_amount=optional_money(quote.get("Amount"), "quoted amount"),
        opened_at=moment(row.get("CreatedOn")),
        due_on=optional_day(row.get("DueDate"), zone, "due date"),
        closed_at=moment(row.get("ClosedOn")),
    )
