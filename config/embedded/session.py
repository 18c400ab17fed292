"""Who uses the private servers: the last session out stops what sessions started."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .layout import EmbeddedError
from .services import Services

TEST_SLOTS = 64
TEST_SLOT_VARIABLE = "PROPERTYTRACKER_TEST_SLOT"


class Session:
    """Use of the servers by a run that must leave nothing behind (`make run`, a test session).

    Each session holds a shared file lock. On leaving, whoever gets it exclusively was the last, and stops the
    servers if a session started them; servers that ran before any session are left alone. A killed session's lock
    is freed by the kernel, so the next one cleans up after it.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self._handle: IO[str] | None = None

    @property
    def _marker(self) -> Path:
        return self.services.layout.base / "started-by-session"

    def __enter__(self) -> Self:
        base = self.services.layout.base
        base.mkdir(parents=True, exist_ok=True)
        self._handle = (base / "sessions.lock").open("a")
        # Waits while a leaving session stops the servers.
        fcntl.flock(self._handle, fcntl.LOCK_SH)
        self.services.ensure()
        if self.services.started_here:
            self._marker.touch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> list[str]:
        """End this use; the names of the services stopped."""
        if self._handle is None:
            return []
        handle, self._handle = self._handle, None
        with handle:
            fcntl.flock(handle, fcntl.LOCK_UN)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return []
            if not self._marker.exists():
                return []
            self._marker.unlink()
            return self.services.stop()


def claim_test_slot(base: Path) -> int:
    """A number that no other live test session of this checkout has: its database and Redis are named after it.

    Child processes inherit the number of the session that started them. Raises EmbeddedError when all are taken.
    """
    inherited = os.environ.get(TEST_SLOT_VARIABLE)
    if inherited:
        return int(inherited)
    directory = base / "test-slots"
    directory.mkdir(parents=True, exist_ok=True)
    for slot in range(TEST_SLOTS):
        # Left open: the lock lasts as long as this process, and the kernel frees it.
        descriptor = os.open(directory / str(slot), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        os.environ[TEST_SLOT_VARIABLE] = str(slot)
        return slot
    raise EmbeddedError(f"{TEST_SLOTS} test sessions of this checkout run already. Wait for one to end.")
