"""AppFolio's two APIs as pages of raw rows, and the work orders we send (facts in NOTES.md)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from integrations.contracts import AdapterContext, CreatedWorkOrder
from integrations.errors import ContractChanged, Misconfigured, ProviderPaused, RecordRejected, RemoteGone
from integrations.http import SignIn
from integrations.providers.appfolio import mapping
from integrations.providers.appfolio.directory import Directory, Names
from integrations.providers.appfolio.ledger import DerivedLedger
from integrations.providers.appfolio.pages import BEGINNING, DatabaseApi, in_words, newest, now, since
from integrations.providers.appfolio.reports import Reports, ReportsLedger
from integrations.providers.appfolio.tenancies import Tenancies
from integrations.records import Account, AnyRecord, Page, ReadRequest, Resource

Row = dict[str, Any]
CHUNK = 500
PEOPLE = (("/tenants", "tenant"), ("/owners", "owner"), ("/vendors", "vendor"))
REPORTS_KEYS = ("reports_host", "reports_id", "reports_secret")
PRIORITIES = {"low": "Low", "normal": "Normal", "high": "Urgent", "urgent": "Urgent"}
# What the vendor takes as an idempotency key.
KEY = re.compile(r"[\x20-\x7e]{1,256}")


class AppFolioAdapter:
    """PropertyManagerProvider, ContactSource and WorkOrderSink for one connection."""

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        zone = context.time_zone
        today = datetime.now(ZoneInfo(zone)).date()
        self._api = DatabaseApi(context.http)
        self._directory = Directory(self._api)
        self._vendors = Names(self._api)
        self._tenancies = Tenancies(self._api, self._directory, zone, today)
        self._today = today
        self._mode = context.ledger_mode
        self._map: dict[Resource, Callable[[Mapping[str, Any]], AnyRecord]] = {
            Resource.PROPERTY: mapping.property_record,
            Resource.CONTACT: mapping.contact_record,
            Resource.TENANCY: lambda row: mapping.tenancy_record(row, zone),
            Resource.JOB: lambda row: mapping.job_record(row, zone),
            Resource.PAYMENT: lambda row: mapping.payment_record(row, zone),
            Resource.BILL: lambda row: mapping.bill_record(row, zone),
        }

    @staticmethod
    def sign_in(keys: Mapping[str, str]) -> SignIn:
        """Name and password with the developer's id; the Reports API has credentials of its own."""
        reports = SignIn(basic=(keys.get("reports_id", ""), keys.get("reports_secret", "")))
        return SignIn(
            headers={"X-AppFolio-Developer-ID": keys["developer_id"]},
            basic=(keys["client_id"], keys["client_secret"]),
            elsewhere={"REPORTS_URL": reports},
        )

    def normalise(self, resource: Resource, row: Mapping[str, Any]) -> AnyRecord:
        """The row as a record. Raises RecordRejected with the reason a person reads."""
        try:
            return self._map[resource](row)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # The class alone: the text of an error may repeat a value.
            raise RecordRejected(
                "AppFolio sent this record in a form that cannot be read.", detail=type(error).__name__
            ) from error

    def account(self) -> Account:
        """The customer database behind the keys: known by its client id, since the API does not say whose it is."""
        self._api.first_page("/properties")
        keys = self._context.keys
        if self._has_reports():
            self._open_reports().check()
        name = keys.get("reports_host") or keys.get("host")
        client = keys.get("client_id", "")
        digest = hashlib.sha256(client.encode()).hexdigest()[:32]
        return Account(
            account_id=digest, name=f"{name}.appfolio.com" if name else f"AppFolio database of {client[:6]}…"
        )

    def probe_ledger_mode(self) -> str:
        """'line' where Reports keys were given and work, else 'derived'."""
        if not self._has_reports():
            return "derived"
        self._open_reports().check()
        return "line"

    def _has_reports(self) -> bool:
        given = [bool(self._context.keys.get(name)) for name in REPORTS_KEYS]
        return all(given) and self._context.open_client is not None

    def _open_reports(self) -> Reports:
        if self._context.open_client is None:
            raise Misconfigured(detail="There is no way to open the address of the Reports API.")
        return Reports(self._context.open_client("REPORTS_URL"))

    def properties(self, request: ReadRequest) -> Iterator[Page]:
        """Every unit, and every building that has not exactly one. There is no cursor: unchanged ones cost nothing."""
        yield from _chunks(self._directory.rows(self._tenancies.tenants), is_sweep=True)

    def tenancies(self, request: ReadRequest) -> Iterator[Page]:
        """Every occupancy with its tenants, leases and what it owes."""
        yield from _chunks(self._tenancies.rows(), is_sweep=True)

    def contacts(self, request: ReadRequest) -> Iterator[Page]:
        """Tenants, owners and vendors that changed, or all of them."""
        cursor = request.cursor
        for path, role in PEOPLE:
            for rows in self._api.changed(path, _from(request)):
                cursor = newest(rows, cursor)
                yield Page([{**row, "Role": role} for row in rows], cursor=cursor, is_sweep=request.full)

    def maintenance_jobs(self, request: ReadRequest) -> Iterator[Page]:
        """Work orders that changed, or all of them."""
        cursor = request.cursor
        for rows in self._api.changed("/work_orders", _from(request)):
            cursor = newest(rows, cursor)
            yield Page(self._jobs(rows), cursor=cursor, is_sweep=request.full)

    def _jobs(self, rows: list[Row]) -> list[Row]:
        return [{**row, "LotId": self._lot(row)} for row in self._vendors.add(rows)]

    def _lot(self, row: Row) -> str:
        return self._directory.lot(row.get("PropertyId"), row.get("UnitId"))

    def rent_payments(self, request: ReadRequest) -> Iterator[Page]:
        """Payments from tenants' ledgers with Reports keys, else what of the rent charged is no longer owed."""
        if self._mode not in ("line", "derived"):
            self._mode = self.probe_ledger_mode()
        zone = self._context.time_zone
        if self._mode == "line":
            reports = self._open_reports()
            ledger = ReportsLedger(reports, self._tenancies, self._directory, zone, self._today)
            yield from ledger.payments(request)
        else:
            derived = DerivedLedger(self._api, self._tenancies, self._context.received, zone, self._today)
            yield from derived.payments()

    def bills(self, request: ReadRequest) -> Iterator[Page]:
        """The lines of bills that changed, or of all of them, that name a property."""
        cursor = request.cursor
        for rows in self._api.changed("/bills", _from(request)):
            cursor = newest(rows, cursor)
            yield Page(self._lines(rows), cursor=cursor, is_sweep=request.full)

    def _lines(self, bills: list[Row]) -> list[Row]:
        found: list[Row] = []
        for bill in self._vendors.add(bills):
            lines = bill.get("LineItems")
            kept = {name: value for name, value in bill.items() if name not in ("LineItems", "Id", "Description")}
            for line in lines if isinstance(lines, list) else ():
                if not isinstance(line, dict) or not line.get("PropertyId"):
                    continue
                told = line.get("Description") or bill.get("Description")
                ident = f"{bill.get('Id')}~{line.get('Id')}" if bill.get("Id") and line.get("Id") else ""
                row = {**kept, **line, "Id": ident, "BillId": bill.get("Id"), "Description": told}
                found.append({**row, "LotId": self._lot(line)})
        return found

    def fetch(self, resource: Resource, ids: Sequence[str]) -> Iterator[Page]:
        """The records with these ids, in rows as the reads give them; an id without a row is gone at AppFolio.

        Units, work orders, people and bills are asked for by id. Tenancies have no list of their own, so theirs are
        picked from all; payments are not records at AppFolio, and are read as a whole.
        """
        wanted = set(ids)
        match resource:
            case Resource.JOB:
                yield Page(self._jobs(list(self._api.by_ids("/work_orders", wanted))))
            case Resource.BILL:
                bills = self._api.by_ids("/bills", {ident.partition("~")[0] for ident in wanted})
                yield Page([row for row in self._lines(list(bills)) if row["Id"] in wanted])
            case Resource.CONTACT:
                for path, role in PEOPLE:
                    yield Page([{**row, "Role": role} for row in self._api.by_ids(path, wanted)])
            case Resource.PROPERTY:
                yield Page([row for row in self._directory.rows(self._tenancies.tenants) if row["Id"] in wanted])
            case Resource.TENANCY:
                yield Page([row for row in self._tenancies.rows() if row["Id"] in wanted])
            case Resource.PAYMENT:
                for page in self.rent_payments(ReadRequest(full=True)):
                    yield Page([row for row in page.rows if row["Id"] in wanted])

    def create_work_order(
        self,
        *,
        property_ref: str,
        description: str,
        priority: str = "normal",
        vendor_ref: str = "",
        instructions: str = "",
        idempotency_key: str,
    ) -> CreatedWorkOrder:
        """Creates a work order, once for each key however often it is sent within a day.

        AppFolio answers a repeated key with what the first call made, so a call that timed out is simply sent again.
        Raises RemoteGone for a property that AppFolio does not list, RequestRefused for a key that was used for other
        content or a field that AppFolio will not take, TransientError while the first call is still being worked on.
        """
        if KEY.fullmatch(idempotency_key) is None:
            raise ValueError("An idempotency key is 1 to 256 printable ASCII characters.")
        body = {
            **self._place(property_ref),
            "JobDescription": description,
            "Priority": PRIORITIES.get(priority, "Normal"),
        }
        if vendor_ref:
            body["VendorId"] = vendor_ref
        if instructions:
            body["VendorInstructions"] = instructions
        try:
            answer = self._context.http.post_json("/work_orders", body, idempotency_key=idempotency_key)
        except ProviderPaused as error:
            raise in_words(error, now=now()) from error
        if not isinstance(answer, dict) or not answer.get("Id"):
            raise ContractChanged(detail="POST /work_orders did not answer an object with an Id.")
        return CreatedWorkOrder(provider_id=str(answer["Id"]), link=str(answer.get("Link") or ""))

    def _place(self, lot: str) -> Row:
        for unit in self._api.by_ids("/units", [lot]):
            return {"PropertyId": unit.get("PropertyId"), "UnitId": lot}
        for place in self._api.by_ids("/properties", [lot]):
            return {"PropertyId": place["Id"]}
        raise RemoteGone("AppFolio does not list this property any more, so the work order was not sent.")


def _from(request: ReadRequest) -> str:
    return BEGINNING if request.full else since(request.cursor)


def _chunks(rows: Iterable[Row], *, is_sweep: bool) -> Iterator[Page]:
    """Pages of a size that one short transaction takes; no row at all is one empty page."""
    page: list[Row] = []
    made = False
    for row in rows:
        page.append(row)
        if len(page) == CHUNK:
            yield Page(page, is_sweep=is_sweep)
            page, made = [], True
    if page or not made:
        yield Page(page, is_sweep=is_sweep)
