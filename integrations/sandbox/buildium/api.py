"""The lists and single records that are served: filters, order, paging, as published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

from integrations.sandbox.wire import Request

from .life import owed
from .world import Row, World, instant

LARGEST_PAGE, USUAL_PAGE = 1000, 50
Values = dict[str, list[str]]
Keeps = Callable[[World, Row, list[str]], bool]
PAGING = ("offset", "limit", "orderby")


class ApiError(Exception):
    """Answered in the published shape."""

    def __init__(self, status: int, message: str, key: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.key = status, message, key


@dataclass(frozen=True)
class List:
    """A list: where its rows are, what filters it has, and which it cannot do without."""

    kind: str
    filters: dict[str, Keeps] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    shape: Callable[[World], list[Row]] | None = None

    def rows(self, world: World) -> list[Row]:
        return world.rows(self.kind) if self.shape is None else self.shape(world)


def _field(*path: str) -> Keeps:
    """Keeps rows whose field (at the end of the path) is among the values."""

    def keeps(world: World, row: Row, values: list[str]) -> bool:
        found: Any = row
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found is not None and str(found) in values

    return keeps


def _touched(kind: str, *, by_day: bool = False) -> Keeps:
    """Keeps rows that changed at or after the value: a moment, or for some lists only a day."""

    def keeps(world: World, row: Row, values: list[str]) -> bool:
        stamp = world.touched[kind, row["Id"]]
        if by_day:
            return stamp.date() >= _day(values[0], "lastupdatedfrom")
        return stamp >= _moment(values[0])

    return keeps


def _from(name: str) -> Keeps:
    return lambda world, row, values: str(row[name]) >= _day(values[0], name).isoformat()


def _until(name: str) -> Keeps:
    return lambda world, row, values: str(row[name]) <= _day(values[0], name).isoformat()


def _day(value: str, name: str) -> date:
    try:
        if len(value) != 10:
            raise ValueError(value)
        return date.fromisoformat(value)
    except ValueError:
        raise ApiError(400, f"The value '{value}' is not a date in the form YYYY-MM-DD.", name) from None


def _moment(value: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ApiError(
            400, f"The value '{value}' is not in UTC and of the form YYYY-MM-DDTHH:MM:SSZ.", "lastupdatedfrom"
        ) from None


def _owned(world: World, row: Row, values: list[str]) -> bool:
    return any(str(rental) in values for rental in row["PropertyIds"])


def balances(world: World) -> list[Row]:
    """What is owed, of the leases that owe: one with nothing to pay, or with a credit, is not listed."""
    found = []
    for lease in world.rows("leases"):
        total = owed(world, lease)
        if total <= 0:
            continue
        # A month's rent is as old as a month; what exceeds three of them is older than ninety days.
        rent, left, buckets = lease["AccountDetails"]["Rent"], total, []
        for _ in range(3):
            buckets.append(round(min(left, rent), 2))
            left = round(left - buckets[-1], 2)
        found.append(
            {
                "LeaseId": lease["Id"],
                "PropertyId": lease["PropertyId"],
                "UnitId": lease["UnitId"],
                "Balance0To30Days": buckets[0],
                "Balance31To60Days": buckets[1],
                "Balance61To90Days": buckets[2],
                "BalanceOver90Days": left,
                "TotalBalance": total,
                "Balances": [],
                "PastDueEmailSentDate": None,
                "EvictionPendingDate": None,
                "IsNoticeGiven": False,
            }
        )
    return found


def general_ledger(world: World) -> list[Row]:
    """The transactions of all leases as the general ledger shows them."""
    found = []
    for row in world.rows("transactions"):
        lease = world.tables["leases"][row["LeaseId"]]
        entity = {
            "Id": lease["PropertyId"], "AccountingEntityType": "Rental", "Href": None,
            "Unit": {"Id": lease["UnitId"], "Href": None},
        }  # fmt: skip
        lines = [
            {name: value for name, value in line.items() if name not in ("PropertyId", "UnitId")}
            | {"AccountingEntity": entity}
            for line in row["Journal"]["Lines"]
        ]
        found.append(
            {
                "Id": row["Id"],
                "Date": row["Date"],
                "TransactionType": row["TransactionTypeEnum"],
                "TotalAmount": row["TotalAmount"],
                "CheckNumber": None,
                "UnitAgreement": {"Id": lease["Id"], "Type": "Lease", "Href": f"/v1/leases/{lease['Id']}"},
                "UnitId": lease["UnitId"],
                "UnitNumber": lease["UnitNumber"],
                "PaymentDetail": None,
                "DepositDetails": None,
                "Application": None,
                "Journal": {"Memo": row["Journal"]["Memo"], "Lines": lines},
                "LastUpdatedDateTime": instant(world.touched["transactions", row["Id"]]),
            }
        )
    return found


def _has_account(world: World, row: Row, values: list[str]) -> bool:
    return any(str(line["GLAccount"]["Id"]) in values for line in row["Journal"]["Lines"])


_BY_RENTAL = {"propertyids": _field("Id")}
_OF_RENTAL = {"propertyids": _field("PropertyId")}
LISTS: dict[str, List] = {
    "rentals": List("rentals", {**_BY_RENTAL, "lastupdatedfrom": _touched("rentals")}),
    "rentals/units": List("units", {**_OF_RENTAL, "lastupdatedfrom": _touched("units")}),
    "rentals/owners": List("owners", {"propertyids": _owned, "lastupdatedfrom": _touched("owners")}),
    "leases": List(
        "leases",
        {**_OF_RENTAL, "leasestatuses": _field("LeaseStatus"), "lastupdatedfrom": _touched("leases")},
    ),
    "leases/tenants": List("tenants", {"lastupdatedfrom": _touched("tenants")}),
    "leases/rent": List("rents", {"leaseids": _field("LeaseId"), "lastupdatedfrom": _touched("rents")}),
    "leases/outstandingbalances": List("leases", {"leaseids": _field("LeaseId")}, shape=balances),
    "tasks": List(
        "tasks", {"statuses": _field("TaskStatus"), "lastupdatedfrom": _touched("tasks", by_day=True)}
    ),
    "workorders": List(
        "workorders",
        {"taskids": _field("Task", "Id"), "lastupdatedfrom": _touched("workorders", by_day=True)},
    ),
    "bills": List("bills", {"vendorid": _field("VendorId")}),
    "vendors": List("vendors", {"lastupdatedfrom": _touched("vendors")}),
    "glaccounts": List("glaccounts", {"accounttypes": _field("Type")}),
    "generalledger/transactions": List(
        "transactions",
        {
            "startdate": _from("Date"),
            "enddate": _until("Date"),
            "glaccountids": _has_account,
            "lastupdatedfrom": _touched("transactions"),
        },
        ("startdate", "enddate", "glaccountids"),
        general_ledger,
    ),
}  # fmt: skip
LEDGER = List("transactions", {"transactiondatefrom": _from("Date"), "transactiondateto": _until("Date")})
SINGLE = {
    "rentals": "rentals",
    "rentals/units": "units",
    "leases": "leases",
    "tasks": "tasks",
    "workorders": "workorders",
}


def answer(world: World, request: Request, path: str) -> tuple[Any, int | None]:
    """The rows of a page with the total, or one record. Raises ApiError."""
    if path == "administration/account":
        return {
            "Id": world.account, "CompanyName": world.name, "Url": "https://loneoak.example",
            "Contact": {"FirstName": "Dana", "LastName": "Whitfield", "Address": None},
        }, None  # fmt: skip
    if (found := LISTS.get(path)) is not None:
        return _page(world, request, found, found.rows(world))
    parent, _, last = path.rpartition("/")
    if last == "transactions" and parent.startswith("leases/"):
        lease = _single(world, "leases", parent.removeprefix("leases/"))
        return _page(world, request, LEDGER, world.of_lease[lease["Id"]])
    if parent in SINGLE:
        return _single(world, SINGLE[parent], last), None
    raise ApiError(404, "The resource you requested could not be found.")


def _single(world: World, kind: str, ident: str) -> Row:
    found = world.tables[kind].get(int(ident)) if ident.isdecimal() else None
    if found is None:
        raise ApiError(404, "The resource you requested could not be found.")
    return found


def _page(world: World, request: Request, source: List, rows: list[Row]) -> tuple[list[Row], int]:
    values = parse_qs(request.raw_query, keep_blank_values=True)
    for name in values:
        if name not in source.filters and name not in PAGING:
            # A name in another case is not known, and the vendor answers 404 to it.
            raise ApiError(404, f"The parameter '{name}' is not known here.", name)
    for name in source.required:
        if name not in values:
            raise ApiError(400, f"The parameter '{name}' is required.", name)
    for name, keeps in source.filters.items():
        if name in values:
            rows = [row for row in rows if keeps(world, row, values[name])]
    rows = _ordered(rows, values.get("orderby", [""])[-1])
    offset, limit = _whole(values, "offset", 0, 0), min(_whole(values, "limit", USUAL_PAGE, 1), LARGEST_PAGE)
    return rows[offset : offset + limit], len(rows)


def _ordered(rows: list[Row], orderby: str) -> list[Row]:
    for one in reversed([part.strip() for part in orderby.split(",") if part.strip()]):
        name, _, way = one.partition(" ")
        known = {key.lower(): key for key in (rows[0] if rows else {})}
        if not rows:
            return rows
        if name.lower() not in known:
            raise ApiError(400, f"The results cannot be ordered by '{name}'.", "orderby")
        is_falling = way.strip().lower() == "desc"
        rows = sorted(rows, key=_by(known[name.lower()]), reverse=is_falling)
    return rows


def _by(name: str) -> Callable[[Row], tuple[bool, Any]]:
    return lambda row: (row[name] is None, row[name])


def _whole(values: Values, name: str, usual: int, least: int) -> int:
    text = values.get(name, [str(usual)])[-1]
    if not text.isdecimal() or int(text) < least:
        raise ApiError(400, f"The value '{text}' is not valid for {name}.", name)
    return int(text)
