"""Two people at one moment, without luck: a sync stopped before a chosen statement while somebody else acts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.db import connection, connections

from integrations.models import SyncRun
from integrations.sync.runner import run_sync

_SECONDS = 60


class PausedSync:
    """Carries a run out in a thread of its own, and stops it before the first statement that `is_there` chooses."""

    def __init__(self, run_id: UUID, is_there: Callable[[str], bool]) -> None:
        self._reached, self._go = threading.Event(), threading.Event()
        self._is_there = is_there
        self._pool = ThreadPoolExecutor(2)
        self._run: Future[SyncRun] = self._pool.submit(self._in_thread, lambda: self._watched(run_id))
        assert self._reached.wait(_SECONDS), "the sync never came there"

    def _in_thread(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    def _watched(self, run_id: UUID) -> SyncRun:
        def stop(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            if not self._reached.is_set() and self._is_there(sql):
                self._reached.set()
                assert self._go.wait(_SECONDS)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(stop):
            return run_sync(run_id)

    def meanwhile(self, act: Callable[[], Any]) -> None:
        """Lets somebody act while the sync stands still, then both go on to their ends. Raises what `act` raises."""
        other = self._pool.submit(self._in_thread, act)
        end = time.monotonic() + _SECONDS
        # Either they are done at once, or the database makes them wait for the sync.
        while not other.done() and not _somebody_waits():
            assert time.monotonic() < end
            time.sleep(0.005)
        self._go.set()
        self._run.result(_SECONDS)
        other.result(_SECONDS)
        self._pool.shutdown()


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database())"
        )
        return bool(cursor.fetchone()[0])
