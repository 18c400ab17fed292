"""Start, recognise and end server processes, also those that an earlier process started."""

from __future__ import annotations

import atexit
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from .layout import ServerUser

# Servers that this very process started: it is their parent, so it must reap them.
_children: dict[int, subprocess.Popen[bytes]] = {}


@atexit.register
def _reap() -> None:
    """Take the exit status of those that something else ended meanwhile."""
    for child in _children.values():
        child.poll()


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the file lock `path`; the kernel frees it when the holder dies, however it dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def spawn(
    arguments: Sequence[str | Path], *, log: Path, directory: Path, user: ServerUser | None = None
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that a Ctrl-C in our terminal does not reach it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [os.fspath(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=directory,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    _children[process.pid] = process
    return process


def find(pid: int, *, directory: Path, names: Sequence[str]) -> psutil.Process | None:
    """The live server with this number: by its name and working directory, because numbers are used again."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        return None
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith(tuple(names)):
            return None
        return process if Path(process.cwd()) == directory.resolve() else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def end(process: psutil.Process, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait its seconds, until the process is gone."""
    for number, seconds in signals:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            return
        if _gone(process, seconds):
            return


def _gone(process: psutil.Process, seconds: float) -> bool:
    """Wait for its end; a child of ours is reaped, a stranger's zombie counts as gone."""
    child = _children.get(process.pid)
    if child is not None:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        del _children[process.pid]
        return True
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def tail(path: Path, lines: int = 8) -> str:
    """The end of a log, for an error message."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
