"""The ledgers of leases: which of them moved, and their lines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from integrations.contracts import PropertyCalls
from integrations.errors import PropertySetAside, RemoteGone
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
# The cursor of a read that must begin again; a blank one would leave the last page's in place.
BEGINNING = "2000-01-01T00:00:00Z"
# Leases whose lines make one page.
TOGETHER = 25


class Ledger:
    """Lines of leases' ledgers, each with its lease's home and tenants."""

    def __init__(self, http: HttpClient, lists: Lists, property_calls: PropertyCalls) -> None:
        self._http = http
        self._lists = lists
        self._property_calls = property_calls

    def payments(self, *, cursor: str, since: str) -> Iterator[Page]:
        """Ledger lines of all leases, or of those that moved since a moment.

        A lease that moved is read whole: a handful of its lines changed, and one request has them all. Leases of a home
        whose calls fail are left out; the read then ends where it began, and none of their lines counts as missing.
        """
        moved = self.moved_since(since) if since else None
        leases = [] if moved is not None and not moved else self._lists.rows("/v1/leases")
        wanted = [lease for lease in leases if moved is None or lease["Id"] in moved]
        is_whole = True
        for start in range(0, max(len(wanted), 1), TOGETHER):
            lines, is_complete = self._lines(wanted[start : start + TOGETHER])
            is_whole = is_whole and is_complete
            yield Page(lines, cursor=cursor if is_whole else since or BEGINNING, is_sweep=is_whole and not since)

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

    def _lines(self, leases: list[Row]) -> tuple[list[Row], bool]:
        """The lines of these leases, and whether all could be read."""
        if not leases:
            return [], True
        with ThreadPoolExecutor(SPEC.parallel_pages, thread_name_prefix="ledgers") as pool:
            answers = list(pool.map(self._try_lines, leases))
        rows: list[Row] = []
        is_complete = True
        for lease, lines in zip(leases, answers, strict=True):
            try:
                found = (
                    self._property_calls.call(_home(lease), partial(self._all_lines, lease)) if lines is None else lines
                )
            except PropertySetAside:
                is_complete = False
                continue
            shared = {"LeaseId": lease["Id"], "LotId": text(lease.get("UnitId")), "TenantName": names_of(lease)}
            rows += [scrub({**line, "Id": str(line["Id"]), **shared}) for line in found]
        return rows, is_complete

    def _try_lines(self, lease: Row) -> list[Row] | None:
        """The ledger if the first attempt gets all of it, else None: helper threads neither wait nor repeat."""
        path = _path(lease)
        first: dict[str, str | int | list[str]] = {"orderby": "Id asc", "offset": 0, "limit": PAGE}
        found = self._property_calls.attempt(_home(lease), lambda: rows_of(self._http.try_json(path, first), path))
        return found if found is not None and len(found) < PAGE else None

    def _all_lines(self, lease: Row) -> list[Row]:
        path = _path(lease)
        try:
            # Asked first for one line, because a lease that was deleted meanwhile is no withdrawn list.
            self._http.get_json(path, {"orderby": "Id asc", "offset": 0, "limit": 1})
        except RemoteGone:
            return []
        return self._lists.rows(path)


def _home(lease: Row) -> str:
    """What a lease is of, as the mapping names it."""
    return text(lease.get("UnitId")) or f"lease {lease['Id']}"


def _path(lease: Row) -> str:
    return f"/v1/leases/{lease['Id']}/transactions"
