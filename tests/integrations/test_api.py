"""The connection API: one organisation, no secrets, the same rules as the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation
from integrations.models import Connection, SyncRun
from tests.factories.integrations import ConnectionFactory, SyncRunFactory

CONNECTIONS = "/api/integrations/connections/"


@pytest.fixture
def source(organisation: Organisation) -> Connection:
    return ConnectionFactory(organisation=organisation, account_name="Harbour & Co at PropertyMe")


def test_connections_are_listed_without_secrets(source: Connection, client_agent: Client) -> None:
    ConnectionFactory(account_name="A rival's")
    answer = client_agent.get(CONNECTIONS)
    assert [row["account_name"] for row in answer.json()] == ["Harbour & Co at PropertyMe"]
    assert "secret" not in answer.content.decode()
    assert answer.json()[0]["id"] == str(source.id)


def test_connections_are_filtered(source: Connection, client_agent: Client) -> None:
    assert len(client_agent.get(CONNECTIONS, {"status": "active", "provider": "propertyme"}).json()) == 1
    assert client_agent.get(CONNECTIONS, {"status": "expired"}).json() == []
    refused = client_agent.get(CONNECTIONS, {"status": "sleepy"})
    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == ["status"]


def test_tenants_and_strangers_are_refused(source: Connection, client_tenant: Client, client: Client) -> None:
    assert client_tenant.get(CONNECTIONS).status_code == 403
    assert client.get(CONNECTIONS).status_code == 403


def test_a_run_tells_its_progress(source: Connection, organisation: Organisation, client_agent: Client) -> None:
    began = timezone.now() - timedelta(seconds=10)
    run = SyncRunFactory(
        organisation=organisation,
        connection=source,
        status=SyncRun.Status.RUNNING,
        stage="rent payments",
        done=1000,
        expected=1500,
        started_at=began,
        heartbeat_at=began + timedelta(seconds=4),
        finished_at=None,
        counts={"payment": {"seen": 900, "created": 3}, "bill": {"seen": 100, "created": 1}},
    )
    body = client_agent.get(f"/api/integrations/runs/{run.id}/").json()
    assert body["connection"] == str(source.id)
    assert (body["done"], body["expected"], body["rate"], body["seconds_left"]) == (1000, 1500, 250, 2)
    assert body["sums"] == {"seen": 1000, "created": 4}
    assert body["is_finished"] is False
    assert body["url"] == f"/settings/integrations/propertyme/history/{run.id}/"


def test_another_organisations_run_and_connection_are_not_found(client_admin: Client) -> None:
    run = SyncRunFactory()
    assert client_admin.get(f"/api/integrations/runs/{run.id}/").status_code == 404
    assert client_admin.post(f"{CONNECTIONS}{run.connection_id}/sync/").status_code == 404
    assert SyncRun.objects.count() == 1


def test_a_script_starts_one_sync_at_a_time(source: Connection, client_agent: Client) -> None:
    url = f"{CONNECTIONS}{source.id}/sync/"
    first = client_agent.post(url, {"full": True}, content_type="application/json")
    assert first.status_code == 202
    run = SyncRun.objects.get(id=first.json()["id"])
    assert (run.status, run.full, run.trigger) == ("queued", True, "person")
    second = client_agent.post(url, content_type="application/json")
    assert second.status_code == 409
    assert second.json()["code"] == "already_syncing"
    assert SyncRun.objects.count() == 1


def test_a_sync_needs_a_connection_that_stands(source: Connection, client_agent: Client) -> None:
    Connection.objects.update(status=Connection.Status.EXPIRED)
    refused = client_agent.post(f"{CONNECTIONS}{source.id}/sync/", content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_connected")


def test_nonsense_is_refused(source: Connection, client_agent: Client) -> None:
    url = f"{CONNECTIONS}{source.id}/sync/"
    assert client_agent.post(url, {"full": "maybe"}, content_type="application/json").status_code == 400
    assert client_agent.get(url).status_code == 405
