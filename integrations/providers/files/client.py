"""Rows of uploaded spreadsheets as records. Reading, matching and checking happened before (integrations/files)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.contracts import AdapterContext, FileSource
from integrations.errors import ContractChanged, RecordRejected
from integrations.records import (
    Account,
    Address,
    AnyRecord,
    BillRecord,
    ContactRecord,
    JobRecord,
    Page,
    PaymentRecord,
    PropertyRecord,
    ReadRequest,
    Resource,
    TenancyRecord,
)

Row = Mapping[str, Any]


class FilesAdapter:
    """PropertyManagerProvider and ContactSource over what people uploaded."""

    def __init__(self, context: AdapterContext) -> None:
        self._files = context.files
        zone = ZoneInfo(context.time_zone)
        self._map: dict[Resource, Callable[[Row], AnyRecord]] = {
            Resource.PROPERTY: property_record,
            Resource.CONTACT: contact_record,
            Resource.TENANCY: tenancy_record,
            Resource.JOB: lambda row: job_record(row, zone),
            Resource.PAYMENT: payment_record,
            Resource.BILL: bill_record,
        }

    def normalise(self, resource: Resource, row: Row) -> AnyRecord:
        """The row as a record. Raises RecordRejected for one that was not made by our own check of a file."""
        try:
            return self._map[resource](row)
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise RecordRejected(
                "This row was stored in a form that cannot be read. Upload its file again.",
                detail=f"{type(error).__name__}: {error}",
            ) from error

    def account(self) -> Account:
        return self._source().account()

    def probe_ledger_mode(self) -> str:
        """Spreadsheets hold the ledger line by line."""
        return "line"

    def properties(self, request: ReadRequest) -> Iterator[Page]:
        return self._source().pages(Resource.PROPERTY, request)

    def contacts(self, request: ReadRequest) -> Iterator[Page]:
        return self._source().pages(Resource.CONTACT, request)

    def tenancies(self, request: ReadRequest) -> Iterator[Page]:
        return self._source().pages(Resource.TENANCY, request)

    def maintenance_jobs(self, request: ReadRequest) -> Iterator[Page]:
        return self._source().pages(Resource.JOB, request)

    def rent_payments(self, request: ReadRequest) -> Iterator[Page]:
        return self._source().pages(Resource.PAYMENT, request)

    def bills(self, request: ReadRequest) -> Iterator[Page]:
        return self._source().pages(Resource.BILL, request)

    def _source(self) -> FileSource:
        if self._files is None:
            raise ContractChanged(detail="The files adapter was opened without its files.")
        return self._files


def property_record(row: Row) -> PropertyRecord:
    """A property, or a unit that stands as one."""
    return PropertyRecord(
        provider_id=_id(row),
        address=Address(
            text=_needed(row, "address"),
            unit=_text(row, "unit"),
            number=_text(row, "number"),
            street=_text(row, "street"),
            suburb=_text(row, "suburb"),
            state=_text(row, "state"),
            postcode=_text(row, "postcode"),
            country=_text(row, "country"),
        ),
        kind=_text(row, "kind") or "house",
        bedrooms=row.get("bedrooms"),
        bathrooms=row.get("bathrooms"),
        car_spaces=row.get("car_spaces"),
        rent_amount=_money(row, "rent"),
        rent_period=_text(row, "rent_period") or "weekly",
        owner_ref=_text(row, "owner_ref"),
        owner_name=_text(row, "owner"),
        tenant_name=_text(row, "tenant"),
    )


def contact_record(row: Row) -> ContactRecord:
    return ContactRecord(
        _id(row), _needed(row, "name"), _text(row, "email"), _text(row, "phone"), is_tenant=True
    )  # fmt: skip


def tenancy_record(row: Row) -> TenancyRecord:
    return TenancyRecord(
        provider_id=_id(row),
        property_ref=_needed(row, "property"),
        name=_needed(row, "tenant"),
        rent_amount=Decimal(row["rent"]),
        rent_period=_text(row, "rent_period") or "weekly",
        contact_ref=_text(row, "tenant_ref"),
        email=_text(row, "email"),
        phone=_text(row, "phone"),
        starts_on=_day(row, "starts_on"),
        ends_on=_day(row, "ends_on"),
        vacates_on=_day(row, "vacates_on"),
        is_periodic=row.get("ends_on") is None,
        bond_amount=_money(row, "bond"),
        paid_to=_day(row, "paid_to"),
        arrears_amount=_money(row, "arrears") or Decimal(0),
    )


def job_record(row: Row, zone: ZoneInfo) -> JobRecord:
    return JobRecord(
        provider_id=_id(row),
        property_ref=_needed(row, "property"),
        title=_needed(row, "title"),
        status=_text(row, "status") or "new",
        number=_text(row, "number"),
        description=_text(row, "description"),
        supplier_name=_text(row, "supplier"),
        quoted_amount=_money(row, "quoted"),
        opened_at=_moment(_day(row, "opened_on"), zone),
        due_on=_day(row, "due_on"),
        closed_at=_moment(_day(row, "closed_on"), zone),
    )


def payment_record(row: Row) -> PaymentRecord:
    return PaymentRecord(
        provider_id=_id(row),
        property_ref=_needed(row, "property"),
        tenancy_ref=_text(row, "lease"),
        amount=Decimal(row["amount"]),
        occurred_on=date.fromisoformat(row["date"]),
        description=_text(row, "description") or "Rent",
        counterparty=_text(row, "party"),
        reference=_text(row, "reference"),
    )


def bill_record(row: Row) -> BillRecord:
    return BillRecord(
        provider_id=_id(row),
        property_ref=_needed(row, "property"),
        amount=Decimal(row["amount"]),
        occurred_on=date.fromisoformat(row["date"]),
        job_ref=_text(row, "job"),
        tax_amount=_money(row, "tax"),
        description=_text(row, "description"),
        counterparty=_text(row, "party"),
        reference=_text(row, "reference"),
    )


def _id(row: Row) -> str:
    return _needed(row, "Id")


def _needed(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise RecordRejected(f"This row has no {name.lower()}, so it cannot be imported.")
    return value


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _money(row: Row, name: str) -> Decimal | None:
    value = row.get(name)
    return None if value in (None, "") else Decimal(value)


def _day(row: Row, name: str) -> date | None:
    value = row.get(name)
    return None if value in (None, "") else date.fromisoformat(value)


def _moment(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Noon of the day in the organisation's zone: the same day wherever it is shown."""
    return None if day is None else datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
