from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import responses

from integrations.errors import (
    ContractChanged,
    IntegrationError,
    Misconfigured,
    NotAllowed,
    ProviderPaused,
    RateLimited,
    ReauthRequired,
    RemoteGone,
    RequestRefused,
    TransientError,
)
from integrations.http import LONGEST_WAIT, RATE_LIMIT_ATTEMPTS, HttpClient
from integrations.sandbox import SandboxServer
from integrations.wire import Limits, error_for_status, is_loopback, is_trusted_address, retry_after

BASE = "https://api.vendor.example/api"
LOTS = "/v1/lots"
LIMITS = Limits(connect=2, read=0.5, total=1.0, max_body=2 * 1024 * 1024)


class Waits(list[float]):
    """Takes the place of time.sleep and remembers."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(lots=6, years=0.2, seed=2) as running:
        yield running


@pytest.fixture
def vendor(server: SandboxServer) -> Iterator[SandboxServer]:
    server.requests.clear()
    yield server
    server.faults.clear()


@pytest.fixture
def http(vendor: SandboxServer, waits: Waits) -> Iterator[HttpClient]:
    token = vendor.grant()["access_token"]
    with HttpClient(vendor.api_url, token=lambda rejected: str(token), limits=LIMITS, sleep=waits) as client:
        yield client


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def failure(call: Callable[[], Any]) -> IntegrationError:
    with pytest.raises(IntegrationError) as found:
        call()
    return found.value


def get(http: HttpClient) -> Any:
    return http.get_json(LOTS, {"Timestamp": 0})


def test_the_plain_way(http: HttpClient, vendor: SandboxServer, waits: Waits) -> None:
    rows = get(http)
    assert [row["Id"] for row in rows] == [row["Id"] for row in vendor.vendor.records("lots")]
    assert (waits, vendor.requests.count("/api/v1/lots")) == ([], 1)


def test_one_connection_serves_many_requests(http: HttpClient, vendor: SandboxServer) -> None:
    listener = vendor._listener
    assert listener is not None
    before = set(listener._open)
    for _ in range(5):
        get(http)
    assert len(set(listener._open) - before) == 1


@pytest.mark.parametrize(
    "fault",
    [
        ("server_error", {"status": 500}), ("server_error", {"status": 502}), ("server_error", {"status": 503}),
        ("html_error", {"status": 502}), ("html_error", {"status": 200}), ("html_error", {"status": 403}),
        ("timeout", {"seconds": 3}), ("slow_body", {"chunk": 1, "seconds": 0.01}), ("reset_mid_body", {}),
        ("truncated_body", {}), ("truncated_json", {}), ("not_json", {}), ("empty_body", {}),
    ],
    ids=lambda fault: f"{fault[0]}-{fault[1].get('status', '')}",
)  # fmt: skip
def test_what_may_pass_is_tried_three_times(
    http: HttpClient, vendor: SandboxServer, waits: Waits, fault: tuple[str, dict[str, Any]]
) -> None:
    kind, params = fault
    vendor.faults.add(kind, **params)
    error = failure(lambda: get(http))
    assert type(error) is TransientError
    assert vendor.requests.count("/api/v1/lots") == 3
    assert len(waits) == 2
    assert 0 <= waits[0] <= 2
    assert 0 <= waits[1] <= 4
    vendor.faults.clear()
    assert len(get(http)) == 6


@pytest.mark.parametrize("kind", ["reset_mid_body", "truncated_body", "html_error", "server_error"])
def test_a_fault_that_passes_costs_nothing_but_a_wait(
    http: HttpClient, vendor: SandboxServer, waits: Waits, kind: str
) -> None:
    vendor.faults.add(kind, times=2)
    assert len(get(http)) == 6
    assert len(waits) == 2


@pytest.mark.parametrize("declared", [True, False])
def test_an_oversized_body_stops_the_run_and_is_not_asked_for_again(
    http: HttpClient, vendor: SandboxServer, waits: Waits, declared: bool
) -> None:
    vendor.faults.add("oversized", megabytes=4, declared=declared)
    assert isinstance(failure(lambda: get(http)), ContractChanged)
    assert (vendor.requests.count("/api/v1/lots"), waits) == (1, [])


def test_a_gzip_bomb_is_cut_off_at_the_cap(mocked: responses.RequestsMock, waits: Waits) -> None:
    bomb = gzip.compress(b"[" + b" " * (8 * 1024 * 1024) + b"]")
    mocked.get(f"{BASE}{LOTS}", body=bomb, headers={"Content-Encoding": "gzip"})
    with HttpClient(BASE, limits=LIMITS, sleep=waits) as http:
        assert isinstance(failure(lambda: http.get_json(LOTS)), ContractChanged)


def test_gzip_is_read(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{BASE}{LOTS}", body=gzip.compress(b'[{"Id":1}]'), headers={"Content-Encoding": "gzip"})
    with HttpClient(BASE) as http:
        assert http.get_json(LOTS) == [{"Id": 1}]


def test_a_limit_is_waited_out_as_told(http: HttpClient, vendor: SandboxServer, waits: Waits) -> None:
    told = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    vendor.faults.add("rate_limited", times=1, retry_after=7)
    assert len(get(http)) == 6
    vendor.faults.add("rate_limited", times=1, retry_after=told)
    assert len(get(http)) == 6
    assert len(waits) == 2
    assert 7 <= waits[0] <= 8
    assert 35 <= waits[1] <= 41


def test_a_limit_without_a_time_backs_off_with_jitter(http: HttpClient, vendor: SandboxServer, waits: Waits) -> None:
    vendor.faults.add("rate_limited", times=4)
    assert len(get(http)) == 6
    assert len(waits) == 4
    for number, wait in enumerate(waits, start=1):
        assert 0 <= wait <= 2**number


def test_a_lasting_limit_ends_and_carries_the_time(http: HttpClient, vendor: SandboxServer, waits: Waits) -> None:
    vendor.faults.add("rate_limited", retry_after=2)
    error = failure(lambda: get(http))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 2
    assert vendor.requests.count("/api/v1/lots") == RATE_LIMIT_ATTEMPTS


def test_a_limit_longer_than_a_worker_waits_is_handed_up_at_once(
    http: HttpClient, vendor: SandboxServer, waits: Waits
) -> None:
    vendor.faults.add("rate_limited", retry_after=int(LONGEST_WAIT) + 1)
    error = failure(lambda: get(http))
    assert isinstance(error, RateLimited)
    assert (error.retry_after, waits, vendor.requests.count("/api/v1/lots")) == (LONGEST_WAIT + 1, [], 1)


def test_waits_are_told_before_they_are_waited(vendor: SandboxServer) -> None:
    events: list[tuple[str, float]] = []
    vendor.faults.add("rate_limited", times=1, retry_after=3)
    token = vendor.grant()["access_token"]
    with HttpClient(
        vendor.api_url,
        token=lambda rejected: str(token),
        sleep=lambda seconds: events.append(("slept", seconds)),
        on_wait=lambda seconds: events.append(("told", seconds)),
    ) as http:
        get(http)
    assert [name for name, _ in events] == ["told", "slept"]
    assert events[0][1] == events[1][1]


def test_a_rejected_token_is_renewed_once_and_used_from_then_on(vendor: SandboxServer) -> None:
    asked: list[str | None] = []

    def token(rejected: str | None) -> str:
        asked.append(rejected)
        return str(vendor.grant()["access_token"]) if rejected else "stale"

    with HttpClient(vendor.api_url, token=token) as http:
        get(http)
        get(http)
    assert asked == [None, "stale"]


def test_401_with_a_fresh_token_means_that_access_was_withdrawn(http: HttpClient, vendor: SandboxServer) -> None:
    vendor.faults.add("unauthorized", expire=False)
    error = failure(lambda: get(http))
    assert isinstance(error, ReauthRequired)
    assert error.revoked is True
    assert vendor.requests.count("/api/v1/lots") == 2


def test_a_first_attempt_made_elsewhere_counts(http: HttpClient, vendor: SandboxServer, waits: Waits) -> None:
    vendor.faults.add("server_error", status=503)
    first = TransientError()
    failure(lambda: http.get_json(LOTS, {"Timestamp": 0}, failed=first))
    assert (vendor.requests.count("/api/v1/lots"), len(waits)) == (2, 2)


def test_try_json_neither_waits_nor_refreshes(vendor: SandboxServer, waits: Waits) -> None:
    with HttpClient(vendor.api_url, token=lambda rejected: f"bad-{rejected}", sleep=waits) as http:
        assert isinstance(failure(lambda: http.try_json(LOTS, {"Timestamp": 0})), ReauthRequired)
        vendor.faults.add("server_error")
        assert isinstance(failure(lambda: http.try_json(LOTS, {"Timestamp": 0})), TransientError)
    assert (vendor.requests.count("/api/v1/lots"), waits) == (2, [])


def test_the_502_of_a_missing_parameter_is_bounded(http: HttpClient, vendor: SandboxServer, waits: Waits) -> None:
    assert isinstance(failure(lambda: http.get_json(LOTS)), TransientError)
    assert vendor.requests.count("/api/v1/lots") == 3


def test_redirects_are_not_followed(mocked: responses.RequestsMock, waits: Waits) -> None:
    with HttpClient(BASE, token=lambda rejected: "t0p-s3cret", sleep=waits) as http:
        mocked.get(f"{BASE}{LOTS}", status=302, headers={"Location": "https://evil.example/steal"})
        assert type(failure(lambda: http.get_json(LOTS))) is TransientError
        mocked.reset()
        mocked.get(f"{BASE}{LOTS}", status=301, headers={"Location": "http://169.254.169.254/"})
        assert isinstance(failure(lambda: http.get_json(LOTS)), Misconfigured)
    assert {call.request.url for call in mocked.calls} == {f"{BASE}{LOTS}"}


def test_headers_and_cookies(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{BASE}{LOTS}", json=[], headers={"Set-Cookie": "session=1"})
    with HttpClient(BASE, token=lambda rejected: "abc") as http:
        http.get_json(LOTS)
        http.get_json(LOTS)
    for call in mocked.calls:
        assert call.request.headers["Authorization"] == "Bearer abc"
        assert call.request.headers["Accept"] == "application/json"
        assert call.request.headers["User-Agent"].startswith("PropertyTracker/")
        assert "Cookie" not in call.request.headers


def test_no_secret_reaches_a_message(mocked: responses.RequestsMock, waits: Waits) -> None:
    mocked.get(f"{BASE}{LOTS}", status=500, body='{"access_token":"abc123xyz","client_secret":"hush-hush"}')
    with HttpClient(BASE, token=lambda rejected: "abc123xyz", sleep=waits) as http:
        error = failure(lambda: http.get_json(LOTS))
    assert "abc123xyz" not in str(error)
    assert "hush-hush" not in str(error)
    assert "[redacted]" in error.detail


def test_a_form_is_posted_once_and_its_empty_answer_is_none(mocked: responses.RequestsMock, waits: Waits) -> None:
    mocked.post(f"{BASE}/revoke", status=200, body=b"")
    mocked.post(f"{BASE}/down", status=503)
    with HttpClient(BASE, sleep=waits) as http:
        assert http.post_form("/revoke", {"token": "t"}, auth=("id", "secret")) is None
        failure(lambda: http.post_form("/down", {}))
        failure(lambda: http.post_form("/down", {}, attempts=2))
    assert mocked.calls[0].request.body == "token=t"
    assert mocked.calls[0].request.headers["Authorization"].startswith("Basic ")
    assert len(mocked.calls) == 4


@pytest.mark.parametrize(
    "address", ["http://api.vendor.example", "ftp://x.example", "", "api.vendor.example", "http://10.0.0.7"]
)
def test_only_https_or_this_machine(address: str) -> None:
    assert not is_trusted_address(address)
    assert isinstance(failure(lambda: HttpClient(address)), Misconfigured)


def test_loopback() -> None:
    assert all(map(is_loopback, ["http://127.0.0.1:8811", "http://localhost/api", "http://[::1]:1"]))
    assert not any(
        map(is_loopback, ["https://127.0.0.1", "http://127.0.0.1.evil.example", "http://localhost.evil.example"])
    )


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"", None), (204, b"", None),
        (400, b"{}", ContractChanged), (401, b"{}", ReauthRequired), (403, b'{"a":1}', NotAllowed),
        (403, b"<html>", TransientError), (404, b"", RemoteGone), (405, b"", ContractChanged),
        (406, b"", ContractChanged), (408, b"", TransientError), (410, b"", RemoteGone),
        (409, b"{}", ContractChanged), (422, b"{}", RequestRefused), (425, b"", TransientError),
        (429, b"", RateLimited), (301, b"", Misconfigured), (302, b"", TransientError), (308, b"", Misconfigured),
        (500, b"", TransientError), (501, b"", ContractChanged), (502, b"", TransientError), (504, b"", TransientError),
        (533, b"{}", ProviderPaused), (701, b"{}", ReauthRequired),
    ],
)  # fmt: skip
def test_status_to_error(status: int, body: bytes, kind: type[IntegrationError] | None) -> None:
    error = error_for_status(status, body, what="GET /x")
    assert (type(error) if error else None) is kind


def test_409_with_a_time_is_a_request_still_being_worked_on() -> None:
    error = error_for_status(409, b"{}", what="POST /x", wait=2)
    assert (type(error), error.retry_after if isinstance(error, RateLimited) else None) == (RateLimited, 2)


def test_533_waits_an_hour_unless_told() -> None:
    waits = [error_for_status(533, b"{}", what="GET /x", wait=wait) for wait in (None, 90)]
    assert [error.retry_after for error in waits if isinstance(error, ProviderPaused)] == [3600, 90]


def test_503_with_a_time_is_a_limit() -> None:
    error = error_for_status(503, b"", what="GET /x", wait=9)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 9


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12),
        (" 0 ", 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds
