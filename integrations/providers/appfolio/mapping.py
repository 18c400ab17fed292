"""From AppFolio's rows to our records: pure functions, one a resource. Facts are in NOTES.md."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.errors import RecordRejected, RecordSetAside
from integrations.providers.appfolio.directory import party_name
from integrations.providers.appfolio.values import (
    count,
    day,
    moment,
    money,
    optional_day,
    optional_money,
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

_JOB_STATUS = {
    "new": "new",
    "estimate requested": "new",
    "estimated": "quoted",
    "assigned": "assigned",
    "scheduled": "assigned",
    "waiting": "assigned",
    "work completed": "done",
    "completed": "done",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
_PRIORITY = {"low": "low", "normal": "normal", "urgent": "urgent"}
_REFUSED_BILLS = frozenset({"rejected", "denied", "void", "voided", "canceled", "cancelled"})
_KIND = (
    ("single", "house"),
    ("town", "townhouse"),
    ("condo", "unit"),
    ("apartment", "unit"),
    ("multi", "unit"),
    ("plex", "unit"),
    ("commercial", "commercial"),
    ("office", "commercial"),
    ("retail", "commercial"),
    ("industrial", "commercial"),
)
GONE = "past"


def identity(row: Row) -> str:
    """The record's id. Raises RecordRejected without one, because it could not be followed."""
    found = row.get("Id")
    if not found:
        raise RecordRejected("AppFolio sent this record without an id, so it cannot be followed.")
    return str(found)


def property_record(row: Row) -> PropertyRecord:
    """A unit with its `Property` beside it, or a property with its number of `Units`."""
    owner = row.get("Property")
    place: Row = owner if isinstance(owner, dict) else {}
    is_building = "Units" in row
    parts = [text(row.get(name) or place.get(name), 200) for name in ("Address1", "City", "State", "Zip")]
    street, city, state, postcode = parts
    if not street:
        raise RecordRejected("AppFolio sent this property without an address.")
    label = "" if is_building else _unit_label(row, place)
    kind = text(place.get("PropertyType") or row.get("PropertyType")).lower()
    number, _, rest = street.partition(" ")
    is_numbered = number[:1].isdigit() and bool(rest)
    line = f"{street} #{label}" if label else street
    return PropertyRecord(
        provider_id=identity(row),
        address=Address(
            text=", ".join(part for part in (line, city, f"{state} {postcode}".strip()) if part)[:400],
            unit=label[:40],
            number=number[:40] if is_numbered else "",
            street=rest.strip() if is_numbered else street,
            suburb=city[:120],
            state=state[:40],
            postcode=postcode[:12],
            country="US",
        ),
        kind="building"
        if is_building and row["Units"]
        else next((ours for part, ours in _KIND if part in kind), "other"),
        bedrooms=count(row.get("Bedrooms")),
        bathrooms=count(row.get("Bathrooms")),
        rent_amount=optional_money(row.get("ListedRent") or row.get("MarketRent"), "rent"),
        rent_period="monthly",
        tenant_name=text(row.get("TenantName"), 200),
        is_archived=bool(row.get("HiddenAt") or place.get("HiddenAt")),
    )


def _unit_label(unit: Row, place: Row) -> str:
    # The unit of a house carries the name or the address of its property, which is no label of a flat.
    name = text(unit.get("Name"), 40)
    same = {text(value).lower() for value in (place.get("Name"), place.get("Address1"), unit.get("Address1"))}
    return "" if name.lower() in same else name


def contact_record(row: Row) -> ContactRecord:
    """A tenant, owner or vendor; the client says in `Role` which list it comes from."""
    name = party_name(dict(row))
    if not name:
        raise RecordRejected("AppFolio sent this contact without a name.")
    role = row.get("Role")
    return ContactRecord(
        provider_id=identity(row),
        name=name[:200],
        email=_first(row, "Email", "Emails")[:254],
        phone=_first(row, "PhoneNumber", "PhoneNumbers")[:40],
        is_tenant=role == "tenant",
        is_owner=role == "owner",
        is_supplier=role == "vendor",
    )


def _first(row: Row, single: str, several: str) -> str:
    """A text, or the first of several: AppFolio gives some people one address and others a list."""
    found = row.get(single) or row.get(several)
    if isinstance(found, list):
        found = next(iter(found), "")
    if isinstance(found, dict):
        found = found.get("Address") or found.get("Email") or found.get("Number") or ""
    return text(found).split(",")[0].strip()


def tenancy_record(row: Row, zone: str) -> TenancyRecord:
    """An occupancy: its `Tenants` and `Leases` in one. What is owed comes from the `Balance` that the client added."""
    lot = text(row.get("LotId"), 128)
    if not lot:
        raise RecordRejected("AppFolio sent this tenancy without a unit.")
    tenants = [item for item in _rows(row, "Tenants") if not item.get("HiddenAt")] or _rows(row, "Tenants")
    if not tenants:
        raise RecordRejected("AppFolio sent this tenancy without a tenant.")
    living = [item for item in tenants if text(item.get("Status")).lower() != GONE and not item.get("HiddenAt")]
    people = living or tenants
    main = next((item for item in people if item.get("PrimaryTenant") is True), people[0])
    leases = sorted(_rows(row, "Leases"), key=lambda item: (text(item.get("StartOn")), text(item.get("Id"))))
    rent = next((item["CurrentRent"] for item in (main, *people, *tenants) if item.get("CurrentRent")), None)
    starts = [_day_of(item, zone, "MoveInOn", "LeaseStartDate") for item in tenants]
    starts += [_day_of(item, zone, "StartOn") for item in leases]
    balance = row.get("Balance")
    balance = balance if isinstance(balance, dict) else {}
    return TenancyRecord(
        provider_id=identity(row),
        property_ref=lot,
        name=_names([main, *(item for item in people if item is not main)]),
        rent_amount=money(rent, "rent"),
        rent_period="monthly",
        contact_ref=text(main.get("Id"), 128),
        email=_first(main, "Email", "Emails")[:254],
        phone=_first(main, "PhoneNumber", "PhoneNumbers")[:40],
        starts_on=min((found for found in starts if found), default=None),
        ends_on=_day_of(leases[-1], zone, "EndOn") if leases else _day_of(main, zone, "LeaseEndDate"),
        vacates_on=_vacates(people, zone),
        is_periodic=leases[-1].get("IsMtm") is True if leases else main.get("IsMonthlyLease") is True,
        is_closed=not living,
        arrears_amount=max(money(balance.get("Outstanding") or "0", "rent owed"), Decimal(0)),
        arrears_days=count(balance.get("Days")) or 0,
    )


def _rows(row: Row, name: str) -> list[Row]:
    found = row.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _day_of(row: Row, zone: str, *names: str) -> date | None:
    return next((optional_day(row[name], zone, "day of the lease") for name in names if row.get(name)), None)


def _vacates(people: list[Row], zone: str) -> date | None:
    """The day the last of them moves out; none while one of them stays."""
    days = [_day_of(item, zone, "MoveOutOn") for item in people]
    return max((found for found in days if found), default=None) if all(days) else None


def _names(people: list[Row]) -> str:
    names = [name for item in people if (name := party_name(dict(item)))]
    return " & ".join(names)[:200]


def job_record(row: Row, zone: str) -> JobRecord:
    """A work order; the client says in `LotId` what it belongs to."""
    lot = text(row.get("LotId"), 128)
    if not lot:
        raise RecordRejected("AppFolio sent this work order without a property.")
    status = _JOB_STATUS.get(text(row.get("Status")).lower())
    if status is None:
        raise RecordRejected(f"The work order's status {text(row.get('Status'), 40)!r} is not one that is known.")
    told = text(row.get("JobDescription"), 10_000)
    closed = row.get("CompletedOn") or row.get("WorkCompletedOn") or row.get("CanceledOn")
    return JobRecord(
        provider_id=identity(row),
        property_ref=lot,
        title=(text(row.get("WorkOrderIssue")) or told.partition("\n")[0].strip() or "Maintenance")[:300],
        status=status,
        number=text(row.get("WorkOrderNumber"), 40),
        description=told or text(row.get("TenantRemarks"), 10_000),
        priority=_PRIORITY.get(text(row.get("Priority")).lower(), "none"),
        supplier_name=text(row.get("VendorName"), 200),
        opened_at=moment(row.get("CreatedAt"), zone),
        due_on=optional_day(row.get("ScheduledEnd") or row.get("ScheduledStart"), zone, "scheduled day"),
        closed_at=moment(closed, zone) if status in ("done", "cancelled") else None,
    )


def payment_record(row: Row, zone: str) -> PaymentRecord:
    """A payment of a tenant from the ledger report, or a derived one."""
    if row.get("Deposit") is True:
        raise RecordSetAside("This is a deposit, which is held for the tenant; only rent is income.")
    lot, tenancy = text(row.get("LotId"), 128), text(row.get("TenancyId"), 128)
    if not lot or not tenancy:
        raise RecordRejected(
            "AppFolio's reports number their tenancies apart from its database, and this payment's could not be "
            "matched with one there."
        )
    return PaymentRecord(
        provider_id=identity(row),
        property_ref=lot,
        tenancy_ref=tenancy,
        amount=money(row.get("Amount")),
        occurred_on=day(row.get("Date"), zone),
        description=text(row.get("Description")) or "Rent",
        counterparty=text(row.get("Payer"), 200),
        is_derived=row.get("Derived") is True,
        is_baseline=row.get("Baseline") is True,
    )


def bill_record(row: Row, zone: str) -> BillRecord:
    """One line of a bill. It counts on the invoice's day; AppFolio does not tell when it was paid."""
    lot = text(row.get("LotId"), 128)
    if not lot:
        raise RecordRejected("This line of a bill names a property that AppFolio does not list.")
    return BillRecord(
        provider_id=identity(row),
        property_ref=lot,
        amount=money(row.get("Amount")),
        occurred_on=day(row.get("InvoiceDate") or row.get("DueDate"), zone, "day of the invoice"),
        description=text(row.get("Description")),
        counterparty=text(row.get("VendorName"), 200),
        reference=text(row.get("Reference"), 120),
        is_void=text(row.get("ApprovalStatus")).lower() in _REFUSED_BILLS,
    )
