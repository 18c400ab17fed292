"""The two kinds of list that jobs need: what changed since a stamp, and each job's accepted quotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from integrations.errors import IntegrationError, RemoteGone
from integrations.http import HttpClient
from integrations.paging import rows_of
from integrations.providers.propertyme import SPEC
from integrations.providers.propertyme.edge import scrub
from integrations.records import Page, ReadRequest

Row = dict[str, Any]
CHUNK = 500


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

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def pages(self, request: ReadRequest, *, only: Callable[[Row], bool] | None = None) -> Iterator[Page]:
        """Jobs that changed (those that `only` chooses), with `Quotation` where a quotation was accepted."""
        rows, cursor = changed_rows(self._http, "/v1/jobtasks", request)
        for page in chunks([row for row in rows if only is None or only(row)], cursor, is_sweep=request.full):
            self._add_quotations(page.rows)
            yield page

    def _add_quotations(self, jobs: list[Row]) -> None:
        accepted = [job for job in jobs if job.get("QuoteId") and job.get("Id")]
        if not accepted:
            return
        with ThreadPoolExecutor(SPEC.parallel_pages, thread_name_prefix="quotations") as pool:
            for job, answer in zip(accepted, pool.map(self._try_quotation, accepted), strict=True):
                quote = _accepted(self._quotation(job) if answer is None else answer, str(job["QuoteId"]))
                if quote is not None:
                    job["Quotation"] = scrub(quote)

    def _try_quotation(self, job: Row) -> Any:
        # Helper threads neither wait nor refresh: what fails here is asked again by the reader.
        try:
            return self._http.try_json(_path(job))
        except IntegrationError:
            return None

    def _quotation(self, job: Row) -> Any:
        try:
            return self._http.get_json(_path(job))
        except RemoteGone:
            return []


def _path(job: Row) -> str:
    return f"/v1/jobtasks/{job['Id']}/quotations"


def _accepted(answer: Any, quote_id: str) -> Row | None:
    """The quotation that the job names as accepted. The contract says one object; a list of them is understood too."""
    quotes = answer if isinstance(answer, list) else [answer]
    return next((quote for quote in quotes if isinstance(quote, dict) and quote.get("Id") == quote_id), None)
