"""Ports, addresses and environment of `make run`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.supervisor.lease import Lease
from config.supervisor.plan import CannotStart, answers, is_free, make_plan


@pytest.fixture
def free_port() -> int:
    return next(port for port in range(31_000, 32_000, 2) if is_free(port) and is_free(port + 1))


@pytest.fixture
def taken_port(free_port: int) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port))
        listener.listen()
        yield free_port


def test_children_are_told_of_the_sandbox_beside_the_web_port(free_port: int, tmp_path: Path) -> None:
    plan = make_plan({"PORT": str(free_port)}, local=tmp_path)

    assert plan.with_sandbox
    assert plan.environment == {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "PUBLIC_URL": f"http://localhost:{free_port}",
        "PROPERTYME_API_URL": f"http://localhost:{free_port + 1}/api",
        "PROPERTYME_AUTH_URL": f"http://localhost:{free_port + 1}",
        "BUILDIUM_API_URL": f"http://localhost:{free_port + 1}/buildium",
        "APPFOLIO_API_URL": f"http://localhost:{free_port + 1}/appfolio/api/v0",
        "APPFOLIO_OWN_API_URL": f"http://localhost:{free_port + 1}/appfolio/hosts/{{host}}/api/v0",
        "APPFOLIO_REPORTS_URL": f"http://localhost:{free_port + 1}/appfolio/hosts/{{reports_host}}/api/v2/reports",
        "APPFOLIO_JWKS_URL": f"http://localhost:{free_port + 1}/appfolio/.well-known/jwks.json",
        "PROPERTYME_CLIENT_ID": "sandbox-client",
        "PROPERTYME_CLIENT_SECRET": "sandbox-secret",
    }
    assert [command.name for command in plan.servers] == ["web", "worker", "beat"]
    assert plan.sandbox.arguments[-4:] == ["--port", str(free_port + 1), "--state", str(tmp_path / "sandbox.json")]


def test_a_real_provider_in_the_environment_is_left_as_it_is(free_port: int, tmp_path: Path) -> None:
    plan = make_plan({"PORT": str(free_port), "PROPERTYME_API_URL": "https://vendor.example/api"}, local=tmp_path)

    assert not plan.with_sandbox
    assert not [name for name in plan.environment if name.startswith("PROPERTYME")]


def test_a_taken_port_is_said_in_one_line_with_a_free_one(taken_port: int, tmp_path: Path) -> None:
    with pytest.raises(
        CannotStart, match=rf"^Port {taken_port} is taken\. Choose another: make run PORT=\d+$"
    ) as error:
        make_plan({"PORT": str(taken_port)}, local=tmp_path)

    offered = int(str(error.value).rsplit("=", 1)[1])
    assert make_plan({"PORT": str(offered)}, local=tmp_path).port == offered


def test_a_taken_sandbox_port_counts_as_well(taken_port: int, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=f"Port {taken_port} is taken"):
        make_plan({"PORT": str(taken_port - 1)}, local=tmp_path)


@pytest.mark.parametrize("text", ["0", "65535", "80a", "-1"])
def test_a_port_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"PORT must be a number from 1 to 65534"):
        make_plan({"PORT": text}, local=tmp_path)


def test_answers_tells_a_listening_port(taken_port: int) -> None:
    assert answers(taken_port)
    assert not answers(taken_port + 1)


def test_a_second_supervisor_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    first, second = Lease(tmp_path), Lease(tmp_path)
    first.take()
    with pytest.raises(CannotStart, match="at an address it has not printed yet"):
        second.take()
    first.note("http://localhost:8000", [])

    with pytest.raises(CannotStart, match=r"runs already, at http://localhost:8000\. Stop that one with Ctrl-C first"):
        second.take()

    first.release()
    second.take()
    second.release()
