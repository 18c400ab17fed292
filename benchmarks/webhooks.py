"""Webhook intake: one web process as in production, 16 clients in another process, against a bare view.

Each round measures all servers one after the other; a ratio is the median over the rounds, so that what else the
machine does meanwhile weighs on all of them alike.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection
from django.utils import timezone

from access.models import Membership, Organisation, User
from benchmarks import setting
from benchmarks.report import middle, say, table
from benchmarks.servers import djstripe_installed
from integrations.models import Connection, InboxEvent
from integrations.services import inbox

CLIENTS, REQUESTS, ROUNDS, WARM_UP = 16, 6_000, 5, 600
STRIPE_REQUESTS, STRIPE_WARM_UP = 800, 100
STRIPE_DATABASE = "djstripe_bench"
SECRET = "benchmark-signing-secret"
ROOT = Path(__file__).resolve().parent.parent
# As `make run` starts the web process on a machine of two cores.
THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)
START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """One of the servers measured: its WSGI module, the path that takes events, and who signs them."""

    name: str
    module: str
    path: str
    signer: str = "buildium"
    requests: int = REQUESTS
    warm_up: int = WARM_UP


def measure_webhooks() -> dict[str, float]:
    """Requests a second and the slowest of a hundred, each against the bare view's (and dj-stripe's) of its round."""
    say(f"webhooks: {CLIENTS} clients, {REQUESTS:,} events a round, {ROUNDS} rounds, {THREADS} threads")
    setting.clear()
    servers = [
        Server("bare view", "benchmarks.servers.bare", "/hook"),
        Server("PropertyTracker", "benchmarks.servers.ours", _our_address()),
    ]
    _make_bare_table()
    if djstripe_installed():
        servers.append(
            Server(
                "dj-stripe", "benchmarks.servers.stripe", _stripe_address(), "stripe", STRIPE_REQUESTS, STRIPE_WARM_UP
            )
        )
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    slowest: dict[str, list[float]] = {server.name: [] for server in servers}
    for _ in range(ROUNDS):
        for server in servers:
            rate, p99 = _measure(server)
            rates[server.name].append(rate)
            slowest[server.name].append(p99)
    stored = InboxEvent.objects.count()
    if stored != ROUNDS * (REQUESTS + WARM_UP):
        raise RuntimeError(f"{stored} events are stored of {ROUNDS * (REQUESTS + WARM_UP)}")
    table(
        "webhooks",
        ("server", "events/s", "p99 ms"),
        [(name, f"{middle(rates[name]):,.0f}", f"{middle(slowest[name]):.1f}") for name in rates],
    )
    ours, bare = "PropertyTracker", "bare view"
    figures = {
        "webhook_per_second": middle(rates[ours]),
        "webhook_vs_bare_view": _ratio(rates[ours], rates[bare]),
        "webhook_p99_vs_bare_view": _ratio(slowest[ours], slowest[bare]),
    }
    if "dj-stripe" in rates:
        figures["webhook_vs_djstripe"] = _ratio(rates[ours], rates["dj-stripe"])
    setting.clear()
    return figures


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return middle([one / other for one, other in zip(ours, theirs, strict=True)])


def _our_address() -> str:
    from benchmarks.servers.provider import SPEC

    organisation = Organisation.objects.create(name="Benchmark")
    user = User.objects.create_user(email="bench@propertytracker.example", password=None)
    Membership.objects.create(organisation=organisation, user=user, role=Membership.Role.ADMIN)
    source = Connection.objects.create(
        organisation=organisation, provider=SPEC.slug, account_id="bench", status_since=timezone.now()
    )
    endpoint = inbox.open_endpoint(connection=source, user=user)
    inbox.set_secret(endpoint=endpoint, user=user, secret=SECRET)
    return f"/api/webhooks/{SPEC.slug}/{endpoint.token}"


def _stripe_address() -> str:
    """Brings dj-stripe's own database up to date, in a process of its own, and answers the path of its endpoint."""
    setting.create_database(STRIPE_DATABASE)
    command = [sys.executable, "-m", "benchmarks.servers.stripe"]
    done = subprocess.run(command, cwd=ROOT, env=_environment(), check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "STRIPE_DATABASE_URL": urlunsplit(parts._replace(path=f"/{STRIPE_DATABASE}")),
        "DATABASE_POOL_SIZE": "12",
        "REDIS_URL": settings.REDIS_URL,
        "BENCH_SECRET": SECRET,
        "LOG_LEVEL": "ERROR",
    }


def _make_bare_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS bench_hook; CREATE TABLE bench_hook (id bigserial PRIMARY KEY, event_id text NOT NULL"
            " UNIQUE, body text NOT NULL, received_at timestamptz NOT NULL DEFAULT now())"
        )


def _measure(server: Server) -> tuple[float, float]:
    """Events a second, and the ninety-ninth of a hundred latencies in milliseconds."""
    with _started(server) as address:
        _load(server, address, number=server.warm_up)
        found = _load(server, address, number=server.requests)
    taken = sorted(found["taken"])
    return len(taken) / found["seconds"], taken[int(len(taken) * 0.99)] * 1000


def _load(server: Server, address: str, *, number: int) -> dict[str, Any]:
    order = {
        "address": address, "path": server.path, "signer": server.signer, "secret": SECRET, "clients": CLIENTS,
        "requests": number, "tag": time.time_ns() // 1_000_000,
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.load", json.dumps(order)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def _started(server: Server) -> Iterator[str]:
    """One granian process with threads and a pool of database connections; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", str(THREADS), "--no-ws", "--log-level", "error"]
    process = subprocess.Popen([*command, f"{server.module}:application"], cwd=ROOT, env=_environment())
    try:
        _await(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
                probe.sendall(b"GET /nowhere HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                if probe.recv(16).startswith(b"HTTP/1.1"):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")
