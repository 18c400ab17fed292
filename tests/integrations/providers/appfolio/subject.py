from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from integrations.http import HttpClient
from integrations.providers.appfolio import SPEC
from integrations.providers.appfolio.client import AppFolioAdapter
from integrations.sandbox import SandboxServer
from integrations.sandbox.appfolio import vendor
from integrations.wire import Limits
from tests.integrations.conformance import Subject

KEYS = {"client_id": vendor.CLIENT_ID, "client_secret": vendor.CLIENT_SECRET, "developer_id": vendor.DEVELOPER_ID}
REPORTS = {"reports_host": vendor.HOST, "reports_id": vendor.REPORTS_ID, "reports_secret": vendor.REPORTS_SECRET}


@contextmanager
def appfolio_server(*, units: int = 8, limits: bool = False) -> Iterator[SandboxServer]:
    """A sandbox whose database has a building with several units, houses, and a tenant who left."""
    with SandboxServer(lots=4, years=0.1, agencies=1, appfolio_units=units) as server:
        server.appfolio.limits_on = limits
        yield server


def open_http(
    server: SandboxServer, name: str = "API_URL", keys: Mapping[str, str] = KEYS | REPORTS, **more: float
) -> HttpClient:
    """A client with access, as the connection's keys give it. It waits for nothing between attempts."""
    carried = AppFolioAdapter.sign_in(keys).at(name)
    address = server.appfolio_settings[f"APPFOLIO_{name}"].replace("{reports_host}", vendor.HOST)
    return HttpClient(
        address, headers=carried.headers, basic=carried.basic, limits=Limits(**more), sleep=lambda seconds: None
    )


@contextmanager
def open_subject() -> Iterator[Subject]:
    """AppFolio's adapter with keys for both of its APIs."""
    with appfolio_server() as server, open_http(server) as http, open_http(server, "REPORTS_URL") as reports:
        yield Subject(SPEC, http, "America/Chicago", KEYS | REPORTS, lambda name: reports)
