"""The two kinds of list that jobs need: what changed since a stamp, and each job's accepted quotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from integrations.contracts import PropertyCalls
from integrations.errors import PropertySetAside, RemoteGone
from integrations.http import HttpClient
from integrations.paging import rows_of
from integrations.providers.propertyme import SPEC
from integrations.providers.propertyme.edge import scrub
from integrations.records import Page, ReadRequest

Row = dict[str, Any]
CHUNK = 500
# The cursor of a read that must begin again; a blank one would leave the last page's in place.
BEGINNING = "0"


def changed_rows(http: HttpClient, path: str, request: ReadRequest, **more: str | int) -> tuple[list[Row], str]:
    """Rows of a list with a `Timestamp` above the cursor, without what may not be kept, and the next cursor.

    The stamp is an opaque rising number beyond 2^53, so it is kept as text. A row without one cannot move the cursor.
    """
    since = "0" if request.full else request.cursor or "0"
    rows = rows_of(http.get_json(path, {"Timestamp": since, **more}), path)
    stamps = [row["Timestamp"] for row in rows if row.get("Timestamp").__class__ is int]
    newest = max([*stamps, int(request.cursor or 0)])
    for row in rows:
        scrub(row)
    return rows, str(newest) if newest else ""


def chunks(rows: list[Row], cursor: str, *, is_sweep: bool) -> Iterator[Page]:
    """One long answer as pages of a size that one short transaction takes; an empty answer is one empty page."""
    for start in range(0, max(len(rows), 1), CHUNK):
        yield Page(rows[start : start + CHUNK], cursor=cursor, is_sweep=is_sweep, expected=len(rows))


class JobList:
    """Jobs, each with its accepted quotation."""

    def __init__(self, http: HttpClient, property_calls: PropertyCalls) -> None:
        self._http = http
        self._property_calls = property_calls

    def pages(self, request: ReadRequest, *, only: Callable[[Row], bool] | None = None) -> Iterator[Page]:
        """Jobs that changed (those that `only` chooses), with `Quotation` where a quotation was accepted.

        Jobs of a property whose calls fail are left out, and the read then ends where it began: the next one asks for
        them again, and none of them counts as missing.
        """
        rows, cursor = changed_rows(self._http, "/v1/jobtasks", request)
        is_whole = True
        for page in chunks([row for row in rows if only is None or only(row)], cursor, is_sweep=request.full):
            left_out = self._add_quotations(page.rows)
            is_whole = is_whole and not left_out
            if is_whole:
                yield page
            else:
                kept = [row for row in page.rows if row.get("Id") not in left_out]
                yield replace(page, rows=kept, cursor=request.cursor or BEGINNING, is_sweep=False)

    def _add_quotations(self, jobs: list[Row]) -> set[str]:
        """Adds what was accepted; answers the ids of the jobs whose property is set aside."""
        accepted = [job for job in jobs if job.get("QuoteId") and job.get("Id")]
        left_out: set[str] = set()
        if not accepted:
            return left_out
        with ThreadPoolExecutor(SPEC.parallel_pages, thread_name_prefix="quotations") as pool:
            for job, answer in zip(accepted, pool.map(self._try_quotation, accepted), strict=True):
                try:
                    found = self._quotation(job) if answer is None else answer
                except PropertySetAside:
                    left_out.add(job["Id"])
                    continue
                quote = _accepted(found, str(job["QuoteId"]))
                if quote is not None:
                    job["Quotation"] = scrub(quote)
        return left_out

    def _try_quotation(self, job: Row) -> Any:
        # Helper threads neither wait nor refresh: what fails here is asked again by the reader.
        return self._property_calls.attempt(_lot(job), lambda: self._http.try_json(_path(job)))

    def _quotation(self, job: Row) -> Any:
        try:
            return self._property_calls.call(_lot(job), lambda: self._http.get_json(_path(job)))
        except RemoteGone:
            return []


def _lot(job: Row) -> str:
    return str(job.get("LotId") or f"job {job['Id']}")


def _path(job: Row) -> str:
    return f"/v1/jobtasks/{job['Id']}/quotations"


def _accepted(answer: Any, quote_id: str) -> Row | None:
    """The quotation that the job names as accepted. The contract says one object; a list of them is understood too."""
    quotes = answer if isinstance(answer, list) else [answer]
    return next((quote for quote in quotes if isinstance(quote, dict) and quote.get("Id") == quote_id), None)
