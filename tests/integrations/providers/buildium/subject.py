from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from integrations.http import HttpClient
from integrations.providers.buildium import SPEC
from integrations.providers.buildium.client import BuildiumAdapter
from integrations.sandbox import SandboxServer
from integrations.sandbox.buildium import KEYS
from tests.integrations.conformance import Subject

SANDBOX_KEYS = dict(zip(("client_id", "client_secret"), KEYS[0], strict=True))
HEADERS = dict(BuildiumAdapter.sign_in(SANDBOX_KEYS).headers)


@contextmanager
def open_subject() -> Iterator[Subject]:
    """Buildium's adapter on a sandbox account with houses, buildings, ended leases, reversals and bills."""
    with SandboxServer(lots=14, years=1.2, seed=9) as server:
        server.buildium.edit("inactivate_rental")
        server.buildium.edit("reverse_payment")
        with subject_on(server) as subject:
            yield subject


@contextmanager
def subject_on(server: SandboxServer, *, account: int = 0) -> Iterator[Subject]:
    """The adapter on one of a server's accounts."""
    keys = dict(zip(("client_id", "client_secret"), KEYS[account], strict=True))
    with HttpClient(server.buildium_url, headers=BuildiumAdapter.sign_in(keys).headers) as http:
        yield Subject(SPEC, http, time_zone="America/Chicago")
