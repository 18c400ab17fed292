"""Buildium's lists as pages of raw rows, in the order and with the cursors that its contract offers (NOTES.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from integrations.contracts import AdapterContext
from integrations.errors import ContractChanged, RecordRejected, RemoteGone
from integrations.http import SignIn
from integrations.providers.buildium import mapping, money
from integrations.providers.buildium.edge import scrub
from integrations.providers.buildium.homes import OWNERS, Homes
from integrations.providers.buildium.ledger import Ledger
from integrations.providers.buildium.lists import Lists
from integrations.providers.buildium.values import part, parts
from integrations.records import Account, AnyRecord, Page, ReadRequest, Resource

Row = dict[str, Any]
ACCOUNT = "/v1/administration/account"
# What changed while a list was read, and clocks that differ: read again.
OVERLAP = timedelta(minutes=15)
CHUNK = 500


class BuildiumAdapter:
    """PropertyManagerProvider and ContactSource for one connection."""

    def __init__(self, context: AdapterContext) -> None:
        self._http = context.http
        self._property_calls = context.property_calls
        self._lists = Lists(context.http)
        self._homes = Homes(self._lists)
        self._vendors: dict[int, str] | None = None
        self._map: dict[Resource, Callable[[Mapping[str, Any]], AnyRecord]] = {
            Resource.PROPERTY: mapping.property_record,
            Resource.CONTACT: mapping.contact_record,
            Resource.TENANCY: mapping.tenancy_record,
            Resource.JOB: mapping.job_record,
            Resource.PAYMENT: money.payment_record,
            Resource.BILL: money.bill_record,
        }

    @staticmethod
    def sign_in(keys: Mapping[str, str]) -> SignIn:
        """The two headers of every request."""
        return SignIn(
            headers={
                "x-buildium-client-id": keys.get("client_id", ""),
                "x-buildium-client-secret": keys.get("client_secret", ""),
            }
        )

    def normalise(self, resource: Resource, row: Mapping[str, Any]) -> AnyRecord:
        """The row as a record. Raises RecordRejected with the reason a person reads."""
        try:
            return self._map[resource](row)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise RecordRejected(
                "Buildium sent this record in a form that cannot be read.", detail=f"{type(error).__name__}: {error}"
            ) from error

    def account(self) -> Account:
        """The account that the keys belong to."""
        found = self._http.get_json(ACCOUNT)
        if not isinstance(found, dict) or not found.get("Id"):
            raise ContractChanged(detail=f"{ACCOUNT} answered {found!r:.200}")
        ident = str(found["Id"])
        return Account(account_id=ident[:128], name=str(found.get("CompanyName") or f"Account {ident}")[:200])

    def probe_ledger_mode(self) -> str:
        """Always 'line': every lease has a ledger."""
        return "line"

    def properties(self, request: ReadRequest) -> Iterator[Page]:
        """All homes, or those of the rentals of which something changed."""
        cursor, since = _moment(), _since(request)
        rentals = self._homes.changed_since(since) if since else self._homes.load_all()
        rows = [row for rental in rentals for row in self._homes.rows(rental)]
        yield from _chunks(rows, cursor, is_sweep=not since)

    def contacts(self, request: ReadRequest) -> Iterator[Page]:
        """Tenants, owners and vendors. Each kind numbers its own, so the kind is part of the id."""
        cursor, since = _moment(), _since(request)
        params = {"lastupdatedfrom": since} if since else {}
        lists = {"tenant": "/v1/leases/tenants", "owner": OWNERS, "vendor": "/v1/vendors"}
        for kind, path in lists.items():
            is_empty = True
            for rows, _ in self._lists.pages(path, params):
                is_empty = False
                found = [scrub({**row, "Id": f"{kind}~{row['Id']}", "Kind": kind}) for row in rows]
                yield Page(found, cursor=cursor, is_sweep=not since, expected=self._lists.total)
            if is_empty:
                yield Page([], cursor=cursor, is_sweep=not since)

    def tenancies(self, request: ReadRequest) -> Iterator[Page]:
        """Every lease with its rent and what is owed on it. Unchanged ones cost nothing further down."""
        owed = {row["LeaseId"]: row for row in self._lists.rows("/v1/leases/outstandingbalances", ident="LeaseId")}
        rents = _rents(self._lists.rows("/v1/leases/rent"))
        is_empty = True
        for rows, position in self._lists.pages("/v1/leases", start=request.position):
            is_empty = False
            found = []
            for lease in rows:
                ident = lease["Id"]
                row = scrub({**lease, "Id": str(ident), "LotId": str(lease.get("UnitId") or "")})
                if ident in owed:
                    row["Balance"] = {name: owed[ident].get(name) for name in mapping.BALANCES}
                if ident in rents:
                    row["Rent"] = {name: rents[ident].get(name) for name in ("TotalAmount", "RentCycle")}
                found.append(row)
            yield Page(found, position=position, is_sweep=True, expected=self._lists.total)
        if is_empty:
            yield Page([], position=request.position, is_sweep=True)

    def maintenance_jobs(self, request: ReadRequest) -> Iterator[Page]:
        """Work orders, each with the task that it is for. The cursor is a day, so a day is read twice."""
        cursor = datetime.now(UTC).date().isoformat()
        params = {}
        if request.cursor and not request.full:
            params = {"lastupdatedfrom": (date.fromisoformat(request.cursor) - timedelta(days=1)).isoformat()}
        orders = {row["Id"]: row for row in self._lists.rows("/v1/workorders", params)}
        tasks = {row["Id"]: row for row in self._lists.rows("/v1/tasks", params)}
        if params:
            # A task that moved moves its work order; a work order that moved is shown with its task.
            orders |= {row["Id"]: row for row in self._lists.rows_for("/v1/workorders", "taskids", tasks)}
        rows = []
        for _, order in sorted(orders.items()):
            task = tasks.get(part(order, "Task").get("Id")) or self._task(part(order, "Task").get("Id"))
            rows.append({**order, "Id": str(order["Id"]), "WholeTask": task})
        self._homes.load(_rentals_of_tasks(rows))
        for row in rows:
            whole, brief = row["WholeTask"], part(row, "Task")
            rental = part(whole, "Property")
            is_rental = rental.get("Type") == "Rental"
            unit = brief.get("UnitId") or whole.get("UnitId")
            row["LotId"] = self._homes.of(rental.get("Id") if is_rental else None, unit)
            row["VendorName"] = self._vendor(row.get("VendorId"))
            scrub(row)
        yield from _chunks(rows, cursor, is_sweep=not params)

    def rent_payments(self, request: ReadRequest) -> Iterator[Page]:
        """The ledgers of all leases, or of those in whose ledger something was booked or corrected since."""
        return Ledger(self._http, self._lists, self._property_calls).payments(cursor=_moment(), since=_since(request))

    def bills(self, request: ReadRequest) -> Iterator[Page]:
        """Bills, split by the homes they are for. There is no cursor: all are read each time."""
        is_empty = True
        for bills, position in self._lists.pages("/v1/bills", start=request.position):
            is_empty = False
            total = self._lists.total
            self._homes.load(
                entity["Id"]
                for bill in bills
                for line in parts(bill, "Lines")
                if (entity := part(line, "AccountingEntity")).get("AccountingEntityType") == "Rental"
            )
            named = [{**scrub(bill), "VendorName": self._vendor(bill.get("VendorId"))} for bill in bills]
            rows = [row for bill in named for row in _shares(bill, self._homes)]
            yield Page(rows, position=position, is_sweep=True, expected=total)
        if is_empty:
            yield Page([], position=request.position, is_sweep=True)

    def _vendor(self, ident: Any) -> str:
        """A vendor's name. All are read at once: they cannot be asked for by their ids."""
        if self._vendors is None:
            self._vendors = {row["Id"]: mapping.name_of(row) for row in self._lists.rows("/v1/vendors")}
        return self._vendors.get(ident, "")

    def _task(self, ident: Any) -> Row:
        if not ident:
            return {}
        try:
            found = self._http.get_json(f"/v1/tasks/{ident}")
        except RemoteGone:
            return {}
        return found if isinstance(found, dict) else {}


def _moment() -> str:
    """The next cursor: where the following read begins, a little before this one did."""
    return (datetime.now(UTC) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")


def _since(request: ReadRequest) -> str:
    return "" if request.full else request.cursor


def _chunks(rows: list[Row], cursor: str, *, is_sweep: bool) -> Iterator[Page]:
    for start in range(0, max(len(rows), 1), CHUNK):
        yield Page(rows[start : start + CHUNK], cursor=cursor, is_sweep=is_sweep, expected=len(rows))


def _rents(rows: list[Row]) -> dict[int, Row]:
    """Of each lease the rent that began last."""
    return {row["LeaseId"]: row for row in sorted(rows, key=lambda row: (str(row.get("StartDate")), row["Id"]))}


def _rentals_of_tasks(rows: list[Row]) -> set[int]:
    found = (part(row["WholeTask"], "Property") for row in rows)
    return {rental["Id"] for rental in found if rental.get("Type") == "Rental" and rental.get("Id")}


def _shares(bill: Row, homes: Homes) -> Iterator[Row]:
    """One row for each home among the bill's lines, with its lines alone; one row for a bill without any."""
    by_home: dict[str, list[Row]] = {}
    for line in parts(bill, "Lines"):
        entity = part(line, "AccountingEntity")
        is_rental = entity.get("AccountingEntityType") == "Rental"
        home = homes.of(entity.get("Id"), part(entity, "Unit").get("Id")) if is_rental else ""
        by_home.setdefault(home, []).append(line)
    for home, lines in (by_home or {"": []}).items():
        yield {**bill, "Id": f"{bill['Id']}~{home or 'none'}", "BillId": bill["Id"], "LotId": home, "Lines": lines}
