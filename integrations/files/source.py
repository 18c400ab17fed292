"""The rows that stand: what the files provider's adapter reads, from the uploads that a person took over.

Of each kind of file, the last one that listed everything is where it begins, and each later upload is laid over it: of
two rows with one id the later counts. A full read gives all that stands; else what was taken over since the cursor, and
all that stands where one of those listed everything, so that the engine can tell what is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any

from integrations.files import store
from integrations.files.kinds import SOURCES
from integrations.models import Connection, FileUpload
from integrations.records import Account, Page, ReadRequest, Resource

PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class Part:
    """An upload that was taken over. Cursors rise in the order in which that happened."""

    cursor: str
    kind: str
    rows_as: str
    is_whole: bool


class StandingRows:
    """contracts.FileSource over parts; `opened` gives the stored file of a key."""

    def __init__(
        self, account: Account, parts: Sequence[Part], opened: Callable[[str], AbstractContextManager[IO[bytes]]]
    ) -> None:
        self._account = account
        self._parts = sorted(parts, key=lambda part: part.cursor)
        self._opened = opened

    def account(self) -> Account:
        return self._account

    def pages(self, resource: Resource, request: ReadRequest) -> Iterator[Page]:
        kinds = SOURCES[resource]
        mine = [part for part in self._parts if part.kind in kinds]
        fresh = [part for part in mine if part.cursor > request.cursor]
        cursor = mine[-1].cursor if mine else request.cursor
        is_sweep = request.full or any(part.is_whole for part in fresh)
        chosen = [part for kind in kinds for part in self._standing(kind)] if is_sweep else fresh
        rows: list[dict[str, Any]] = []
        sent = False
        for values in self._merged(chosen, resource):
            rows.append(values)
            if len(rows) == PAGE_ROWS:
                yield Page(rows, cursor=cursor, is_sweep=is_sweep)
                rows, sent = [], True
        if rows or not sent:
            yield Page(rows, cursor=cursor, is_sweep=is_sweep)

    def rows(self, kind: str) -> Iterator[dict[str, Any]]:
        """The standing rows of one kind of file, whatever resource they are."""
        return self._merged(self._standing(kind), None)

    def _standing(self, kind: str) -> list[Part]:
        parts = [part for part in self._parts if part.kind == kind]
        whole = [place for place, part in enumerate(parts) if part.is_whole]
        return parts[whole[-1] :] if whole else parts

    def _merged(self, parts: Sequence[Part], resource: Resource | None) -> Iterator[dict[str, Any]]:
        """Rows of several parts, the latest first; an earlier row with the same id does not count."""
        seen: set[str] = set()
        for part in sorted(parts, key=lambda item: item.cursor, reverse=True):
            with self._opened(part.rows_as) as stream:
                for kind, values in store.rows_in(stream):
                    if resource is not None and kind != resource.value:
                        continue
                    if len(parts) > 1:
                        key = values["Id"]
                        if key in seen:
                            continue
                        seen.add(key)
                    yield values


def file_source(connection: Connection) -> StandingRows:
    """The standing rows of a connection. One query."""
    uploads = FileUpload.objects.filter(connection=connection, status=FileUpload.Status.ACCEPTED).exclude(rows_as="")
    return StandingRows(
        Account(connection.account_id, connection.account_name),
        [Part(cursor_of(upload), upload.kind, upload.rows_as, upload.is_whole) for upload in uploads],
        store.opened,
    )


def cursor_of(upload: FileUpload) -> str:
    """When it was taken over, to the microsecond; services.files keeps two of a connection apart."""
    if upload.accepted_at is None:
        raise LookupError("an upload that was not taken over has no place in the order")
    return upload.accepted_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
