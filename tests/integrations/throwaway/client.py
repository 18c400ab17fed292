from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.contracts import AdapterContext
from integrations.errors import RecordRejected
from integrations.records import (
    Account,
    Address,
    AnyRecord,
    BillRecord,
    JobRecord,
    Page,
    PaymentRecord,
    PropertyRecord,
    ReadRequest,
    Resource,
    TenancyRecord,
)

PATHS = {
    Resource.PROPERTY: "/cottages",
    Resource.TENANCY: "/lets",
    Resource.JOB: "/repairs",
    Resource.PAYMENT: "/receipts",
    Resource.BILL: "/invoices",
}


class PlainCottageAdapter:
    """Cottage Keeper lists each kind in one answer; money is text, keys are numbers."""

    def __init__(self, context: AdapterContext) -> None:
        self._http = context.http

    def account(self) -> Account:
        me = self._http.get_json("/me")
        return Account(account_id=str(me["key"]), name=str(me["name"]))

    def probe_ledger_mode(self) -> str:
        return "line"

    def properties(self, request: ReadRequest) -> Iterator[Page]:
        yield self._list("/cottages")

    def tenancies(self, request: ReadRequest) -> Iterator[Page]:
        yield self._list("/lets")

    def maintenance_jobs(self, request: ReadRequest) -> Iterator[Page]:
        yield self._list("/repairs")

    def bills(self, request: ReadRequest) -> Iterator[Page]:
        yield self._list("/invoices")

    def rent_payments(self, request: ReadRequest) -> Iterator[Page]:
        since = "" if request.full else request.cursor
        page = self._list("/receipts", since=since)
        newest = max([since, *(str(row["on"]) for row in page.rows)])
        yield Page(page.rows, cursor=newest, is_sweep=not since)

    def normalise(self, resource: Resource, row: Mapping[str, Any]) -> AnyRecord:
        try:
            return self._record(resource, row)
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise RecordRejected("Cottage Keeper sent this record incomplete.", detail=repr(error)) from error

    def _list(self, path: str, **params: str) -> Page:
        rows = self._http.get_json(path, params)
        return Page([{**row, "Id": str(row["key"])} for row in rows], is_sweep=True)

    def _record(self, resource: Resource, row: Mapping[str, Any]) -> AnyRecord:
        key = str(row["Id"])
        match resource:
            case Resource.PROPERTY:
                return PropertyRecord(key, Address(text=row["where"], suburb=row["town"], postcode=row["code"]))
            case Resource.TENANCY:
                return TenancyRecord(
                    key, str(row["cottage"]), row["who"], Decimal(row["rent"]), "weekly",
                    starts_on=date.fromisoformat(row["from"]),
                )  # fmt: skip
            case Resource.JOB:
                return JobRecord(key, str(row["cottage"]), row["what"], "new")
            case Resource.PAYMENT:
                return PaymentRecord(
                    key, str(row["cottage"]), str(row["let"]), Decimal(row["paid"]), date.fromisoformat(row["on"])
                )
            case Resource.BILL:
                return BillRecord(
                    key, str(row["cottage"]), Decimal(row["sum"]), date.fromisoformat(row["on"]), description=row["for"]
                )
        raise RecordRejected("Cottage Keeper has no records of this kind.")


class CottageAdapter(PlainCottageAdapter):
    """What events need beside: single records by their keys."""

    def fetch(self, resource: Resource, ids: Sequence[str]) -> Iterator[Page]:
        page = self._list(PATHS[resource], keys=",".join(ids))
        yield Page(page.rows)
