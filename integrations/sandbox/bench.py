"""A provider for benchmarks: pages of receipts serialised before they are asked for, as fast as Python can serve.

    python -m integrations.sandbox.bench --rows 100000 --page-size 500 --delay-ms 0 --port 8821

It answers ``/api/v1/dashboards/transactions?Offset=&Limit=[&From=&To=]`` in the shape of the sandbox's line mode, 200
lots with a tenancy each on the other endpoints, no jobs and no bills; any bearer token is good and the token endpoint
gives one to anybody. Rows are a pure function of their number and revision.

    POST /_bench/change {"share": 0.01}   another revision (amount and Timestamp) of that share of rows, spread evenly
    POST /_bench/delay  {"ms": 100}       each page of receipts takes that much longer
    GET  /_bench/state                    {"rows", "page_size", "delay_ms", "pages_served", "changed"}
"""

from __future__ import annotations

import argparse
import http.client
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import orjson

from .bench_lists import DAYS, FIRST, LOTS, STAMP, lot_rows
from .httpd import Listener
from .propertyme.model import iso_day, make_id, mix
from .wire import Request, Response, json_response, redirect

CACHE_BYTES = 96 * 1024 * 1024
ROW = (
    b'{"Id":"%s","LotId":"%s","TenancyId":"%s","Type":"Rent","Amount":%d.%02d,"TransactionDate":"%s","PaidFrom":"%s",'
    b'"PaidTo":"%s","Reference":"BEN%07d","IsVoid":false,"Timestamp":%d}'
)
PATH = "/api/v1/dashboards/transactions"


class BenchProvider:
    """The provider, in a thread of this process; for figures that count run it through ``BenchProcess``."""

    def __init__(self, rows: int = 100_000, page_size: int = 500, delay_ms: float = 0, port: int = 0) -> None:
        self.rows, self.page_size, self.delay_ms, self.port = rows, page_size, delay_ms, port
        self.pages_served = 0
        self.round = 0
        self._revisions: dict[int, int] = {}
        self._lots = [make_id(1, n).encode() for n in range(LOTS)]
        self._tenancies = [make_id(2, n).encode() for n in range(LOTS)]
        self._days = [iso_day(FIRST + n).encode() for n in range(DAYS + 8)]
        self._lists = lot_rows()
        self._pages: dict[tuple[int, int], bytes] = {}
        self._cached = 0
        self._listener: Listener | None = None
        self.warm()

    def row(self, number: int) -> bytes:
        """Return one row as JSON."""
        lot, day = number % LOTS, number * DAYS // self.rows
        revision = self._revisions.get(number, 0)
        dollars, cents = divmod(40_000 + mix(7, number) % 60_000 + revision * 125, 100)
        when = self._days[day]
        stamp = STAMP + number if not revision else STAMP + revision * self.rows * 10 + number
        identity = make_id(3, number).encode()
        return ROW % (
            identity, self._lots[lot], self._tenancies[lot], dollars, cents, when, when, self._days[day + 6],
            number, stamp,
        )  # fmt: skip

    def page(self, first: int, count: int) -> bytes:
        """Return the rows first..first+count as a JSON list, from the cache when it is there."""
        body = self._pages.get((first, count))
        if body is None:
            body = b"[" + b",".join([self.row(number) for number in range(first, min(first + count, self.rows))]) + b"]"
            if self._cached + len(body) <= CACHE_BYTES:
                self._pages[first, count] = body
                self._cached += len(body)
        return body

    def warm(self) -> None:
        """Serialise all pages of the usual size that the cache has room for."""
        for first in range(0, self.rows + 1, self.page_size):
            self.page(first, self.page_size)
            if self._cached > CACHE_BYTES - 1_000_000:
                break

    def change(self, share: float = 0.01) -> int:
        """Give a share of the rows another amount and Timestamp, spread over all pages; return how many."""
        self.round += 1
        step = max(1, round(1 / share))
        numbers = range(self.round % step, self.rows, step)
        self._revisions.update((number, self.round) for number in numbers)
        self._pages.clear()
        self._cached = 0
        self.warm()
        return len(numbers)

    def _span(self, request: Request) -> tuple[int, int]:
        """Return the row numbers of the days From..To, both included."""
        first, last = 0, self.rows
        if text := request.query.get("From"):
            first = -(-max(0, date.fromisoformat(text[:10]).toordinal() - FIRST) * self.rows // DAYS)
        if text := request.query.get("To"):
            last = -(-max(0, date.fromisoformat(text[:10]).toordinal() - FIRST + 1) * self.rows // DAYS)
        return min(first, self.rows), min(last, self.rows)

    def _transactions(self, request: Request) -> Response:
        offset, limit = int(request.query["Offset"]), int(request.query["Limit"])
        first, last = self._span(request)
        if self.delay_ms:
            time.sleep(self.delay_ms / 1000)
        self.pages_served += 1
        start = min(first + offset, last)
        # A full page is asked for by its length even past the end, so that the last page comes from the cache too.
        count = limit if start + limit <= last or last == self.rows else last - start
        return Response(self.page(start, count))

    def _list(self, path: str, query: dict[str, str]) -> Response:
        name = {"contacts/tenants": "contacts", "tenancies/balances": "balances"}.get(path, path)
        rows = self._lists.get(name, [])
        if path in ("lots", "contacts"):
            since = int(query.get("Timestamp") or 0)
            rows = [row for row in rows if row["Timestamp"] > since]
        elif "LastUpdated" in query:
            rows = [row for row in rows if row["UpdatedOn"][:10] >= query["LastUpdated"][:10]]
        if "Offset" in query:
            offset = int(query["Offset"])
            rows = rows[offset : offset + int(query.get("Limit", "500"))]
        return json_response(rows)

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        path = request.path
        if path == PATH:
            return self._transactions(request)
        match path:
            case "/connect/token":
                scope = "property:read contact:read activity:read transaction:read offline_access"
                answer = {"access_token": "bench", "refresh_token": "bench", "expires_in": 1800, "token_type": "Bearer"}
                return json_response(answer | {"scope": scope})
            case "/connect/authorize":
                back = urlencode({"code": "bench", "state": request.query.get("state", "")})
                return redirect(f"{request.query.get('redirect_uri', '/')}?{back}")
            case "/connect/revocation":
                return Response(b"")
            case "/api/v1/contacts/agency":
                return json_response({"Reference": "BEN", "Name": "Benchmark Agency"})
            case "/_bench/change":
                return json_response({"changed": self.change(float(request.json().get("share", 0.01)))})
            case "/_bench/delay":
                self.delay_ms = float(request.json().get("ms", 0))
                return json_response(self.state())
            case "/_bench/state":
                return json_response(self.state())
        if path.startswith("/api/v1/"):
            return self._list(path.removeprefix("/api/v1/"), request.query)
        return json_response({"error": "not here"}, 404)

    def state(self) -> dict[str, Any]:
        """Return what is served and how often it was asked for."""
        return {
            "rows": self.rows, "page_size": self.page_size, "delay_ms": self.delay_ms,
            "pages_served": self.pages_served, "changed": len(self._revisions),
        }  # fmt: skip

    @property
    def url(self) -> str:
        """The address; the API is below ``/api``."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> BenchProvider:
        self._listener = Listener(("127.0.0.1", self.port), self.respond)
        self.port = int(self._listener.server_address[1])
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), name="bench", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.stop()


class BenchProcess:
    """The provider in a process of its own, so that it does not share an interpreter lock with what is measured."""

    def __init__(self, rows: int = 100_000, page_size: int = 500, delay_ms: float = 0) -> None:
        self._arguments = [
            "--rows",
            str(rows),
            "--page-size",
            str(page_size),
            "--delay-ms",
            str(delay_ms),
            "--port",
            "0",
        ]
        self.url = ""

    def __enter__(self) -> BenchProcess:
        command = [sys.executable, "-m", "integrations.sandbox.bench", *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None  # noqa: S101  it is a pipe
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("The benchmark provider did not start.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a control request (``change``, ``delay``, ``state``) and return its answer."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=120)
        try:
            connection.request("POST", f"/_bench/{path}", orjson.dumps(body or {}))
            answer: dict[str, Any] = orjson.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


def main() -> int:
    """Serve until SIGINT or SIGTERM; the first line of output is the address."""
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox.bench", description="A fast provider.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--page-size", type=int, default=500)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--port", type=int, default=0)
    args = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with BenchProvider(args.rows, args.page_size, args.delay_ms, args.port) as provider:
        sys.stdout.write(f"{provider.url}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
