"""The published API of PropertyMe: paths, parameters, scopes, paging and error shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import orjson

from integrations.sandbox.mutations import Row
from integrations.sandbox.wire import Request, Response, SandboxError, json_response

from .model import TICKS_PER_DAY, Contact, Lot
from .money_rows import bills_since, job_row, job_stamp, quote_row, receipt_row
from .rows import balance_row, contact_row, lot_row, tenancy_api_row, tenant_row
from .world import Agency

T = TypeVar("T")
MAX_LIMIT = 10_000
STREAM_FROM = 20_000  # a list that may be longer is sent in chunks, never held whole


class ApiError(Exception):
    """An answer in the published error shape."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field


def error_response(status: int, code: str, message: str, field: str = "") -> Response:
    """Return ``ResponseStatus`` as the vendor publishes it."""
    errors = [{"ErrorCode": code, "FieldName": field, "Message": message}] if field else []
    body = {"ResponseStatus": {"ErrorCode": code, "Message": message, "Errors": errors}, "IsSuccessful": False}
    return json_response(body, status)


def integer(request: Request, name: str) -> int:
    """Return a required integer: 502 when it is missing (as documented for lots), 400 when it is none."""
    text = request.query.get(name)
    if text is None or text == "":
        raise ApiError(502, "MissingParameter", f"{name} value is not supplied", name)
    try:
        return int(text)
    except ValueError as error:
        raise ApiError(400, "InvalidParameter", f"Invalid value of {name.lower()}", name) from error


def flag(request: Request, name: str) -> bool:
    """Return an optional boolean, false by default."""
    return request.query.get(name, "").lower() in ("true", "1")


def moment(request: Request, name: str) -> int | None:
    """Return an optional UTC date-time as a stamp; 400 when it is none."""
    text = request.query.get(name)
    if not text:
        return None
    try:
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise ApiError(400, "InvalidParameter", f"Invalid value of {name}", name) from error
    value = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    micro = (value.hour * 3600 + value.minute * 60 + value.second) * 1_000_000 + value.microsecond
    return (value.toordinal() - 1) * TICKS_PER_DAY + micro * 10


def day(request: Request, name: str) -> int | None:
    """Return an optional date (a time after it is ignored) as an ordinal; 400 when it is none."""
    text = request.query.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError as error:
        raise ApiError(400, "InvalidParameter", f"Invalid value of {name}", name) from error


def window(request: Request) -> tuple[int, int]:
    """Return Offset and Limit; 400 outside 0.. and 1..10,000."""
    offset, limit = integer(request, "Offset"), integer(request, "Limit")
    if offset < 0 or not 0 < limit <= MAX_LIMIT:
        raise ApiError(400, "InvalidParameter", "Invalid value of offset or limit", "Offset" if offset < 0 else "Limit")
    return offset, limit


def paged(
    agency: Agency, resource: str, items: Sequence[T], build: Callable[[Agency, T], Row], request: Request
) -> list[Row]:
    """Return one page of a list; what vanished or was doubled shifts the rows after it, as it does upstream."""
    offset, limit = window(request)
    if agency.hidden or agency.copies:
        return agency.listed(resource, [build(agency, item) for item in items])[offset : offset + limit]
    return [build(agency, item) for item in items[offset : offset + limit]]


def lots(agency: Agency, request: Request) -> list[Row]:
    """All lots that are not archived and changed after Timestamp."""
    since = integer(request, "Timestamp")
    return agency.listed(
        "lots", [lot_row(agency, lot) for lot in agency.lots if lot.archived is None and lot.stamp > since]
    )


def archived_lots(agency: Agency, request: Request) -> list[Row]:
    """Archived lots in the order of their archiving."""
    since = moment(request, "ArchivedSince") or 0
    found = sorted(
        (lot for lot in agency.lots if lot.archived is not None and lot.archived_stamp >= since),
        key=lambda lot: lot.archived_stamp,
    )

    def build(agency: Agency, lot: Lot) -> Row:
        return lot_row(agency, lot, archived_list=True)

    return paged(agency, "lots", found, build, request)


def contacts(agency: Agency, request: Request) -> list[Row]:
    """Contacts that changed after Timestamp."""
    since, archived = integer(request, "Timestamp"), flag(request, "IncludeArchived")
    found = (c for c in agency.contacts if c.stamp > since and (archived or not c.archived))
    return agency.listed("contacts", [contact_row(agency, contact) for contact in found])


def tenants(agency: Agency, request: Request) -> list[Row]:
    """All contacts that are or were tenants."""
    found: list[Contact] = [contact for contact in agency.contacts if contact.role == "Tenant"]
    return paged(agency, "contacts", found, tenant_row, request)


def agency_card(agency: Agency, _request: Request) -> Row:
    """Who the token speaks for."""
    return {"Reference": agency.code, "Name": agency.name}


def _tenancies(agency: Agency, request: Request, resource: str, *, closed: bool, since: int = 0) -> list[Row]:
    build = tenancy_api_row if resource == "tenancies" else balance_row
    numbers: dict[str, int | None] = {"LotId": None, "ContactId": None}
    for name, kind in (("LotId", "lots"), ("ContactId", "contacts")):
        if text := request.query.get(name):
            try:
                numbers[name] = agency.number(kind, text)
            except SandboxError as error:
                raise ApiError(400, "InvalidParameter", "Invalid contact and/or lot id(s)", name) from error
    rows = [
        build(agency, tenancy)
        for tenancy in agency.tenancies
        if (closed or tenancy.closed is None)
        and tenancy.stamp >= since
        and numbers["LotId"] in (None, tenancy.lot)
        and numbers["ContactId"] in (None, tenancy.contact)
    ]
    return agency.listed(resource, rows)


def tenancies(agency: Agency, request: Request) -> list[Row]:
    """All tenancies; the closed ones when asked for."""
    return _tenancies(agency, request, "tenancies", closed=flag(request, "IncludeClosed"))


def balances(agency: Agency, request: Request) -> list[Row]:
    """Balances of open and closed tenancies updated at or after LastUpdated."""
    return _tenancies(agency, request, "balances", closed=True, since=moment(request, "LastUpdated") or 0)


def jobs(agency: Agency, request: Request) -> list[Row]:
    """Jobs that changed after Timestamp."""
    since = integer(request, "Timestamp")
    return agency.listed("jobs", [job_row(agency, job) for job in agency.jobs if job_stamp(agency, job) > since])


def quotation(agency: Agency, record: str) -> Row:
    """The quotation of one job."""
    try:
        job = agency.jobs[agency.number("jobs", record)]
    except SandboxError as error:
        raise ApiError(404, "NotFound", "Job task was not found", "Id") from error
    row = quote_row(agency, job)
    if row is None:
        raise ApiError(404, "NotFound", "Job task has no quotation", "Id")
    return row


def transactions(agency: Agency, request: Request) -> list[Row]:
    """Receipts of the days From..To, both included, oldest first."""
    offset, limit = window(request)
    start, stop = agency.receipts.span(day(request, "From"), day(request, "To"))
    first = min(start + offset, stop)
    return [receipt_row(agency, key) for key in agency.receipts.slice(first, min(first + limit, stop))]


def encode(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a JSON list in parts of about a megabyte."""
    part: list[Any] = []
    opener = b"["
    for row in rows:
        part.append(row)
        if len(part) == 2000:
            yield opener + orjson.dumps(part)[1:-1]
            opener, part = b",", []
    yield (opener if part or opener == b"[" else b"") + (orjson.dumps(part)[1:-1] if part else b"") + b"]"


def bills(agency: Agency, request: Request) -> Iterator[bytes]:
    """Bills that changed after Timestamp."""
    return encode(bills_since(agency, integer(request, "Timestamp")))


# Path -> scope and handler. The scopes are those of the published descriptions.
ROUTES: dict[str, tuple[str, Callable[[Agency, Request], list[Row] | Row | Iterator[bytes]]]] = {
    "/api/v1/lots": ("property:read", lots),
    "/api/v1/lots/archived": ("property:read", archived_lots),
    "/api/v1/contacts": ("contact:read", contacts),
    "/api/v1/contacts/tenants": ("contact:read", tenants),
    "/api/v1/contacts/agency": ("contact:read", agency_card),
    "/api/v1/tenancies": ("property:read", tenancies),
    "/api/v1/tenancies/balances": ("property:read", balances),
    "/api/v1/jobtasks": ("activity:read", jobs),
}
LINE_ROUTES: dict[str, tuple[str, Callable[[Agency, Request], list[Row] | Row | Iterator[bytes]]]] = {
    "/api/v1/dashboards/transactions": ("transaction:read", transactions),
    "/api/v1/bills": ("transaction:read", bills),
}
