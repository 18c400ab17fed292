from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.sandbox import SandboxServer
from tests.integrations.sandbox.client import Client


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A small agency (and a second one), one year old, in the line mode."""
    with SandboxServer(lots=8, years=1, seed=3) as running:
        yield running


@pytest.fixture
def client(server: SandboxServer) -> Iterator[Client]:
    """A client with a token for the first agency."""
    with Client(server) as plain:
        yield plain.granted()
