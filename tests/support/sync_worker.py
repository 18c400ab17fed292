"""Worker processes for tests: each carries out one sync run, and may be told where to kill itself with SIGKILL.

One process starts, loads the product and then forks a child for each run, since starting Python for each would take
longer than the syncs. It speaks JSON lines: a command on its standard input, an answer on its standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# Where a child can die, by the n-th time it gets there: before and after an HTTP request, a statement or a commit, and
# in the middle of a COPY.
EVENTS = ("fetch", "fetched", "statement", "executed", "copying", "commit", "committed")
Point = tuple[str, int]


class Workers:
    """The forking process, seen from the test."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.sync_worker"],
            cwd=Path(__file__).resolve().parent.parent.parent,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def start(
        self, run_id: object, *, settings: dict[str, str], rows: int = 0, die: Point | None = None, queue: bool = False
    ) -> int:
        """Begins a run in a new process and answers its number. With `queue`, `run_id` names a connection to sync."""
        order = {"run": str(run_id), "settings": settings, "rows": rows, "die": die, "queue": queue}
        return int(self._ask({"start": order})["pid"])

    def finish(self, pid: int) -> dict[str, Any]:
        """Waits for a process: its `signal` (0 for none), and what it had to say if it was not killed."""
        return self._ask({"finish": pid})

    def finish_first(self, number: int) -> list[dict[str, Any]]:
        """Waits until this many of the processes have ended, whichever they are."""
        return [self._ask({"finish": 0}) for _ in range(number)]

    def run(self, run_id: object, **options: Any) -> dict[str, Any]:
        """`start` and `finish`."""
        return self.finish(self.start(run_id, **options))

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class Fate:
    """Counts what a child does and ends it at its point."""

    def __init__(self, point: Point | None) -> None:
        self._point = tuple(point) if point else None
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def meet(self, event: str) -> None:
        with self._lock:
            self.counts[event] += 1
            if (event, self.counts[event]) == self._point:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, before: str, after: str) -> None:
        """Lets calls of a method count as two events."""
        method: Callable[..., Any] = getattr(owner, name)

        def counted(*args: Any, **options: Any) -> Any:
            # Threads that fetch pages ahead do so more or less often, as it happens; their requests have no number.
            if threading.current_thread().name.startswith(("pages", "quotations")):
                return method(*args, **options)
            self.meet(before)
            answer = method(*args, **options)
            self.meet(after)
            return answer

        setattr(owner, name, counted)

    def attach(self) -> None:
        """Puts the points of death where the engine meets the network and the database."""
        import psycopg
        from django.db import connection
        from django.db.backends.base.base import BaseDatabaseWrapper
        from django.db.backends.signals import connection_created

        from integrations.http import HttpClient

        self.around(HttpClient, "_send", "fetch", "fetched")
        self.around(BaseDatabaseWrapper, "_commit", "commit", "committed")
        write = psycopg.Copy.write

        def write_in_halves(copy: psycopg.Copy[Any], text: Any) -> None:
            write(copy, text[: len(text) // 2])
            self.meet("copying")
            write(copy, text[len(text) // 2 :])

        psycopg.Copy.write = write_in_halves  # type: ignore[method-assign]

        def counted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
            # Two chunks that end out of order keep their place once and not twice; that statement has no number.
            if sql.startswith('UPDATE "integrations_synccursor" SET "position"'):
                return execute(sql, params, many, context)
            self.meet("statement")
            answer = execute(sql, params, many, context)
            self.meet("executed")
            return answer

        def watch(connection: Any, **_: Any) -> None:
            if counted not in connection.execute_wrappers:
                connection.execute_wrappers.append(counted)

        watch(connection)
        # The second writer has a session of its own.
        connection_created.connect(watch, weak=False)


def _put(path: str, value: Any) -> None:
    owner, _, name = path.rpartition(".")
    setattr(importlib.import_module(owner), name, value)


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """In the child: one run from its beginning to its end."""
    from django.conf import settings

    from core.errors import DomainError
    from integrations.models import Connection
    from integrations.services import sync as sync_services
    from integrations.sync.runner import run_sync
    from tests.support.small_pages import make_pages_small

    for name, value in order["settings"].items():
        setattr(settings, name, value)
    if order["rows"]:
        make_pages_small(_put, rows=order["rows"])
    fate = Fate(order["die"])
    fate.attach()
    run_id = order["run"]
    if order["queue"]:
        try:
            run_id = sync_services.queue_sync(connection=Connection.objects.get(pk=run_id)).pk
        except DomainError as error:
            return {"refused": error.code}
    before = threading.active_count()
    run = run_sync(run_id)
    left = threading.active_count() - before
    return {"status": run.status, "run": str(run.pk), "counts": fate.counts, "threads": left}


def _fork(order: dict[str, Any]) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    code = 1
    try:
        os.close(reader)
        report = _carry_out(order)
        os.write(writer, json.dumps(report).encode())
        code = 0
    except BaseException:  # noqa: BLE001  # nothing may leave the child but its end
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    import django

    django.setup()
    import integrations.sync.runner
    import integrations.tasks  # noqa: F401  # loaded once here, for all children

    pipes: dict[int, int] = {}
    for line in sys.stdin:
        command = json.loads(line)
        if "start" in command:
            pid, reader = _fork(command["start"])
            pipes[pid] = reader
            answer: dict[str, Any] = {"pid": pid}
        else:
            # A report is shorter than a pipe holds, so that a child never waits for its reader.
            pid, status = os.waitpid(command["finish"] or -1, 0)
            with os.fdopen(pipes.pop(pid)) as said:
                text = said.read()
            answer = {"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, **json.loads(text or "{}")}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
