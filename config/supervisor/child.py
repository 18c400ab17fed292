"""One supervised process: its log, its restarts, and its certain end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

# Start again at once, then ever more slowly; a child that stayed up this long starts again at once.
_FIRST_DELAY, _LONGEST_DELAY, _STEADY_SECONDS = 0.5, 30.0, 60.0
_NOTABLE = re.compile(r"\b(WARNING|WARN|ERROR|CRITICAL|Traceback)\b")


@dataclass(frozen=True)
class Command:
    """What to run. `ready` matches the log line that says it is up; None means that being started is enough."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None


class Child:
    """Runs a command in a process group of its own, again and again until told to stop.

    All output goes to `log_dir/<name>.log`; warnings and errors are passed to `say` as well (everything when
    `verbose`).
    """

    def __init__(
        self,
        command: Command,
        *,
        directory: Path,
        log_dir: Path,
        say: Callable[[str, str], None],
        verbose: bool = False,
    ) -> None:
        self.command = command
        self.log = log_dir / f"{command.name}.log"
        self.ready = threading.Event()
        self._directory = directory
        self._say = say
        self._verbose = verbose
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._started_at = 0.0
        self._again_at = 0.0
        self._delay = _FIRST_DELAY
        self._family: list[psutil.Process] = []

    @property
    def pid(self) -> int | None:
        """The process number while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the process."""
        self.ready.clear()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            list(self.command.arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            cwd=self._directory,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.command.environment},
            # A Ctrl-C in the terminal reaches the supervisor alone, which then ends the children in order.
            start_new_session=True,
        )
        self._started_at = time.monotonic()
        if self.command.ready is None:
            self.ready.set()
        self._reader = threading.Thread(target=self._read, args=[self._process.stdout], daemon=True)
        self._reader.start()

    def tend(self) -> None:
        """Start it again when it ended by itself and its waiting time is over."""
        if self._process is None:
            return
        now = time.monotonic()
        if self._process.poll() is None:
            if now - self._started_at > _STEADY_SECONDS:
                self._delay = _FIRST_DELAY
            return
        if not self._again_at:
            kill_group(self._process.pid)
            self._again_at = now + self._delay
            ending = describe_exit(self._process.returncode)
            self._say(self.command.name, f"{ending}; starting it again in {self._delay:g} s. Its log: {self.log}")
            self._delay = min(self._delay * 2, _LONGEST_DELAY)
        elif now >= self._again_at:
            self._again_at = 0.0
            self._close(self._process)
            self.start()

    def ask_to_stop(self) -> None:
        """Ask politely. Only the main process is asked: it lets its own workers finish what they do."""
        if self._process is not None and self.pid is not None:
            self._family = _descendants(self._process.pid)
            self._process.send_signal(signal.SIGTERM)

    def stop(self, deadline: float) -> bool:
        """Wait until `deadline` (monotonic seconds), then kill; nothing of it is left.

        True when it ended by itself. Call `ask_to_stop` first.
        """
        process, self._process = self._process, None
        if process is None:
            return True
        polite = True
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            polite = False
        kill_group(process.pid)
        # One that left the group is ended too.
        for member in self._family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        self._close(process)
        return polite

    def _close(self, process: subprocess.Popen[str]) -> None:
        if self._reader is not None:
            self._reader.join(2)
        if process.stdout is not None:
            process.stdout.close()

    def _read(self, output: IO[str]) -> None:
        ready = re.compile(self.command.ready) if self.command.ready else None
        with self.log.open("a", encoding="utf-8") as log, suppress(ValueError):
            for line in output:
                log.write(line)
                log.flush()
                if ready is not None and not self.ready.is_set() and ready.search(line):
                    self.ready.set()
                if self._verbose or _NOTABLE.search(line):
                    self._say(self.command.name, line.rstrip())


def kill_group(leader: int) -> None:
    """Kill every process of the group that `leader` began."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def describe_exit(code: int) -> str:
    """An exit status in words."""
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
