"""`make run` as a whole: up, refused a second time, killed, up again with its data, and gone without a trace."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.embedded import CHECKOUT, Services
from config.embedded.layout import Layout
from config.supervisor.lease import Lease
from config.supervisor.plan import is_free

OURS = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "VERBOSE"}


class Run:
    """One start of the supervisor, its lines read as they come."""

    def __init__(self, local: Path, port: int, **extra: str) -> None:
        environment = {
            name: value for name, value in os.environ.items() if name not in OURS and not name.startswith("PROPERTY")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor"],
            cwd=CHECKOUT,
            env={**environment, "PROPERTYTRACKER_LOCAL": os.fspath(local), "PORT": str(port), **extra},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.first_line = threading.Event()
        self.ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_until_ready(self) -> None:
        assert self.ready.wait(900), self.output
        assert "PropertyTracker is ready:" in self.output, self.output

    def processes(self) -> list[psutil.Process]:
        """It, its children and theirs."""
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(300)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self.first_line.set()
            if "PropertyTracker is ready:" in line:
                self.ready.set()
        # Its end sets it as well, so that a failed start shows at once what it said.
        self.ready.set()


@pytest.fixture
def local() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="pt-run-"))
    directory.chmod(0o755)
    yield directory / "local"
    # Ends what a killed run left, also when the test failed before its second start did so.
    lease = Lease(directory / "local")
    lease.take()
    lease.release()
    Services(Layout(directory / "local")).reset()
    shutil.rmtree(directory, ignore_errors=True)


def left_alive(processes: list[psutil.Process]) -> list[str]:
    _, alive = psutil.wait_procs(processes, timeout=20)
    return [" ".join(process.cmdline()) for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def answer(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    try:
        connection.request("GET", path, headers={"User-Agent": "tests"})
        return connection.getresponse().status
    finally:
        connection.close()


def rows(local: Path) -> list[tuple[object, ...]]:
    with psycopg.connect(Services(Layout(local)).postgres.url("propertytracker")) as connection:
        return connection.execute("SELECT id, email FROM access_user ORDER BY id").fetchall()


@pytest.mark.slow
def test_the_life_of_make_run(local: Path) -> None:
    port = next(number for number in range(32_000, 32_700, 2) if is_free(number) and is_free(number + 1))
    first = Run(local, port)
    started: list[psutil.Process] = []
    try:
        first.wait_until_ready()
        started = first.processes()
        assert f"PropertyTracker is ready:  http://localhost:{port}\n" in first.output
        assert answer(port, "/accounts/login/") == 200
        assert answer(port + 1, "/.well-known/openid-configuration") == 200
        people = rows(local)
        assert people, "the demo organisation has people"

        second = Run(local, port + 10)
        assert second.process.wait(300) == 1
        second._reader.join(10)
        second.process.stdout.close()  # type: ignore[union-attr]
        assert second.output == (
            f"PropertyTracker runs already, at http://localhost:{port}. Stop that one with Ctrl-C first.\n"
        )
    finally:
        first.end(signal.SIGKILL)

    again = Run(local, port)
    try:
        again.wait_until_ready()
        private_servers = [
            psutil.Process(int((local / "postgres" / "postmaster.pid").read_text().split("\n")[0])),
            psutil.Process(json.loads((local / "redis" / "state.json").read_text())["pid"]),
        ]
        # Those of the killed run are gone, except for the servers, which the second run found and owns now.
        survivors = [process for process in started if process not in private_servers]
        survivors = [p for p in survivors if p not in psutil.Process(private_servers[0].pid).children(recursive=True)]
        assert left_alive(survivors) == []
        assert rows(local) == people
        started = [*again.processes(), *private_servers]
    finally:
        code = again.end(signal.SIGTERM)

    assert code == 0, again.output
    assert again.lines[-1] == "run      | Stopped with redis and postgres. The data is kept.\n"
    assert left_alive(started) == []


def test_what_cannot_start_says_why_and_leaves_nothing(local: Path) -> None:
    port = next(number for number in range(32_700, 32_760, 2) if is_free(number) and is_free(number + 1))
    run = Run(local, port, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    started = run.processes()
    assert run.ready.wait(300)

    assert run.end(signal.SIGTERM) == 1
    log = local / "log" / "migrate.log"
    assert f"`manage.py migrate` failed; {log} has it all, which ends:\n" in run.output
    assert "OperationalError" in run.output
    assert "Connection refused" in log.read_text()
    assert left_alive(started) == []
    assert not Services(Layout(local)).redis.running()


def test_a_stop_during_the_start_is_obeyed(local: Path) -> None:
    port = next(number for number in range(32_600, 32_660, 2) if is_free(number) and is_free(number + 1))
    run = Run(local, port)
    assert run.first_line.wait(300)
    started = run.processes()

    assert run.end(signal.SIGINT) == 0
    assert run.lines[-1] == "run      | Stopped with redis and postgres. The data is kept.\n"
    assert left_alive(started) == []


def test_reset_removes_everything_unless_it_runs(local: Path) -> None:
    def reset() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "config.supervisor", "reset"],
            cwd=CHECKOUT,
            env={**os.environ, "PROPERTYTRACKER_LOCAL": os.fspath(local)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    lease = Lease(local)
    lease.take()
    lease.note("http://localhost:8123", [])
    refused = reset()
    assert refused == (1, "PropertyTracker runs already, at http://localhost:8123. Stop that one with Ctrl-C first.\n")
    lease.release()
    Services(Layout(local)).redis.ensure()

    assert reset() == (0, f"Removed {local}.\n")
    assert not local.exists()
