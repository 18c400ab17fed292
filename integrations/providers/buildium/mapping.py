"""From Buildium's rows to our records: pure functions, one a resource. What each fact rests on is in NOTES.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.errors import RecordRejected, RecordSetAside
from integrations.providers.buildium.values import moment, money, optional_day, optional_money, part, parts, text
from integrations.records import (
    Address,
    ContactRecord,
    JobRecord,
    PropertyRecord,
    TenancyRecord,
)

Row = Mapping[str, Any]
BALANCES = ("TotalBalance", "Balance0To30Days", "Balance31To60Days", "Balance61To90Days", "BalanceOver90Days")
_KIND = {
    "CondoTownhome": "townhouse",
    "MultiFamily": "unit",
    "SingleFamily": "house",
    "Industrial": "commercial",
    "Office": "commercial",
    "Retail": "commercial",
    "ShoppingCenter": "commercial",
    "Storage": "commercial",
    "ParkingSpace": "other",
}
_BEDS = {
    "Studio": 0, "OneBed": 1, "TwoBed": 2, "ThreeBed": 3, "FourBed": 4, "FiveBed": 5, "SixBed": 6, "SevenBed": 7,
    "EightBed": 8, "NineBedPlus": 9,
}  # fmt: skip
# Half a bathroom has no bath: whole ones are counted.
_BATHS = {
    "OneBath": 1, "OnePointFiveBath": 1, "TwoBath": 2, "TwoPointFiveBath": 2, "ThreeBath": 3, "ThreePointFiveBath": 3,
    "FourBath": 4, "FourPointFiveBath": 4, "FiveBath": 5, "FivePlusBath": 5,
}  # fmt: skip
_PERIOD = {
    "Monthly": "monthly", "Weekly": "weekly", "Every2Weeks": "fortnightly", "Quarterly": "quarterly",
    "Yearly": "yearly", "None": "monthly", "": "monthly",
}  # fmt: skip
_STATUS = {"New": "new", "Deferred": "new", "InProgress": "assigned", "Completed": "done", "Closed": "done"}
_PRIORITY = {"Low": "low", "Normal": "normal", "High": "high"}
_COUNTRY = {
    "": "US", "UnitedStates": "US", "Canada": "CA", "PuertoRico": "PR", "Mexico": "MX", "UnitedKingdom": "GB",
    "Australia": "AU", "NewZealand": "NZ",
}  # fmt: skip
# A letter after a blank is a direction (1201 W 6th St) and no part of the number.
_NUMBERED = re.compile(r"(\d+[A-Za-z]?(?:[-/](?:\d+[A-Za-z]?|[A-Za-z]))?(?: 1/2)?)\s+(.+)")


def identity(row: Row) -> str:
    """The record's id. Raises RecordRejected without one, because it could not be followed."""
    found = row.get("Id")
    if found.__class__ is not str or not found:
        raise RecordRejected("Buildium sent this record without an id, so it cannot be followed.")
    return str(found)


def home_of(row: Row, what: str) -> str:
    """The home that the client found for a record. Raises RecordSetAside where it is for none."""
    found = text(row.get("LotId"), 128)
    if not found:
        raise RecordSetAside(f"This {what} is not for a rental, so there are no books it belongs to.")
    return found


def property_record(row: Row) -> PropertyRecord:
    """A unit, or the whole of a building that has several."""
    rental = part(row, "Rental")
    own = part(row, "Address")
    parts_of = own if text(own.get("AddressLine1")) else part(rental, "Address")
    is_building = "NumberUnits" in row
    kind = _KIND.get(text(rental.get("RentalSubType")), "other")
    # Buildium gives a house one unit, which is no part of its address.
    unit = "" if is_building or kind == "house" else text(row.get("UnitNumber"), 40)
    address = _address(parts_of, unit)
    if not address.text:
        raise RecordRejected("Buildium sent this property without an address.")
    manager = part(rental, "RentalManager")
    owner = part(row, "Owner")
    return PropertyRecord(
        provider_id=identity(row),
        address=address,
        kind="building" if is_building and kind in ("unit", "townhouse", "house", "other") else kind,
        bedrooms=_BEDS.get(text(row.get("UnitBedrooms"))),
        bathrooms=_BATHS.get(text(row.get("UnitBathrooms"))),
        rent_amount=optional_money(row.get("MarketRent") or None, "market rent"),
        rent_period="monthly",
        owner_ref=f"owner~{owner['Id']}" if owner.get("Id") else "",
        owner_name=name_of(owner),
        tenant_name=text(row.get("TenantName"), 200),
        manager_name=name_of(manager),
        is_archived=rental.get("IsActive") is False,
    )


def _address(row: Row, unit: str) -> Address:
    lines = [text(row.get(f"AddressLine{number}"), 200) for number in (1, 2, 3)]
    city, state, code = text(row.get("City"), 120), text(row.get("State"), 40), text(row.get("PostalCode"), 12)
    found = _NUMBERED.fullmatch(lines[0])
    # A house is listed with a unit that repeats its street; that is no unit number.
    unit = "" if unit and unit.lower() == lines[0].lower() else unit
    named = f"Unit {unit}" if unit and unit[:1].isdigit() else unit
    rest = [line for line in lines[1:] if line and unit.lower() not in line.lower()] if unit else lines[1:]
    place = " ".join(word for word in (state, code) if word)
    written = ", ".join(word for word in (lines[0], named, *rest, city, place) if word)
    return Address(
        text=written[:400] if lines[0] or city else "",
        unit=unit,
        number=found[1].strip() if found else "",
        street=(found[2] if found else lines[0])[:200],
        suburb=city,
        state=state,
        postcode=code,
        country=_COUNTRY.get(text(row.get("Country")), ""),
    )


def contact_record(row: Row) -> ContactRecord:
    """A tenant, owner or vendor. Raises RecordRejected when it has no name at all."""
    name = name_of(row)
    if not name:
        raise RecordRejected("Buildium sent this contact without a name.")
    kind = row.get("Kind")
    emails = (row.get("Email"), row.get("PrimaryEmail"), row.get("AlternateEmail"))
    return ContactRecord(
        provider_id=identity(row),
        name=name,
        email=next((text(value, 254) for value in emails if text(value)), ""),
        phone=_phone(row),
        is_tenant=kind == "tenant",
        is_owner=kind == "owner",
        is_supplier=kind == "vendor",
    )


def name_of(row: Row) -> str:
    """The name of a person or a company."""
    person = f"{text(row.get('FirstName'))} {text(row.get('LastName'))}".strip()
    company = text(row.get("CompanyName"), 200)
    return (company or person)[:200] if row.get("IsCompany") is True else (person or company)[:200]


def _phone(row: Row) -> str:
    numbers = [(text(item.get("Type")), text(item.get("Number"), 40)) for item in parts(row, "PhoneNumbers")]
    numbers = [(kind, number) for kind, number in numbers if number and kind != "Fax"]
    # A mobile number reaches a person best.
    return next((number for kind, number in numbers if kind == "Cell"), numbers[0][1] if numbers else "")


def tenancy_record(row: Row) -> TenancyRecord:
    """A lease. `Balance` and `Rent` are what the client joined to it; a lease without a balance owes nothing."""
    home = text(row.get("LotId"), 128)
    if not home:
        raise RecordRejected("Buildium sent this lease without a unit.")
    details, balance, rent = part(row, "AccountDetails"), part(row, "Balance"), part(row, "Rent")
    cycle = text(rent.get("RentCycle"))
    known = _PERIOD.get(cycle)
    # A cycle that we have no word for would make a wrong rent of a right amount: the lease's own rent is monthly.
    amount = rent.get("TotalAmount") if rent and known else details.get("Rent")
    tenants = parts(row, "CurrentTenants")
    first = tenants[0] if tenants else {}
    out = [optional_day(item.get("MoveOutDate"), "day of moving out") for item in parts(row, "MoveOutData")]
    everybody = {item.get("Id") for item in parts(row, "Tenants") if item.get("Status") != "MovedOut"}
    leaving = {item.get("TenantId") for item in parts(row, "MoveOutData")}
    is_closed = row.get("LeaseStatus") == "Past"
    names = [name_of(item) for item in tenants]
    return TenancyRecord(
        provider_id=identity(row),
        property_ref=home,
        name=(", ".join(name for name in names if name) or f"Lease {identity(row)}")[:200],
        rent_amount=money(amount if amount is not None else 0, "rent"),
        rent_period=known or "monthly",
        contact_ref=f"tenant~{first['Id']}" if first.get("Id") else "",
        email=text(first.get("Email"), 254),
        phone=_phone(first),
        starts_on=optional_day(row.get("LeaseFromDate"), "start"),
        ends_on=optional_day(row.get("LeaseToDate"), "end"),
        # The home is free when the last of them leaves; while somebody stays it is not.
        vacates_on=max((gone for gone in out if gone), default=None) if is_closed or everybody <= leaving else None,
        is_periodic=row.get("LeaseType") == "AtWill" or row.get("TermType") == "MonthToMonth",
        is_closed=is_closed,
        bond_amount=optional_money(details.get("SecurityDeposit"), "security deposit"),
        arrears_amount=max(money(balance.get("TotalBalance") or 0, "balance"), Decimal(0)),
        arrears_days=_days_owed(balance),
    )


def _days_owed(balance: Row) -> int:
    """The least number of days that the oldest part of a balance can be old."""
    buckets = (("BalanceOver90Days", 91), ("Balance61To90Days", 61), ("Balance31To60Days", 31), ("Balance0To30Days", 1))
    return next((days for name, days in buckets if money(balance.get(name) or 0, "balance") > 0), 0)


def job_record(row: Row) -> JobRecord:
    """A work order, with what its task adds."""
    task, whole = part(row, "Task"), part(row, "WholeTask")
    own = text(row.get("Status"))
    status = own if own in _STATUS else text(task.get("Status"))
    if status not in _STATUS:
        raise RecordRejected(f"The work order's status {(own or status)!r:.40} is not one that is known.")
    home = home_of(row, "work order")
    amount = money(row.get("Amount") or 0)
    closed = moment(whole.get("LastUpdatedDateTime")) if _STATUS[status] == "done" else None
    return JobRecord(
        provider_id=identity(row),
        property_ref=home,
        title=text(row.get("Title")) or text(task.get("Title")) or "Maintenance",
        status=_STATUS[status],
        number=identity(row)[:40],
        description=(text(row.get("WorkDetails"), 10_000) or text(whole.get("Description"), 10_000)),
        priority=_PRIORITY.get(text(row.get("Priority"))) or _PRIORITY.get(text(task.get("Priority")), "none"),
        supplier_name=text(row.get("VendorName"), 200),
        quoted_amount=amount if amount > 0 else None,
        opened_at=moment(whole.get("CreatedDateTime")),
        due_on=optional_day(row.get("DueDate") or task.get("DueDate"), "due date"),
        closed_at=closed,
    )
