"""A sandbox database with an adapter that reads it, and ways to look at what came."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations.contracts import AdapterContext, Received
from integrations.errors import RecordRejected
from integrations.providers.appfolio.client import AppFolioAdapter
from integrations.records import AnyRecord, Page, ReadRequest, Resource
from integrations.sandbox import SandboxServer
from tests.integrations.providers.appfolio.subject import KEYS, REPORTS, open_http

ZONE = "America/Chicago"
EVERYTHING = ReadRequest(full=True)
API = "/appfolio/api/v0"
LEDGER = "/appfolio/hosts/sandbox/api/v2/reports/tenant_ledger.json"
Row = dict[str, Any]


class Database:
    """The sandbox's AppFolio with clients for both of its APIs; `received` is what was recorded of each tenancy."""

    def __init__(self, server: SandboxServer) -> None:
        self.server, self.vendor = server, server.appfolio
        self.received: dict[str, Received] = {}
        self.keys = KEYS | REPORTS
        self.http = open_http(server, read=1)
        self.reports = open_http(server, "REPORTS_URL", read=1)

    def close(self) -> None:
        self.http.close()
        self.reports.close()

    def adapter(self, mode: str = "line") -> AppFolioAdapter:
        return AppFolioAdapter(
            AdapterContext(
                http=self.http,
                base_url=self.http.base_url,
                time_zone=ZONE,
                ledger_mode=mode,
                received=lambda: dict(self.received),
                keys=self.keys,
                open_client=lambda name: self.reports,
            )
        )

    def asked(self, path: str) -> list[str]:
        """The queries of the requests for a list."""
        return [entry.query for entry in self.server.requests.entries if entry.path == f"{API}/{path}"]

    def record(self, resource: Resource, row: Row) -> AnyRecord:
        return self.adapter().normalise(resource, row)


def rows_of(pages: Iterable[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def records_of(adapter: AppFolioAdapter, resource: Resource, pages: Iterable[Page]) -> list[AnyRecord]:
    """Those that are not refused."""
    found = []
    for row in rows_of(pages):
        try:
            found.append(adapter.normalise(resource, row))
        except RecordRejected:
            continue
    return found
