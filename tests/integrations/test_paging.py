from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.errors import ContractChanged, TransientError
from integrations.http import HttpClient
from integrations.paging import OffsetList, offset_pages, rows_of
from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, json_response

PATH = "/rows"
Answer = Callable[[int, int], Response]


class Upstream:
    """A list over real HTTP whose paging can be told to misbehave; remembers the offsets asked for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.offsets: list[int] = []
        self.at_once = self.most_at_once = 0
        self.count = 0
        self.answer: Answer = self.page
        self.listener = Listener(("127.0.0.1", 0), self.respond)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"

    def respond(self, request: Request) -> Response:
        offset, limit = int(request.query["Offset"]), int(request.query["Limit"])
        with self.lock:
            self.offsets.append(offset)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self.answer(offset, limit)
        finally:
            with self.lock:
                self.at_once -= 1

    def page(self, offset: int, limit: int) -> Response:
        return json_response([{"Id": str(n)} for n in range(offset, min(offset + limit, self.count))])

    def reset(self, count: int, answer: Answer | None = None) -> None:
        self.offsets.clear()
        self.most_at_once = 0
        self.count, self.answer = count, answer or self.page


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    upstream = Upstream()
    thread = threading.Thread(target=upstream.listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield upstream
    upstream.listener.stop()
    thread.join()


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    server.reset(0)
    return server


@pytest.fixture(scope="module")
def http(server: Upstream) -> Iterator[HttpClient]:
    with HttpClient(server.url, sleep=lambda seconds: None) as client:
        yield client


def read(http: HttpClient, *, start: int = 0, in_flight: int = 4, limit: int = 10) -> list[int]:
    pages = offset_pages(http, OffsetList(PATH, {}, limit=limit), start=start, in_flight=in_flight)
    return [int(row["Id"]) for rows, _ in pages for row in rows]


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 99, 100, 101, 173])
def test_every_row_comes_once_and_in_order(upstream: Upstream, http: HttpClient, count: int, in_flight: int) -> None:
    upstream.reset(count)
    assert read(http, in_flight=in_flight) == list(range(count))


def test_a_short_list_costs_one_request(upstream: Upstream, http: HttpClient) -> None:
    upstream.reset(7)
    read(http)
    assert upstream.offsets == [0]


def test_pages_say_where_to_go_on(upstream: Upstream, http: HttpClient) -> None:
    upstream.reset(25)
    pages = offset_pages(http, OffsetList(PATH, {}, limit=10), in_flight=4)
    assert [(len(rows), after) for rows, after in pages] == [(10, 10), (10, 20), (5, 25)]
    assert read(http, start=20) == [20, 21, 22, 23, 24]


def test_as_many_pages_as_allowed_are_asked_for_at_once(upstream: Upstream, http: HttpClient) -> None:
    # Four pages wait for each other: with fewer in flight, none of them would ever be answered.
    together = threading.Barrier(4, timeout=30)

    def meeting(offset: int, limit: int) -> Response:
        if offset in (30, 40, 50, 60):
            together.wait()
        return upstream.page(offset, limit)

    upstream.reset(180, meeting)
    assert read(http) == list(range(180))
    assert not together.broken
    assert upstream.most_at_once == 4


def test_pages_that_come_out_of_order_are_given_in_order(upstream: Upstream, http: HttpClient) -> None:
    last_first = {offset: threading.Event() for offset in range(0, 80, 10)}

    def backwards(offset: int, limit: int) -> Response:
        if offset == 30:
            last_first[40].wait(30)
        last_first[offset].set() if offset in last_first else None
        return upstream.page(offset, limit)

    upstream.reset(80, backwards)
    assert read(http) == list(range(80))


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("shift", [1, 3, 9])
def test_pages_that_overlap_lose_nothing(upstream: Upstream, http: HttpClient, shift: int, in_flight: int) -> None:
    upstream.reset(95, lambda offset, limit: upstream.page(max(0, offset - shift), limit))
    assert sorted(set(read(http, in_flight=in_flight))) == list(range(95))


def test_one_page_that_overlaps_loses_nothing(upstream: Upstream, http: HttpClient) -> None:
    hits = iter([3])

    def once(offset: int, limit: int) -> Response:
        return upstream.page(offset - (next(hits, 0) if offset == 20 else 0), limit)

    upstream.reset(95, once)
    assert sorted(set(read(http))) == list(range(95))


def test_rows_put_in_front_while_reading_lose_nothing(upstream: Upstream, http: HttpClient) -> None:
    # Newest first, and four new rows arrive after each of the first three pages.
    rows = [str(n) for n in range(100)]
    arrivals = iter(range(1000, 1012))
    lock = threading.Lock()

    def growing(offset: int, limit: int) -> Response:
        with lock:
            page = rows[offset : offset + limit]
            if len(rows) < 112:
                rows[:0] = [str(next(arrivals)) for _ in range(4)]
        return json_response([{"Id": value} for value in page])

    upstream.reset(0, growing)
    assert set(range(100)) <= set(read(http, in_flight=1))


@pytest.mark.parametrize("in_flight", [1, 4])
@pytest.mark.parametrize("period", [0, 1, 2, 3])
def test_a_list_that_goes_round_stops_with_an_error(
    upstream: Upstream, http: HttpClient, period: int, in_flight: int
) -> None:
    upstream.reset(10_000, lambda offset, limit: upstream.page(offset % (10 * (period + 1)), limit))
    with pytest.raises(ContractChanged) as found:
        read(http, in_flight=in_flight)
    assert "repeats a page" in found.value.safe_message
    assert len(upstream.offsets) <= 40


def test_a_page_that_repeats_once_is_asked_again(upstream: Upstream, http: HttpClient) -> None:
    hits = iter([10])

    def once(offset: int, limit: int) -> Response:
        return upstream.page(offset - (next(hits, 0) if offset == 30 else 0), limit)

    upstream.reset(95, once)
    assert read(http) == list(range(95))


def test_a_server_that_caps_the_limit_is_read_to_its_end(upstream: Upstream, http: HttpClient) -> None:
    upstream.reset(230, lambda offset, limit: upstream.page(offset, min(limit, 50)))
    assert read(http, limit=500) == list(range(230))
    assert read(http, limit=500, in_flight=1) == list(range(230))


def test_rows_without_an_id_end_too(upstream: Upstream, http: HttpClient) -> None:
    upstream.reset(25, lambda offset, limit: json_response([{"n": n} for n in range(offset, min(offset + limit, 25))]))
    pages = offset_pages(http, OffsetList(PATH, {}, limit=10), in_flight=4)
    assert [row["n"] for rows, _ in pages for row in rows] == list(range(25))
    upstream.reset(25, lambda offset, limit: json_response([{"n": 1}] * limit))
    with pytest.raises(ContractChanged):
        list(offset_pages(http, OffsetList(PATH, {}, limit=10)))


def test_a_failing_page_is_asked_again_by_the_reader_in_its_own_thread(upstream: Upstream) -> None:
    failing = iter([500, 503])
    waited: list[str] = []

    def ailing(offset: int, limit: int) -> Response:
        status = next(failing, None) if offset == 30 else None
        return upstream.page(offset, limit) if status is None else json_response({}, status)

    upstream.reset(95, ailing)
    with HttpClient(upstream.url, sleep=lambda seconds: waited.append(threading.current_thread().name)) as http:
        assert read(http) == list(range(95))
    assert waited == [threading.current_thread().name] * 2
    assert upstream.offsets.count(30) == 3


def test_a_page_that_keeps_failing_is_tried_three_times(upstream: Upstream, http: HttpClient) -> None:
    upstream.reset(95, lambda offset, limit: json_response({}, 500) if offset == 30 else upstream.page(offset, limit))
    with pytest.raises(TransientError):
        read(http)
    assert upstream.offsets.count(30) == 3


def test_a_token_that_ends_in_the_middle_is_renewed_by_the_reader(upstream: Upstream) -> None:
    good = "first"
    renewed: list[str] = []

    def token(rejected: str | None) -> str:
        nonlocal good
        if rejected:
            renewed.append(threading.current_thread().name)
            good = "second"
        return good

    seen: list[str] = []
    original = upstream.listener.application

    def guarded(request: Request) -> Response:
        offset, given = int(request.query["Offset"]), request.headers["authorization"]
        seen.append(given)
        if offset >= 30 and given != "Bearer second":
            return json_response({"why": "ended"}, 401)
        return original(request)

    upstream.reset(95)
    upstream.listener.application = guarded
    try:
        with HttpClient(upstream.url, token=token) as http:
            assert read(http) == list(range(95))
    finally:
        upstream.listener.application = original
    assert renewed == [threading.current_thread().name]


def test_a_reader_that_stops_early_leaves_no_thread_asking(upstream: Upstream, http: HttpClient) -> None:
    upstream.reset(10_000)
    pages = offset_pages(http, OffsetList(PATH, {}, limit=10), in_flight=4)
    next(pages)
    next(pages)
    pages.close()
    deadline = time.monotonic() + 30
    while any(thread.name.startswith("pages") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert max(upstream.offsets) <= 60


@settings(max_examples=40, deadline=None)
@given(count=st.integers(0, 130), limit=st.integers(1, 40), start=st.integers(0, 140), in_flight=st.integers(1, 6))
def test_any_list_from_any_place(
    server: Upstream, http: HttpClient, count: int, limit: int, start: int, in_flight: int
) -> None:
    server.reset(count)
    assert read(http, start=start, in_flight=in_flight, limit=limit) == list(range(start, count))


@pytest.mark.parametrize("answer", [{}, {"ResponseStatus": {"ErrorCode": "x"}}, None, "rows", 3, [1], [None], [[]]])
def test_what_is_no_list_of_objects_is_a_changed_contract(answer: Any) -> None:
    with pytest.raises(ContractChanged):
        rows_of(orjson.loads(orjson.dumps(answer)), PATH)
