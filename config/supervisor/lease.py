"""One supervisor a checkout, and the cleaning up after one that was killed."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from .child import kill_group
from .plan import CannotStart


class Lease:
    """Held while a supervisor runs; the kernel frees it however the supervisor ends."""

    def __init__(self, local: Path) -> None:
        self._lock_path = local / "supervisor.lock"
        self._state_path = local / "supervisor.json"
        self._handle: IO[str] | None = None

    def take(self) -> None:
        """Become the only one. Raises CannotStart, naming the address, when another supervisor runs here."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        handle = self._lock_path.open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.close()
            where = self._read().get("address", "an address it has not printed yet")
            raise CannotStart(f"PropertyTracker runs already, at {where}. Stop that one with Ctrl-C first.") from error
        self._handle = handle
        self._end_leftovers()

    def note(self, address: str, pids: Iterable[int]) -> None:
        """Write down what runs, so that the next supervisor can end it should this one be killed."""
        children = {}
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                children[str(pid)] = psutil.Process(pid).create_time()
        self._state_path.write_text(json.dumps({"address": address, "children": children}))

    def release(self) -> None:
        """Let the next one in."""
        if self._handle is not None:
            self._state_path.unlink(missing_ok=True)
            self._handle.close()
            self._handle = None

    def _read(self) -> dict[str, dict[str, float]]:
        try:
            state: dict[str, dict[str, float]] = json.loads(self._state_path.read_text())
        except (OSError, ValueError):
            return {}
        return state

    def _end_leftovers(self) -> None:
        for pid, created in self._read().get("children", {}).items():
            try:
                process = psutil.Process(int(pid))
                # The same number and the same start: it is the child that was written down.
                if process.create_time() != created:
                    continue
                family = process.children(recursive=True)
            except psutil.NoSuchProcess:
                continue
            kill_group(int(pid))
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            psutil.wait_procs([process, *family], timeout=10)
        self._state_path.unlink(missing_ok=True)
