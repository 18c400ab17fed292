"""`manage.py sync_connection`: the same sync from a shell, with an exit status that a script can act on."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from access.models import User
from accounting.models import Transaction
from integrations.models import Connection, SyncPlan
from integrations.sandbox import SandboxServer
from integrations.services import sync as sync_services
from integrations.sync import waiting
from tests.integrations.sync.conftest import live, owed, rent_of

pytestmark = pytest.mark.django_db(transaction=True)


def _call(source: Connection, *options: str) -> tuple[int, str, str]:
    """Exit status, output and complaints."""
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("sync_connection", str(source.pk), *options, stdout=out, stderr=err)
    assert isinstance(ended.value.code, int)
    return ended.value.code, out.getvalue(), err.getvalue()


def _result(source: Connection, *options: str) -> tuple[int, dict[str, Any]]:
    status, out, _ = _call(source, *options, "--json")
    return status, json.loads(out)


def test_a_sync_that_is_done_exits_0_and_says_what_it_did(synced: Connection, vendor: SandboxServer) -> None:
    vendor.vendor.edit("add_receipt", amount="70")
    status, out, err = _call(synced)
    assert (status, err) == (0, "")
    assert out.startswith("completed: 1 transactions created\n")
    assert "  payment: " in out
    run = synced.runs.order_by("-id")[0]
    assert (run.trigger, run.sync_type, run.full) == ("shell", "incremental", False)
    assert live(synced) == owed(vendor)


def test_full_reads_everything_and_json_is_for_machines(synced: Connection, vendor: SandboxServer) -> None:
    gone = vendor.vendor.edit("vanish", resource="receipts", record=rent_of(vendor)["Id"])
    status, result = _result(synced, "--full")
    run = synced.runs.order_by("-id")[0]
    assert (status, result["run"], result["status"]) == (0, str(run.pk), "completed")
    assert (result["counts"]["payment"]["missing"], run.full) == (1, True)
    assert (result["errors"], result["held_reason"], result["plan"]) == ([], "", "")
    assert result["totals"] == {"income": "0", "expense": "0"}
    assert gone in live(synced)


def test_a_preview_is_stored_and_changes_nothing(synced: Connection, vendor: SandboxServer, admin_user: User) -> None:
    vendor.vendor.edit("add_receipt", amount="70")
    before = Transaction.objects.count()
    status, result = _result(synced, "--preview")
    plan = SyncPlan.objects.get()
    assert (status, result["plan"], Transaction.objects.count()) == (0, str(plan.pk), before)
    assert result["changes"] == plan.counts == {"create": 1}
    status, out, _ = _call(synced, "--preview", "--full")
    assert (status, synced.runs.order_by("-id")[0].full) == (0, True)
    assert "preview " in out
    sync_services.apply_plan(plan=plan, user=admin_user)


def test_a_failure_exits_1(synced: Connection, vendor: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "sleep", lambda seconds: None)
    vendor.stop()
    status, out, err = _call(synced)
    assert (status, out[:7]) == (1, "failed:")
    assert err == "The provider did not answer properly. The sync is tried again by itself.\n"


def test_a_held_run_exits_2(synced: Connection, vendor: SandboxServer) -> None:
    vendor.faults.add("empty_list", path="/api/v1/tenancies")
    status, _, err = _call(synced)
    assert (status, err[:42]) == (2, "PropertyMe answered with no tenancy record")


def test_a_lost_grant_exits_3_now_and_the_next_time(synced: Connection, vendor: SandboxServer) -> None:
    vendor.revoke()
    status, result = _result(synced)
    assert (status, result["errors"][0]["code"]) == (3, "reauth_required")
    assert _call(synced) == (3, "", "Sign in at the provider again first; your mappings are kept.\n")


def test_what_cannot_be_started_exits_1(synced: Connection) -> None:
    sync_services.queue_sync(connection=synced)
    with pytest.raises(CommandError, match="already under way") as refused:
        call_command("sync_connection", str(synced.pk))
    assert refused.value.returncode == 1
    for wrong in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(CommandError, match=f"There is no connection {wrong}") as refused:
            call_command("sync_connection", wrong)
        assert refused.value.returncode == 1


def test_a_real_shell_gets_the_status_and_clean_json(
    synced: Connection, vendor: SandboxServer, process_environment: dict[str, str]
) -> None:
    vendor.vendor.edit("add_receipt", amount="70")
    environment = {
        **process_environment,
        "PROPERTYME_API_URL": vendor.api_url,
        "PROPERTYME_AUTH_URL": vendor.url,
    }
    command = [sys.executable, "manage.py", "sync_connection", str(synced.pk), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["transactions_created"]) == (0, 1)
    vendor.revoke()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["status"]) == (3, "failed")
    assert live(synced) == owed(vendor)
