"""What `make run` starts, at which addresses and with which environment."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .child import Command

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
SANDBOX_CREDENTIALS = {
    "PROPERTYME_CLIENT_ID": "sandbox-client",
    "PROPERTYME_CLIENT_SECRET": "sandbox-secret",
}


class CannotStart(Exception):
    """The message is one line for the person at the terminal."""


@dataclass(frozen=True)
class Plan:
    """Ports and environment of one run."""

    port: int
    local: Path
    environment: dict[str, str]
    with_sandbox: bool

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def sandbox_port(self) -> int:
        return self.port + 1

    @property
    def sandbox_address(self) -> str:
        return f"http://localhost:{self.sandbox_port}"

    @property
    def sandbox(self) -> Command:
        state = os.fspath(self.local / "sandbox.json")
        arguments = [sys.executable, "-m", "integrations.sandbox", "--port", str(self.sandbox_port), "--state", state]
        return Command("sandbox", arguments, self.environment)

    def manage(self, *arguments: str) -> list[str]:
        """A management command's argument list."""
        return [sys.executable, "manage.py", *arguments]

    @property
    def servers(self) -> list[Command]:
        """What runs beside the sandbox, in the order in which it starts."""
        celery = [sys.executable, "-m", "celery", "--app", "config.celery", "--quiet"]
        web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(self.port)]
        # One process with threads; the pool of database connections (12) is larger than the threads.
        threads = min(8, 2 * (os.cpu_count() or 1) + 1)
        web += ["--workers", "1", "--blocking-threads", str(threads), "--workers-kill-timeout", "5", "--no-ws"]
        return [
            Command("web", [*web, "config.wsgi:application"], self.environment, ready=r"Started worker-1\b"),
            Command(
                "worker",
                [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle"],
                self.environment,
                ready=r"\bready\.$",
            ),
            Command("beat", [*celery, "beat", "--loglevel", "INFO"], self.environment, ready=r"beat: Starting"),
        ]


def make_plan(environ: Mapping[str, str], *, local: Path) -> Plan:
    """Read PORT and the provider's settings.

    The sandbox vendor runs unless PROPERTYME_API_URL points at a real one. Raises CannotStart when PORT is no port or
    is taken.
    """
    port = _port(environ.get("PORT", ""))
    with_sandbox = not environ.get("PROPERTYME_API_URL")
    needed = [port, port + 1] if with_sandbox else [port]
    taken = [number for number in needed if not is_free(number)]
    if taken:
        free = next((n for n in range(port + 10, 65_000, 10) if is_free(n) and is_free(n + 1)), DEFAULT_PORT)
        raise CannotStart(f"Port {taken[0]} is taken. Choose another: make run PORT={free}")
    environment = {
        "DJANGO_SETTINGS_MODULE": environ.get("DJANGO_SETTINGS_MODULE") or "config.settings.local",
        "PUBLIC_URL": environ.get("PUBLIC_URL") or f"http://localhost:{port}",
    }
    plan = Plan(port, local, environment, with_sandbox)
    if with_sandbox:
        defaults = {
            "PROPERTYME_API_URL": f"{plan.sandbox_address}/api",
            "PROPERTYME_AUTH_URL": plan.sandbox_address,
            "BUILDIUM_API_URL": f"{plan.sandbox_address}/buildium",
            **_appfolio(f"{plan.sandbox_address}/appfolio"),
            **SANDBOX_CREDENTIALS,
        }
        environment.update({name: environ.get(name) or value for name, value in defaults.items()})
    return plan


def _appfolio(root: str) -> dict[str, str]:
    """Addresses of the sandbox's AppFolio; {names} are host names that a customer types into the connect form."""
    return {
        "APPFOLIO_API_URL": f"{root}/api/v0",
        "APPFOLIO_OWN_API_URL": f"{root}/hosts/{{host}}/api/v0",
        "APPFOLIO_REPORTS_URL": f"{root}/hosts/{{reports_host}}/api/v2/reports",
        "APPFOLIO_JWKS_URL": f"{root}/.well-known/jwks.json",
    }


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or not 1 <= int(text) < 65_535:
        raise CannotStart(f"PORT must be a number from 1 to 65534; it is {text!r}.")
    return int(text)


def is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
