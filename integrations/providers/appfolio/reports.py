"""The Reports API: tenants' ledgers row by row, and the match between its numbers and the database API's ids."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from integrations.errors import ContractChanged, RecordRejected
from integrations.http import HttpClient
from integrations.providers.appfolio.directory import Directory
from integrations.providers.appfolio.edge import scrub
from integrations.providers.appfolio.tenancies import Tenancies
from integrations.providers.appfolio.values import money, optional_day
from integrations.records import Page, ReadRequest

Row = dict[str, Any]
FIRST = "1990-01-01"
# Payments are entered late and corrected for weeks after their day; a date cursor alone would miss those.
DATE_OVERLAP = timedelta(days=35)
# Only what matching needs: the report would give dates of birth, telephone numbers and the like as well.
COLUMNS = (
    "occupancy_id", "tenant_integration_id", "property_name", "unit", "first_name", "last_name", "company_name",
    "move_in", "move_out",
)  # fmt: skip
_DEPOSIT = re.compile(r"\bdeposit\b", re.IGNORECASE)
_TAKEN_BACK = re.compile(r"\b(nsf|revers\w*|bounced|returned)\b", re.IGNORECASE)
_FEE = re.compile(r"\bfees?\b", re.IGNORECASE)


class Reports:
    """Asks for reports. Raises ContractChanged for an answer that is none, without repeating what it holds."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        base = urlsplit(http.base_url)
        self._base, self._host = base.path, base.netloc

    def check(self) -> None:
        """Asks for the smallest report there is, to see that the credentials work."""
        self._results(self._http.post_json("/tenant_directory.json", {"columns": ["occupancy_id"]}, repeatable=True))

    @staticmethod
    def _results(answer: Any) -> list[Row]:
        # A bare list is the form of a report that is not paged.
        rows = answer if isinstance(answer, list) else answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(row.__class__ is dict for row in rows):
            raise ContractChanged(detail="A report has no list of results.")
        return [scrub(row) for row in rows]

    def rows(self, report: str, body: Row) -> list[Row]:
        """All rows of a report, without what may not be kept."""
        path = f"/{report}.json"
        answer = self._http.post_json(path, body, repeatable=True)
        found: list[Row] = []
        seen: set[str] = set()
        while True:
            found += self._results(answer)
            following = answer.get("next_page_url") if isinstance(answer, dict) else None
            if not following:
                return found
            if following in seen:
                raise ContractChanged(detail=f"The report {report} repeats a page instead of going on.")
            seen.add(following)
            answer = self._http.get_json(self._below_base(following, report))

    def _below_base(self, following: Any, report: str) -> str:
        parts = urlsplit(following) if following.__class__ is str else None
        if (
            parts is None
            or (parts.netloc and parts.netloc != self._host)
            or not parts.path.startswith(f"{self._base}/")
        ):
            raise ContractChanged(detail=f"The report {report} names a next page elsewhere: {following!r:.200}")
        return parts.path[len(self._base) :] + (f"?{parts.query}" if parts.query else "")


class ReportsLedger:
    """Payments from the report tenant_ledger, one tenancy at a time: its rows do not say whose they are."""

    def __init__(self, reports: Reports, tenancies: Tenancies, directory: Directory, zone: str, today: date) -> None:
        self._reports = reports
        self._tenancies = tenancies
        self._directory = directory
        self._zone = zone
        self._today = today

    def payments(self, request: ReadRequest) -> Iterator[Page]:
        """All payments when full, else those from 35 days before the newest one seen."""
        start = FIRST
        if request.cursor and not request.full:
            start = (date.fromisoformat(request.cursor) - DATE_OVERLAP).isoformat()
        newest, is_empty = request.cursor, True
        for number, occupancy in self._numbers(start):
            body = {
                "parties_ids": {"occupancies_ids": [number]},
                "occurred_on_from": start,
                "occurred_on_to": self._today.isoformat(),
            }
            rows = list(self._rows(number, occupancy, self._reports.rows("tenant_ledger", body)))
            newest = max([newest, *(row["Date"] for row in rows if row["Date"])])
            if rows:
                is_empty = False
                yield Page(rows, cursor=newest, is_sweep=request.full)
        if is_empty:
            yield Page([], cursor=newest or self._today.isoformat(), is_sweep=request.full)

    def _rows(self, number: str, occupancy: str, ledger: list[Row]) -> Iterator[Row]:
        seen: Counter[str] = Counter()
        lot = self._tenancies.lot(occupancy) if occupancy else ""
        for line in ledger:
            amount = _paid(line)
            if amount is None:
                continue
            on = _iso(line.get("date"), self._zone)
            # The report numbers no row. Days are read whole, so the count among equal ones of a day never changes.
            key = f"{on or line.get('date')}~{amount}"
            seen[key] += 1
            payer, told = str(line.get("payer") or ""), str(line.get("description") or "")
            yield {
                "Id": f"{number}~{key}~{seen[key]}"[:128],
                "TenancyId": occupancy,
                "LotId": lot,
                "Date": on,
                "Payer": payer,
                "Description": told,
                "Detail": f"{payer}: {told}",
                "Amount": amount,
                "Deposit": _DEPOSIT.search(told) is not None,
            }

    def _numbers(self, start: str) -> list[tuple[str, str]]:
        """The reports' number of each tenancy with its OccupancyId, blank where it cannot be matched.

        Tenancies that ended before `start` have no payments to be read.
        """
        tenants = self._reports.rows(
            "tenant_directory",
            {
                "tenant_visibility": "all",
                "tenant_types": ["all"],
                "property_visibility": "all",
                "columns": list(COLUMNS),
            },
        )
        people: dict[str, list[Row]] = defaultdict(list)
        for row in tenants:
            if row.get("occupancy_id"):
                people[str(row["occupancy_id"])].append(row)
        matched = self._matches(people)
        return [
            (number, matched.get(number, ""))
            for number, rows in sorted(people.items())
            if any((_iso(row.get("move_out"), self._zone) or "9999") >= start for row in rows)
        ]

    def _matches(self, people: dict[str, list[Row]]) -> dict[str, str]:
        by_tenant = {
            str(tenant["Id"]).lower(): occupancy
            for occupancy, tenants in self._tenancies.tenants.items()
            for tenant in tenants
        }
        found: dict[str, str] = {}
        for number, rows in people.items():
            named = {by_tenant.get(str(row.get("tenant_integration_id") or "").lower(), "") for row in rows} - {""}
            if len(named) == 1:
                found[number] = named.pop()
        taken = set(found.values())
        ours = self._signs_of_ours(taken)
        theirs: dict[Any, set[str]] = defaultdict(set)
        for number in people.keys() - found.keys():
            for row in people[number]:
                theirs[_sign(row, self._zone)].add(number)
        for sign, numbers in theirs.items():
            if sign is not None and len(numbers) == 1 and len(ours.get(sign, ())) == 1:
                found[next(iter(numbers))] = next(iter(ours[sign]))
        # Two numbers for one tenancy would bring its payments in twice.
        uses = Counter(found.values())
        return {number: occupancy for number, occupancy in found.items() if uses[occupancy] == 1}

    def _signs_of_ours(self, taken: set[str]) -> dict[Any, set[str]]:
        signs: dict[Any, set[str]] = defaultdict(set)
        for occupancy in self._tenancies.tenants.keys() - taken:
            place, unit = self._directory.address(self._tenancies.lot(occupancy))
            for tenant in self._tenancies.tenants[occupancy]:
                row = {
                    "property_name": place,
                    "unit": unit,
                    "first_name": tenant.get("FirstName"),
                    "last_name": tenant.get("LastName"),
                    "move_in": tenant.get("MoveInOn"),
                }
                signs[_sign(row, self._zone)].add(occupancy)
        return signs


def _sign(row: Row, zone: str) -> tuple[str, ...] | None:
    """What tells a tenant from all others in both APIs; None where a part of it is missing."""
    names = [str(row.get(name) or "").strip().lower() for name in ("property_name", "unit", "first_name", "last_name")]
    moved_in = _iso(row.get("move_in"), zone)
    return (*names, moved_in) if moved_in and names[0] and names[3] else None


def _iso(value: Any, zone: str) -> str:
    try:
        found = optional_day(value, zone)
    except RecordRejected:
        return ""
    return found.isoformat() if found else ""


def _paid(line: Row) -> str | None:
    """The amount of a payment, below zero where it was taken back; None for what is no payment.

    Charges have no payer, and neither have credits that the agency gives. An amount that is no number is passed on as
    it is, so that its record is refused with the reason.
    """
    if not line.get("payer"):
        return None
    told = str(line.get("description") or "")
    for field, sign in (("credit", ""), ("debit", "-")):
        value = line.get(field)
        if value in (None, "", 0, "0", "0.00"):
            continue
        if sign and (_TAKEN_BACK.search(told) is None or _FEE.search(told) is not None):
            return None
        try:
            return str(-money(value) if sign else money(value))
        except RecordRejected:
            return str(value)[:40]
    return None
