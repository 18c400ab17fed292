"""Reads pages ahead of the writer: while one chunk is written, the next is fetched, parsed and digested."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from integrations.records import Page, Resource
from integrations.sync.known import Known
from integrations.sync.stage import Normalise, Prepared, body, prepare

# Bounds memory whatever the size of the provider: at most this many chunks wait for the writer.
AHEAD = 3
CHUNK_ROWS = 2_000
# Where nearly nothing changed, a chunk is small and yet comes often enough to show progress and to be cancelled.
CHUNK_SEEN = 10_000
# Seconds until a thread that waits for the interpreter asks for it. Each answer of the database is waited for by a
# thread that needs the interpreter for a moment, while the fetching one is busy with it: at Python's 5 ms the writer
# would lose a third of its time.
SWITCH_SECONDS = 0.0005


@dataclass(slots=True)
class Batch:
    """Pages joined into one chunk: the rows the writer must look at, of `seen` in all.

    `cursor` and `position` are those of its last page.
    """

    prepared: Prepared
    seen: int
    cursor: str
    position: int
    is_sweep: bool
    expected: int | None
    pages: int


@dataclass(slots=True)
class Ahead:
    """Work the fetching thread takes off the writer while the writer waits for the database.

    The writer sets `eager` when a chunk was nearly all new, since then the next one is too: it is made ready here. With
    `known`, rows that the mirror holds as they are never reach the writer, and all others are made ready.
    """

    resource: Resource
    normalise: Normalise
    known: Known | None = None
    eager: bool = False


class _Stop(Exception):
    """The reader left; the fetching thread ends."""


def batches(open_pages: Callable[[], Iterator[Page]], *, version: int, ahead: Ahead) -> Iterator[Batch]:
    """Chunks of about CHUNK_ROWS rows, in the provider's order. Raises what the adapter raises."""
    box: queue.Queue[Batch | BaseException | None] = queue.Queue(maxsize=AHEAD)
    left = threading.Event()

    def put(item: Batch | BaseException | None) -> None:
        while not left.is_set():
            try:
                box.put(item, timeout=0.2)
            except queue.Full:
                continue
            return
        raise _Stop

    def fetch() -> None:
        try:
            for batch in _join(open_pages(), version=version, known=ahead.known):
                if ahead.eager or ahead.known is not None:
                    batch.prepared.bodies = [
                        body(ahead.resource, batch.prepared, place, ahead.normalise)
                        for place in range(len(batch.prepared.ids))
                    ]
                put(batch)
            put(None)
        except _Stop:
            return
        except BaseException as error:  # noqa: BLE001  # handed to the reader, which raises it
            if not left.is_set():
                try:
                    put(error)
                except _Stop:
                    return
        finally:
            # The adapter may have refreshed a token here: a thread's database connection ends with the thread.
            connection.close()

    thread = threading.Thread(target=fetch, name="pull", daemon=True)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    thread.start()
    try:
        while True:
            item = box.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        left.set()
        thread.join(timeout=5)
        sys.setswitchinterval(before)


def _join(pages: Iterator[Page], *, version: int, known: Known | None) -> Iterator[Batch]:
    held: Batch | None = None
    for page in pages:
        prepared = prepare(page.rows, version=version, known=known)
        if held is None:
            held = Batch(prepared, len(page.rows), page.cursor, page.position, page.is_sweep, page.expected, 1)
        else:
            _append(held, page, prepared)
        if len(held.prepared.ids) >= CHUNK_ROWS or held.seen >= CHUNK_SEEN:
            yield held
            held = None
    if held is not None:
        yield held


def _append(held: Batch, page: Page, prepared: Prepared) -> None:
    if prepared.doubtful is not None and held.prepared.doubtful is not None:
        held.prepared.doubtful += [place + len(held.prepared.ids) for place in prepared.doubtful]
    held.prepared.ids += prepared.ids
    held.prepared.digests += prepared.digests
    held.prepared.texts += prepared.texts
    held.prepared.rows += prepared.rows
    held.seen += len(page.rows)
    held.cursor, held.position, held.is_sweep = page.cursor, page.position, page.is_sweep
    held.expected = page.expected if page.expected is not None else held.expected
    held.pages += 1
