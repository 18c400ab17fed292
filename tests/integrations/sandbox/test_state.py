"""A sandbox that is stopped, or killed, and started again is the same agency with the same connections."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.sandbox import SandboxServer
from tests.integrations.sandbox.client import Client

RESOURCES = ("lots", "contacts", "tenancies", "balances", "jobs", "receipts", "bills")
ROOT = Path(__file__).resolve().parents[3]
AGENT = {"User-Agent": "sandbox-tests/1"}


def everything(server: SandboxServer) -> dict[str, Any]:
    return {
        f"{resource} {agency.index}": server.vendor.records(resource, agency.index, limit=100_000)
        for resource in RESOURCES
        for agency in server.vendor.agencies
    }


def busy_days(server: SandboxServer) -> None:
    server.vendor.advance(days=10)
    for operation in server.vendor.operations():
        arguments: dict[str, Any] = {
            "patch": {"resource": "receipts", "fields": {"Amount": "12.00"}},
            "mutate": {"mutation": "null_money"},
            "change_rent": {"amount": 700},
            "set_paying": {"pays": False},
            "renew_lease": {"until": "2028-01-31"},
            "set_job_status": {"status": "Finished"},
            "heal": {"resource": "lots", "record": server.vendor.records("lots")[0]["Id"]},
            "restore_lot": {"record": server.vendor.records("lots")[0]["Id"]},
            "rename_contact": {"record": server.vendor.records("contacts")[0]["Id"], "first": "Zoë"},
        }.get(operation, {})
        server.vendor.edit(operation, **arguments)
    server.vendor.agencies[1].advance(days=2)
    server.vendor.advance(days=20)


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "sandbox.jsonl"
    with SandboxServer(lots=6, years=0.5, seed=4, state=state) as first:
        busy_days(first)
        body = first.grant(1)
        first.oauth.tokens.expires_in = 900
        first.vendor.ledger = "derived"
        first.oauth.settings.client_auth = "post"
        first.settings_changed()
        first.grant(0)
        before = everything(first)
    assert state.stat().st_mode & 0o777 == 0o600
    # Other arguments do not matter once there is a journal.
    with SandboxServer(lots=99, years=3, seed=5, agencies=1, state=state) as second, Client(second) as client:
        assert everything(second) == before
        assert second.vendor.ledger == "derived"
        assert second.oauth.settings.client_auth == "post"
        assert second.oauth.tokens.expires_in == 900
        client.bear(body["access_token"])
        assert client.rows("contacts/agency")["Name"] == second.vendor.agencies[1].name
        second.vendor.edit("void_receipt")
        third_state = everything(second)
    third = SandboxServer(state=state)
    assert everything(third) == third_state
    assert third.oauth.tokens.use_refresh(body["refresh_token"]) is not None


def test_cursors_stay_good_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    with SandboxServer(lots=4, years=0.3, seed=4, state=state) as first:
        first.vendor.edit("rename_address")
        first.vendor.advance(days=3)
        last = max(row["Timestamp"] for row in first.vendor.records("lots"))
    with SandboxServer(state=state) as second, Client(second) as client:
        client.granted()
        assert client.rows("lots", Timestamp=last) == []
        record = second.vendor.edit("rename_address")
        assert [row["Id"] for row in client.rows("lots", Timestamp=last)] == [record]


def test_a_line_cut_off_by_a_crash_is_ignored(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    first = SandboxServer(lots=4, years=0.3, seed=4, state=state)
    first.vendor.edit("void_receipt")
    before = everything(first)
    with state.open("ab") as file:
        file.write(b'{"kind":"operation","value":{"agency":0,"na')
    second = SandboxServer(state=state)
    assert everything(second) == before
    second.vendor.edit("void_receipt")
    assert everything(SandboxServer(state=state)) == everything(second)


def test_impossible_wishes_are_not_journalled(client: Client, tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    server = SandboxServer(lots=4, years=0.3, seed=4, state=state)
    size = state.stat().st_size
    with pytest.raises(Exception, match="Unknown operation"):
        server.vendor.edit("explode")
    assert state.stat().st_size == size


def start(state: Path, *more: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--lots", "4", "--years", "0.3", *more]
    process = subprocess.Popen([*command, "--state", str(state)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("PropertyMe sandbox at http://127.0.0.1:")
    return process, line.split(" ")[3].rstrip(",")


def finish(process: subprocess.Popen[str], number: int) -> int:
    process.send_signal(number)
    code = process.wait(20)
    assert process.stdout is not None
    process.stdout.close()
    return code


def test_the_process_survives_being_killed(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.jsonl"
    process, url = start(state, "--today", "2026-03-01", "--ledger", "derived", "--seed", "9")
    try:
        token = requests.post(f"{url}/_sandbox/grant", json={}, timeout=5).json()["access_token"]
        assert requests.post(f"{url}/_sandbox/advance", json={"days": 4}, timeout=5).status_code == 200
        headers = AGENT | {"Authorization": f"Bearer {token}"}
        before = requests.get(f"{url}/api/v1/tenancies/balances", headers=headers, timeout=5).json()
        assert requests.get(f"{url}/_sandbox/state", timeout=5).json()["agencies"][0]["today"] == "2026-03-05"
    finally:
        assert finish(process, signal.SIGKILL) == -signal.SIGKILL
    process, url = start(state)
    try:
        assert requests.get(f"{url}/api/v1/tenancies/balances", headers=headers, timeout=5).json() == before
    finally:
        assert finish(process, signal.SIGTERM) == 0
