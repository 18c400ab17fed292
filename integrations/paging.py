"""Offset-paged lists with several pages in flight: in order, in bounded memory, whole when pages repeat or overlap.

A list has neither a total nor a next link: it ends with a page that is shorter than asked for. Helper threads try each
page once; whatever fails there is asked again by the reader, in its own thread, with waits and with fresh tokens. So
only the reader ever waits, refreshes or touches the database.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from integrations.errors import ContractChanged, NotNow, ReauthRequired, TransientError

Row = dict[str, Any]
# How often a page that shows only what was seen before is asked again before the run stops.
REPEATS_ALLOWED = 2


class Reader(Protocol):
    """What a list is read with: integrations.http.HttpClient, or something in front of it."""

    def get_json(
        self, path: str, params: Mapping[str, Any] | None = None, *, failed: TransientError | None = None
    ) -> Any: ...

    def try_json(self, path: str, params: Mapping[str, Any] | None = None) -> Any: ...


@dataclass(frozen=True, slots=True)
class OffsetList:
    """Which list to read: `ident` names the field that tells two rows apart, `offset` and `size` the parameters."""

    path: str
    params: Mapping[str, Any]
    limit: int = 500
    ident: str = "Id"
    offset: str = "Offset"
    size: str = "Limit"

    def key(self, row: Row) -> Hashable:
        """What tells this row from others: its id, or all of it where it has none."""
        found = row.get(self.ident)
        return found if found.__class__ is str and found else orjson.dumps(row)

    def keys(self, rows: list[Row]) -> frozenset[Hashable]:
        """The keys of a page; quick where every row has a text as its id, as nearly all have."""
        found = [row.get(self.ident) for row in rows]
        if set(map(type, found)) == {str} and "" not in found:
            return frozenset(found)
        return frozenset(map(self.key, rows))


def rows_of(answer: Any, path: str) -> list[Row]:
    """The answer as rows. Raises ContractChanged when it is not a list of objects."""
    if not isinstance(answer, list) or not all(row.__class__ is dict for row in answer):
        raise ContractChanged(detail=f"{path} did not answer a list of objects but {answer!r:.200}")
    return answer


def offset_pages(
    http: Reader, source: OffsetList, *, start: int = 0, in_flight: int = 1
) -> Iterator[tuple[list[Row], int]]:
    """Yields (rows, offset after them), from offset `start` to the end of the list; no page at all for an empty list.

    Asks for one page at first, then for as many ahead as it takes that no page is waited for: four times as many with
    each one that was, up to `in_flight`. So a short list costs one request, and a quick provider few threads. A page
    that overlaps the one before it moves the next offset back by as much; one that only repeats what was seen is asked
    again and then raises ContractChanged. At most `in_flight` pages are held ahead.
    """
    window = _Window(http, source, in_flight)
    try:
        yield from _in_order(window, source, start)
    except BaseException:
        window.close(wait=False)
        raise
    # A read that has ended asks for nothing more afterwards: what looked beyond the end answers at once.
    window.close(wait=True)


def _in_order(window: _Window, source: OffsetList, start: int) -> Iterator[tuple[list[Row], int]]:
    offset, moved_back, repeats = start, 0, 0
    before: frozenset[Hashable] = frozenset()
    heads: set[Hashable] = set()
    while True:
        rows = window.page(offset)
        if not rows:
            return
        keys = source.keys(rows)
        head = source.key(rows[0])
        overlap = len(keys & before)
        if overlap == len(keys) or head in heads:
            repeats += 1
            if repeats > REPEATS_ALLOWED:
                raise ContractChanged(
                    "The provider repeats a page of its list instead of going on, so the rest could not be read.",
                    detail=f"{source.path} at offset {offset} shows rows that it has already shown.",
                )
            window.restart()
            continue
        repeats, before = 0, keys
        heads.add(head)
        if offset == start and 0 < len(rows) < window.stride and len(rows) % 50 == 0:
            # A server that caps Limit sends a round number of rows: only an empty page after it proves the end.
            window.stride = len(rows)
        is_last = len(rows) < window.stride
        # What overlaps beyond our own last step back: the list has shifted, or this page alone began too early. In the
        # second case only a step back finds the rows after it; in the first it costs rows that are seen twice.
        moved_back = max(0, overlap - moved_back)
        offset += len(rows) - moved_back
        if moved_back:
            window.restart()
        if not is_last:
            window.look_ahead(offset)
        yield rows, offset
        if is_last:
            return


class _Window:
    """Pages asked for ahead of the reader, keyed by their offset."""

    def __init__(self, http: Reader, source: OffsetList, most: int) -> None:
        self.stride = source.limit
        self._http, self._source, self._most = http, source, max(1, most)
        self._width = 1
        self._waited = True
        self._ahead: deque[tuple[int, Future[Any]]] = deque()
        self._pool: ThreadPoolExecutor | None = None

    def restart(self) -> None:
        """Forget what was asked for ahead and go on one page at a time."""
        for _, future in self._ahead:
            future.cancel()
        self._ahead.clear()
        self._width = 1
        self._waited = True

    def close(self, *, wait: bool) -> None:
        """Ask for nothing more; answers under way are dropped when they come, or waited for."""
        self.restart()
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=True)

    def look_ahead(self, offset: int) -> None:
        """Ask for the pages from `offset` on while the reader is busy with its page."""
        if self._waited:
            self._width = min(self._most, self._width * 4)
        if self._width > 1:
            self._fill(offset)

    def page(self, offset: int) -> list[Row]:
        """The rows at an offset."""
        if self._ahead and self._ahead[0][0] != offset:
            self.restart()
        if not self._ahead:
            return rows_of(self._http.get_json(self._source.path, self._params(offset)), self._source.path)
        self._fill(offset)
        return rows_of(self._answer(offset, self._ahead.popleft()[1]), self._source.path)

    def _fill(self, offset: int) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._most, thread_name_prefix="pages")
        last = self._ahead[-1][0] if self._ahead else offset - self.stride
        while len(self._ahead) < self._width:
            last += self.stride
            self._ahead.append((last, self._pool.submit(self._http.try_json, self._source.path, self._params(last))))

    def _answer(self, offset: int, future: Future[Any]) -> Any:
        self._waited = not future.done()
        try:
            return future.result()
        except (NotNow, ReauthRequired):
            self.restart()
            return self._http.get_json(self._source.path, self._params(offset))
        except TransientError as error:
            # The provider is in trouble: one page at a time from here, and this attempt counts as the first.
            self.restart()
            return self._http.get_json(self._source.path, self._params(offset), failed=error)

    def _params(self, offset: int) -> dict[str, Any]:
        return {**self._source.params, self._source.offset: offset, self._source.size: self._source.limit}
