"""A second writer: while the reader's thread lands one chunk, another lands the next, in a session of its own.

Only chunks whose records are all new to the mirror are handed over. They touch no row that another chunk touches, so
the order in which they commit does not matter; each is whole or not there, as ever. The database has more than one
core, and a first import is bound by it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from django.db import connection

Item = TypeVar("Item")
Result = TypeVar("Result")


class SecondWriter(Generic[Item, Result]):
    """Runs `work` on one item at a time beside its owner. Started with its first item."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self._work = work
        self._inbox: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Result | BaseException] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy = False

    def is_free(self) -> bool:
        """Whether it can take an item at once. An answer that is ready must have been taken first."""
        return not self._busy

    def hand(self, item: Item) -> None:
        """Gives it an item. Call only when it is free."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="second-writer", daemon=True)
            self._thread.start()
        self._busy = True
        self._inbox.put(item)

    def take(self, *, wait: bool) -> Result | None:
        """The result of the item in hand; None when there is none (yet). Raises what the work raised."""
        if not self._busy or (not wait and self._outbox.empty()):
            return None
        found = self._outbox.get()
        self._busy = False
        if isinstance(found, BaseException):
            raise found
        return found

    def stop(self) -> None:
        """Waits for the item in hand; nothing is written afterwards. A result that was not taken is dropped."""
        if self._thread is not None:
            self._inbox.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            while (item := self._inbox.get()) is not None:
                try:
                    self._outbox.put(self._work(item))
                except BaseException as error:  # noqa: BLE001  # handed to the owner, which raises it
                    self._outbox.put(error)
        finally:
            # A thread's session ends with the thread.
            connection.close()


@contextmanager
def second_writer(work: Callable[[Item], Result]) -> Iterator[SecondWriter[Item, Result]]:
    """A second writer for the block; at its end, however it ends, nothing is being written any more."""
    writer = SecondWriter(work)
    try:
        yield writer
    finally:
        writer.stop()
