"""The ledgers of leases: which of them moved, and their lines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.errors import IntegrationError, RemoteGone
from integrations.http import HttpClient
from integrations.paging import rows_of
from integrations.providers.buildium import SPEC
from integrations.providers.buildium.edge import scrub
from integrations.providers.buildium.lists import PAGE, Lists
from integrations.providers.buildium.values import names_of, text
from integrations.records import Page

Row = dict[str, Any]
# How far back an entry may be dated that is booked or corrected late; older ones are found by the weekly full sync.
BACKDATED, AHEAD = timedelta(days=330), timedelta(days=35)
# Leases whose lines make one page.
TOGETHER = 25


class Ledger:
    """Lines of leases' ledgers, each with its lease's home and tenants."""

    def __init__(self, http: HttpClient, lists: Lists) -> None:
        self._http = http
        self._lists = lists

    def payments(self, *, cursor: str, since: str) -> Iterator[Page]:
        """Ledger lines of all leases, or of those that moved since a moment.

        A lease that moved is read whole: a handful of its lines changed, and one request has them all.
        """
        moved = self.moved_since(since) if since else None
        leases = [] if moved is not None and not moved else self._lists.rows("/v1/leases")
        wanted = [lease for lease in leases if moved is None or lease["Id"] in moved]
        for start in range(0, max(len(wanted), 1), TOGETHER):
            yield Page(self._lines(wanted[start : start + TOGETHER]), cursor=cursor, is_sweep=not since)

    def moved_since(self, moment: str) -> set[int]:
        """Leases with a transaction that was booked or corrected since.

        Lease transactions cannot be asked for by their change, but the general ledger can, and it names the lease.
        """
        accounts = [row["Id"] for row in self._lists.rows("/v1/glaccounts")]
        today = datetime.now(UTC).date()
        changed = self._lists.rows_for(
            "/v1/generalledger/transactions",
            "glaccountids",
            accounts,
            {
                "startdate": (today - BACKDATED).isoformat(),
                "enddate": (today + AHEAD).isoformat(),
                "lastupdatedfrom": moment,
            },
        )
        agreements = (row.get("UnitAgreement") for row in changed)
        return {found["Id"] for found in agreements if isinstance(found, dict) and found.get("Type") == "Lease"}

    def _lines(self, leases: list[Row]) -> list[Row]:
        if not leases:
            return []
        with ThreadPoolExecutor(SPEC.parallel_pages, thread_name_prefix="ledgers") as pool:
            answers = list(pool.map(self._try_lines, leases))
        rows: list[Row] = []
        for lease, lines in zip(leases, answers, strict=True):
            found = self._all_lines(lease) if lines is None else lines
            shared = {"LeaseId": lease["Id"], "LotId": text(lease.get("UnitId")), "TenantName": names_of(lease)}
            rows += [scrub({**line, "Id": str(line["Id"]), **shared}) for line in found]
        return rows

    def _try_lines(self, lease: Row) -> list[Row] | None:
        """The ledger if the first attempt gets all of it, else None: helper threads neither wait nor repeat."""
        path = _path(lease)
        try:
            found = rows_of(self._http.try_json(path, {"orderby": "Id asc", "offset": 0, "limit": PAGE}), path)
        except IntegrationError:
            return None
        return found if len(found) < PAGE else None

    def _all_lines(self, lease: Row) -> list[Row]:
        path = _path(lease)
        try:
            # Asked first for one line, because a lease that was deleted meanwhile is no withdrawn list.
            self._http.get_json(path, {"orderby": "Id asc", "offset": 0, "limit": 1})
        except RemoteGone:
            return []
        return self._lists.rows(path)


def _path(lease: Row) -> str:
    return f"/v1/leases/{lease['Id']}/transactions"
