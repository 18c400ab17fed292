"""The two ways to a ledger: line by line where the API lists lines, else derived from totals and quotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.contracts import Received
from integrations.errors import RecordRejected
from integrations.http import HttpClient
from integrations.paging import OffsetList, offset_pages, rows_of
from integrations.providers.propertyme import SPEC
from integrations.providers.propertyme.edge import scrub
from integrations.providers.propertyme.jobs import JobList
from integrations.providers.propertyme.values import money
from integrations.records import Page, ReadRequest

Row = dict[str, Any]
CHUNK = 500
# Receipts are corrected and back-dated for weeks after their day; a date cursor alone would miss those.
OVERLAP = timedelta(days=35)
DONE = frozenset({"Finished", "Closed", "Completed"})


def local_today(zone: str) -> date:
    """Today's date where the agency is."""
    return datetime.now(ZoneInfo(zone)).date()


class LineLedger:
    """Receipts row by row."""

    RECEIPTS = "/v1/dashboards/transactions"
    BILLS = "/v1/bills"
    # Above every stamp there is: asks whether a list exists without fetching it.
    NEVER = str(2**63 - 1)
    FIRST, LAST = "1990-01-01", "2099-12-31"

    def __init__(self, http: HttpClient, zone: str) -> None:
        self._http = http
        self._zone = zone

    def receipts(self, request: ReadRequest) -> Iterator[Page]:
        """All receipts when full, else those from 35 days before the newest one seen. Resumes at request.position."""
        start = self.FIRST
        if request.cursor and not request.full:
            start = (date.fromisoformat(request.cursor) - OVERLAP).isoformat()
        source = OffsetList(self.RECEIPTS, {"From": start, "To": self.LAST})
        today = local_today(self._zone).isoformat()
        newest = request.cursor
        is_empty = True
        for rows, position in offset_pages(self._http, source, start=request.position, in_flight=SPEC.parallel_pages):
            is_empty = False
            for row in rows:
                scrub(row)
            newest = _newest(rows, so_far=newest, today=today)
            yield Page(rows, cursor=newest, position=position, is_sweep=request.full)
        if is_empty:
            yield Page([], cursor=newest, position=request.position, is_sweep=request.full)


def _newest(rows: list[Row], *, so_far: str, today: str) -> str:
    # The newest day seen and not the day of reading: after a quiet month, what comes late for an earlier day is still
    # within the overlap. A day in the future would skip what comes before it.
    days = {day for row in rows if isinstance(day := row.get("TransactionDate"), str)}
    written = {day[:10] for day in days if day[:2] in ("19", "20")}
    # A day that no calendar has would stop every later read at its cursor.
    real = next((day for day in sorted(written, reverse=True) if _is_day(day)), "")
    return max(so_far, min(today, real))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class DerivedLedger:
    """Receipts from the rise of TotalRentPaid, bills from accepted quotations. Each row says that it is derived."""

    def __init__(
        self, http: HttpClient, jobs: JobList, received: Callable[[], Mapping[str, Received]], zone: str
    ) -> None:
        self._http = http
        self._jobs = jobs
        self._received = received
        self._zone = zone

    def receipts(self, request: ReadRequest) -> Iterator[Page]:
        """One row for each lease whose total has moved since what we have recorded.

        The first sight of a lease is its baseline: all that was paid before we began. The row's id carries how many
        rows the lease had before, so that a total that falls and rises to the same figure makes rows of its own, and
        a read that is repeated after a crash makes the very same rows.
        """
        path = "/v1/tenancies/balances"
        known = self._received()
        today = local_today(self._zone).isoformat()
        found = (self._rise(row, known, today) for row in rows_of(self._http.get_json(path), path))
        rows = [row for row in found if row is not None]
        for start in range(0, max(len(rows), 1), CHUNK):
            yield Page(rows[start : start + CHUNK], cursor=today)

    def _rise(self, balance: Row, known: Mapping[str, Received], today: str) -> Row | None:
        tenancy = str(balance.get("Id") or "")
        try:
            total = money(balance.get("TotalRentPaid"), "total of rent paid")
        except RecordRejected:
            # Without a total there is nothing to tell; the lease itself is shown with its own reading.
            return None
        before = known.get(tenancy)
        if not tenancy or (before is not None and before.total == total):
            return None
        return {
            "Id": f"{tenancy}~{total}~{before.rows if before else 0}",
            "TenancyId": tenancy,
            "LotId": balance.get("LotId"),
            "TenantName": balance.get("Name"),
            "Type": "Rent",
            "Amount": str(total - (before.total if before else Decimal(0))),
            "TotalRentPaid": str(total),
            "TransactionDate": today,
            "Derived": True,
            "Baseline": before is None,
        }

    def bills(self, request: ReadRequest) -> Iterator[Page]:
        """One bill for each finished job with an accepted quotation."""
        for page in self._jobs.pages(request, only=_is_done):
            bills = [_bill(row) for row in page.rows if row.get("Quotation")]
            yield Page(bills, cursor=page.cursor, is_sweep=page.is_sweep)


def _is_done(job: Row) -> bool:
    return job.get("Status") in DONE and bool(job.get("QuoteId"))


def _bill(job: Row) -> Row:
    quote = job["Quotation"]
    return {
        "Id": f"job~{job['Id']}~{job['QuoteId']}",
        "LotId": job.get("LotId"),
        "JobTaskId": job["Id"],
        "SupplierReference": job.get("SupplierReference") or quote.get("ContactReference"),
        "Detail": job.get("Summary"),
        "Reference": job.get("DisplayNumber"),
        "Amount": quote.get("Amount"),
        "DueDate": job.get("ClosedOn") or job.get("UpdatedOn"),
        "Status": job.get("Status"),
        "Derived": True,
    }
