"""Buildium's lists: limit and offset in the order of a unique field, with the total in a header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from integrations.errors import ContractChanged, RemoteGone, TransientError
from integrations.http import HttpClient, Params
from integrations.paging import OffsetList, offset_pages
from integrations.providers.buildium import SPEC

Row = dict[str, Any]
# The largest page there is; Buildium takes a larger limit for this one.
PAGE = 1000
# A query string of more than 4,096 characters is answered 500. What offset, limit and order add is kept free.
LONGEST_QUERY = 4096 - 96


class Lists:
    """Reads lists page by page; `total` is what X-Total-Count of the last answer said."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self.total: int | None = None

    def pages(
        self, path: str, params: Params | None = None, *, start: int = 0, ident: str = "Id"
    ) -> Iterator[tuple[list[Row], int]]:
        """Pages from offset `start` with the offset after each. Raises ContractChanged where the list is withdrawn."""
        source = OffsetList(
            path, {**(params or {}), "orderby": f"{ident} asc"}, limit=PAGE, ident=ident, offset="offset", size="limit"
        )
        self.total = None
        try:
            yield from offset_pages(self, source, start=start, in_flight=SPEC.parallel_pages)
        except RemoteGone as error:
            # Buildium answers 410 for lists that it has withdrawn: asking again never helps.
            raise ContractChanged(
                "Buildium no longer offers one of the lists that we read, so nothing was changed. We look into it.",
                detail=error.detail,
            ) from error

    def rows(self, path: str, params: Params | None = None, *, ident: str = "Id") -> list[Row]:
        """The whole list."""
        return [row for page, _ in self.pages(path, params, ident=ident) for row in page]

    def rows_for(self, path: str, name: str, ids: Iterable[int], params: Mapping[str, str] | None = None) -> list[Row]:
        """The rows of a list that belong to the ids, in as many requests as the length of a query string demands."""
        found: list[Row] = []
        for some in in_queries(name, ids, params or {}):
            found += self.rows(path, {**(params or {}), name: some})
        return found

    # --- what integrations.paging reads with ----------------------------------------------------------------------
    def get_json(self, path: str, params: Params | None = None, *, failed: TransientError | None = None) -> Any:
        return self._http.get_json(path, params, failed=failed, note=self._note)

    def try_json(self, path: str, params: Params | None = None) -> Any:
        return self._http.try_json(path, params, note=self._note)

    def _note(self, headers: Mapping[str, str]) -> None:
        found = headers.get("X-Total-Count", "")
        if found.isdecimal():
            self.total = int(found)


def in_queries(name: str, ids: Iterable[int], params: Mapping[str, str]) -> Iterator[list[str]]:
    """The ids in ascending order, as many at a time as one query string may hold beside the other parameters."""
    room = LONGEST_QUERY - len(urlencode(params))
    some: list[str] = []
    used = 0
    for ident in map(str, sorted(set(ids))):
        costs = len(name) + len(ident) + 2
        if some and used + costs > room:
            yield some
            some, used = [], 0
        some.append(ident)
        used += costs
    if some:
        yield some
