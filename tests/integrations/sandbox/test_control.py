from __future__ import annotations

import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.sandbox import SandboxServer
from tests.integrations.sandbox.client import Client


def test_state_lists_all_there_is(client: Client) -> None:
    state = client.control("state")
    assert state["vendor"] == "propertyme"
    assert state["ledger"] == "line"
    assert "void_receipt" in state["operations"]
    assert "reset_mid_body" in state["fault_kinds"]
    first, second = state["agencies"]
    assert first["lots"] == 8
    assert first["today"] == "2026-06-30"
    assert first["id"] != second["id"]


def test_advance_edit_and_records(client: Client) -> None:
    made = client.control("advance", {"days": 5, "agency": 0})
    assert set(made) == {"receipts", "bills", "jobs", "tenancies"}
    today = [agency["today"] for agency in client.control("state")["agencies"]]
    assert today == ["2026-07-05", "2026-06-30"]
    answer = client.control("edit", {"op": "void_receipt"})
    assert answer["op"] == "void_receipt"
    assert client.control(f"records?resource=receipts&record={answer['result']}")["IsVoid"] is True
    other = client.control("edit", {"op": "void_receipt", "agency": 1})["result"]
    assert client.control(f"records?resource=receipts&agency=1&record={other}")["IsVoid"] is True
    assert len(client.control("records?resource=lots&limit=3&offset=1")) == 3


def test_faults_by_control(client: Client) -> None:
    made = client.control("faults", {"kind": "rate_limited", "path": "/api/v1/lots", "times": 1, "retry_after": 2})
    assert made["params"] == {"retry_after": 2}
    assert [fault["id"] for fault in client.control("faults")] == [made["id"]]
    assert client.get("lots", Timestamp=0).headers["Retry-After"] == "2"
    assert client.control("faults") == []
    made = client.control("faults", {"kind": "server_error", "params": {"status": 503}})
    assert client.get("lots", Timestamp=0).status_code == 503
    assert client.control("faults/clear", {"id": made["id"]}) == []
    log = client.control("requests?last=1")
    assert log["counts"]["/api/v1/lots"] == 2
    assert log["entries"][0]["fault"] == "server_error"
    client.control("requests/clear", {})
    assert client.control("requests")["counts"] == {}


def test_settings(client: Client) -> None:
    state = client.control(
        "settings",
        {"ledger": "derived", "latency_ms": 1, "expires_in": 77, "rotate_refresh": True, "client_auth": "post"},
    )
    assert state["ledger"] == "derived"
    assert (state["latency_ms"], state["expires_in"]) == (1.0, 77)
    assert (state["rotate_refresh"], state["client_auth"]) == (True, "post")
    assert client.control("grant", {"agency": 1})["expires_in"] == 77


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("edit", {"op": "explode"}, "Unknown operation"),
        ("edit", {"op": "void_receipt", "agency": 9}, "No agency 9"),
        ("faults", {"kind": "gremlin"}, "Unknown fault"),
        ("settings", {"ledger": "double"}, "Unknown setting"),
        ("advance", {"days": 0}, "between 1 and 3660"),
    ],
)
def test_mistakes_are_told(client: Client, path: str, body: dict[str, Any], message: str) -> None:
    response = client.session.post(f"{client.server.url}/_sandbox/{path}", json=body)
    assert response.status_code == 400
    assert message in response.json()["error"]


def test_bodies_that_are_no_json_objects(client: Client) -> None:
    for body in (b"{", b"[1]"):
        response = client.session.post(f"{client.server.url}/_sandbox/advance", data=body)
        assert response.status_code == 400
    assert client.session.get(f"{client.server.url}/_sandbox/records?resource=moons").status_code == 400
    assert client.session.get(f"{client.server.url}/_sandbox/nothing").status_code == 404
    assert client.session.get(f"{client.server.url}/elsewhere").status_code == 404


def say(client: Client, **form: str) -> str:
    """Press a button of the control page and return what the page says then."""
    response = client.session.post(f"{client.server.url}/", data=form, allow_redirects=False)
    assert response.status_code == 303
    said = parse_qs(urlsplit(response.headers["Location"]).query)["said"][0]
    page = client.session.get(client.server.url + response.headers["Location"])
    assert page.status_code == 200
    assert 'role="status"' in page.text
    return said


def test_the_page_plays_the_agency(client: Client, server: SandboxServer) -> None:
    page = client.session.get(f"{server.url}/")
    assert "PropertyMe sandbox" in page.text
    assert "No fault is on." in page.text
    assert "<script" not in page.text
    assert say(client, action="advance", days="7").startswith("7 day(s) passed: ")
    before = server.vendor.agency.version
    for op in ("edit_receipt", "void_receipt", "add_receipt", "edit_bill", "cancel_bill", "add_bill", "rename_address"):
        assert say(client, action="edit", op=op).startswith(op.replace("_", " "))
    for op in ("archive_lot", "end_tenancy", "report_job", "new_tenancy"):
        assert say(client, action="edit", op=op).startswith(op.replace("_", " "))
    assert server.vendor.agency.version == before + 11
    assert say(client, action="edit", op="vanish", resource="bills").startswith("vanish: ")
    assert say(client, action="edit", op="mutate", resource="lots", mutation="rtl_text").startswith("mutate: ")
    assert say(client, action="ledger", ledger="derived") == "The ledger mode is derived."
    assert server.vendor.ledger == "derived"
    assert "2 time(s)" in say(client, action="fault", kind="server_error", path="/api/v1/lots", times="2", number="503")
    assert client.get("lots", Timestamp=0).status_code == 503
    assert "until cleared" in say(client, action="fault", kind="empty_list")
    assert "server_error" in client.session.get(f"{server.url}/").text
    assert say(client, action="clear") == "All faults are off."
    assert server.faults.active() == []
    assert say(client, action="expire") == "1 access token(s) expired."
    assert say(client, action="revoke") == "1 grant(s) revoked."


def test_the_page_says_what_it_could_not_do(client: Client) -> None:
    assert say(client, action="dance").startswith("Nothing was done")
    assert say(client, action="fault", kind="gremlin").startswith("Nothing was done: Unknown fault")
    assert say(client, action="advance", days="soon").startswith("Nothing was done")
    page = client.session.get(f"{client.server.url}/", params={"said": "<b>bold</b>"})
    assert "<b>bold</b>" not in page.text


def raw(server: SandboxServer, text: bytes) -> bytes:
    with socket.create_connection((server.host, server.port), timeout=5) as sock:
        sock.sendall(text)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(65_536):
            answer += part
        return answer


def test_the_wire(server: SandboxServer) -> None:
    head = b"GET /_sandbox/state HTTP/1.1\r\nHost: x\r\n"
    both = raw(server, head + b"\r\n" + head + b"Connection: close\r\n\r\n")
    assert both.count(b"HTTP/1.1 200 OK") == 2
    assert b"Connection: keep-alive" in both
    assert both.count(b"Connection: close") == 1
    assert raw(server, b"nonsense\r\n\r\n") == b""
    assert raw(server, b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n") == b""
    assert raw(server, b"GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n") == b""
    assert raw(server, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""
    headless = raw(server, b"HEAD /_sandbox/nothing HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert headless.startswith(b"HTTP/1.1 404")
    assert headless.endswith(b"\r\n\r\n")


def test_a_failure_of_the_sandbox_itself_is_told_apart(client: Client, server: SandboxServer) -> None:
    server.vendor.agencies.clear()
    response = client.get("lots", Timestamp=0)
    assert response.status_code in (400, 500)
    assert "error" in response.json()
