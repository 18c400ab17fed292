"""Each switch does on the wire what its name says, as often and where it was told to."""

from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest
import requests

from integrations.sandbox import SandboxServer
from integrations.sandbox.faults import KINDS
from integrations.sandbox.wire import SandboxError
from tests.integrations.sandbox.client import Client

LOTS = "/api/v1/lots"


def lots(client: Client, timeout: float = 10) -> requests.Response:
    return client.get("lots", timeout, Timestamp=0)


def check_rate_limited(client: Client) -> None:
    response = lots(client)
    assert response.status_code == 429
    assert "Retry-After" not in response.headers
    client.server.faults.clear()
    client.server.faults.add("rate_limited", retry_after=7)
    assert lots(client).headers["Retry-After"] == "7"
    client.server.faults.clear()
    client.server.faults.add("rate_limited", retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    assert lots(client).headers["Retry-After"].endswith("GMT")


def check_server_error(client: Client) -> None:
    for status in (500, 502, 503):
        client.server.faults.clear()
        client.server.faults.add("server_error", status=status)
        response = lots(client)
        assert response.status_code == status
        assert response.json()["IsSuccessful"] is False


def check_html_error(client: Client) -> None:
    response = lots(client)
    assert response.status_code == 502
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<html>" in response.text


def check_timeout(client: Client) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        lots(client, timeout=0.2)
    client.server.faults.clear()
    client.server.faults.add("timeout", seconds=0.05)
    with pytest.raises(requests.exceptions.ConnectionError):
        lots(client)


def check_slow_body(client: Client) -> None:
    whole = client.server.vendor.records("lots")
    client.server.faults.clear()
    client.server.faults.add("slow_body", chunk=4000, seconds=0.001)
    assert lots(client).json() == whole
    client.server.faults.clear()
    client.server.faults.add("slow_body", seconds=30)
    # The head arrives at once, the body does not: the client gives up inside the body.
    with pytest.raises(requests.exceptions.ConnectionError, match="Read timed out"):
        lots(client, timeout=0.2)


def check_reset_mid_body(client: Client) -> None:
    with pytest.raises(requests.exceptions.RequestException) as caught:
        lots(client)
    assert isinstance(caught.value, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError)


def check_truncated_body(client: Client) -> None:
    connection = http.client.HTTPConnection(client.server.host, client.server.port, timeout=5)
    token = str(client.session.headers["Authorization"])
    connection.request("GET", f"{LOTS}?Timestamp=0", headers={"Authorization": token, "User-Agent": "x/1"})
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert caught.value.expected is not None
    assert len(caught.value.partial) > 0
    connection.close()


def check_truncated_json(client: Client) -> None:
    response = lots(client)
    assert response.status_code == 200
    assert response.text.startswith('[{"')
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def check_not_json(client: Client) -> None:
    response = lots(client)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def check_empty_body(client: Client) -> None:
    response = lots(client)
    assert (response.status_code, response.content) == (200, b"")


def check_empty_list(client: Client) -> None:
    assert lots(client).json() == []


def check_oversized(client: Client) -> None:
    client.server.faults.clear()
    client.server.faults.add("oversized", megabytes=2)
    assert int(lots(client).headers["Content-Length"]) > 2 * 1024 * 1024
    client.server.faults.clear()
    client.server.faults.add("oversized", megabytes=2, declared=False)
    response = lots(client)
    assert "Content-Length" not in response.headers
    assert len(response.content) > 2 * 1024 * 1024


def check_unauthorized(client: Client) -> None:
    assert lots(client).status_code == 401
    client.server.faults.clear()
    assert lots(client).status_code == 401
    client.granted()
    client.server.faults.add("unauthorized", expire=False)
    assert lots(client).status_code == 401
    client.server.faults.clear()
    assert lots(client).status_code == 200


def refresh(client: Client) -> requests.Response:
    return client.token(grant_type="refresh_token", refresh_token=client.server.grant()["refresh_token"])


def check_revoked_grant(client: Client) -> None:
    assert (refresh(client).status_code, refresh(client).json()) == (400, {"error": "invalid_grant"})
    assert lots(client).status_code == 200


def check_invalid_client(client: Client) -> None:
    assert (refresh(client).status_code, refresh(client).json()) == (400, {"error": "invalid_client"})


def check_no_refresh_token(client: Client) -> None:
    body = refresh(client).json()
    assert "refresh_token" not in body
    assert "access_token" in body


def pages(client: Client, offset: int) -> list[str]:
    return [row["Id"] for row in client.rows("dashboards/transactions", Offset=offset, Limit=10)]


def check_repeat_page(client: Client) -> None:
    first = pages(client, 0)
    assert pages(client, 10) == first
    client.server.faults.clear()
    assert pages(client, 10) != first


def check_overlap_pages(client: Client) -> None:
    first = pages(client, 0)
    assert pages(client, 10)[:3] == first[-3:]


def check_stuck_page(client: Client) -> None:
    assert pages(client, 0) == pages(client, 10) == pages(client, 50)


def check_latency(client: Client) -> None:
    client.server.faults.clear()
    client.server.faults.add("latency", ms=2)
    assert lots(client).status_code == 200
    client.server.faults.clear()
    client.server.faults.add("latency", ms=3000)
    with pytest.raises(requests.exceptions.ReadTimeout):
        lots(client, timeout=0.2)


def check_mutate_rows(client: Client) -> None:
    assert "FutureField" in lots(client).json()[0]
    clean = client.server.vendor.records("lots")
    for mutation, expected in (("duplicate_ids", 9), ("drop_rows", 7), ("null_money", 8)):
        client.server.faults.clear()
        client.server.faults.add("mutate_rows", mutation=mutation)
        assert len(lots(client).json()) == expected
    client.server.faults.clear()
    client.server.faults.add("mutate_rows", mutation="missing_fields", field="Address", count=None)
    assert all("Address" not in row for row in lots(client).json())
    client.server.faults.clear()
    assert lots(client).json() == clean


CHECKS: dict[str, Callable[[Client], None]] = {
    name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")
}


def test_every_kind_is_checked() -> None:
    assert set(CHECKS) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_fault(client: Client, kind: str) -> None:
    client.server.faults.add(kind)
    CHECKS[kind](client)
    client.server.faults.clear()
    client.granted()
    assert lots(client).status_code == 200


def test_times_and_skip(client: Client) -> None:
    client.server.faults.add("server_error", LOTS, times=2, skip=1, status=503)
    assert [lots(client).status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert client.server.faults.active() == []


def test_path_pattern_and_method(client: Client) -> None:
    client.server.faults.add("server_error", "*jobtasks*")
    client.server.faults.add("server_error", LOTS, method="POST")
    assert lots(client).status_code == 200
    assert client.get("jobtasks", Timestamp=0).status_code == 500


def test_faults_act_in_turn(client: Client) -> None:
    client.server.faults.add("rate_limited", LOTS, times=1)
    client.server.faults.add("server_error", LOTS, times=1, status=502)
    assert [lots(client).status_code for _ in range(3)] == [429, 502, 200]


def test_mutations_stack_on_other_faults(client: Client) -> None:
    client.server.faults.add("mutate_rows", LOTS, mutation="null_money")
    client.server.faults.add("mutate_rows", LOTS, mutation="unknown_fields")
    row = lots(client).json()[0]
    assert row["RentAmount"] is None
    assert row["x_experimental"] is True


def test_unknown_kind(client: Client) -> None:
    with pytest.raises(SandboxError, match="Unknown fault 'gremlin'"):
        client.server.faults.add("gremlin")


def test_an_unknown_mutation_is_answered_as_the_drivers_mistake(client: Client) -> None:
    client.server.faults.add("mutate_rows", LOTS, mutation="magic")
    assert lots(client).status_code == 400


def test_one_fault_can_be_cleared_alone(client: Client) -> None:
    first = client.server.faults.add("server_error", LOTS)
    second = client.server.faults.add("server_error", "*contacts*")
    client.server.faults.clear(first.id)
    assert [fault.id for fault in client.server.faults.active()] == [second.id]


def test_general_latency(client: Client) -> None:
    client.server.faults.latency_ms = 3000
    with pytest.raises(requests.exceptions.ReadTimeout):
        lots(client, timeout=0.2)
    client.server.faults.latency_ms = 1
    assert lots(client).status_code == 200


def test_requests_are_counted_with_their_faults(client: Client) -> None:
    client.server.faults.add("rate_limited", LOTS, times=1)
    lots(client)
    lots(client)
    assert client.server.requests.count(LOTS) == 2
    assert client.server.requests.counts == {LOTS: 2}
    entries = client.server.requests.entries
    assert [(entry.status, entry.fault) for entry in entries] == [(429, "rate_limited"), (200, "")]
    assert entries[0].query == "Timestamp=0"
    client.server.requests.clear()
    assert client.server.requests.count(LOTS) == 0


def test_an_outage_and_its_end(server: SandboxServer) -> None:
    with Client(server) as client:
        client.granted()
        assert lots(client).status_code == 200
        server.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            lots(client)
        server.start()
        assert lots(client).status_code == 200
