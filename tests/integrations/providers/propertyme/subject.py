from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from integrations.http import HttpClient
from integrations.providers.propertyme import SPEC
from integrations.sandbox import SandboxServer
from tests.integrations.conformance import Subject


@contextmanager
def open_subject() -> Iterator[Subject]:
    """PropertyMe's adapter on a sandbox agency with more than one page of receipts."""
    with SandboxServer(lots=12, years=1.2, seed=9) as server:
        server.vendor.edit("archive_lot")
        token = str(server.grant()["access_token"])
        with HttpClient(server.api_url, token=lambda rejected: token) as http:
            yield Subject(SPEC, http)
