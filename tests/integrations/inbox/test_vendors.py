"""The two vendors that send events, whole: signed as they sign, over HTTP keys, fetched again and in our books."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from integrations.models import Connection, InboxEvent, WebhookEndpoint
from integrations.sandbox import SandboxServer
from integrations.sandbox.appfolio.signing import SigningKey
from integrations.sandbox.buildium import signing as buildium
from integrations.services import inbox as inbox_services
from integrations.services.connections import connect_with_keys
from integrations.sync.runner import run_sync
from maintenance.models import WorkOrder
from tests.factories.integrations import ConnectionFactory
from tests.integrations.providers.appfolio.subject import KEYS, appfolio_server
from tests.integrations.sync.conftest import map_all

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Settings) -> Iterator[SandboxServer]:
    with appfolio_server(units=4) as opened:
        for name, value in opened.appfolio_settings.items():
            setattr(settings, name, value)
        yield opened


@pytest.fixture
def appfolio(server: SandboxServer, organisation: Organisation, admin_user: User) -> Connection:
    """Connected, read once, every unit mapped."""
    made = connect_with_keys(
        organisation=organisation, user=admin_user, session_key="s", provider="appfolio", keys=KEYS
    ).connection
    assert made is not None
    assert run_sync(made.runs.get().pk).status == "completed"
    map_all(made, admin_user)
    return made


def deliver(endpoint: WebhookEndpoint, body: bytes, headers: dict[str, str]) -> int:
    url = f"/api/webhooks/{endpoint.connection.provider}/{endpoint.token}"
    answer = Client().post(url, body, content_type="application/json", headers=headers)
    return answer.status_code


def test_appfolio_rings_and_the_work_order_is_as_it_is_there(
    appfolio: Connection, server: SandboxServer, admin_user: User
) -> None:
    key, other = server.appfolio.doorbells.key, SigningKey("2026-b")
    endpoint = inbox_services.open_endpoint(connection=appfolio, user=admin_user)
    ident = str(next(iter(server.appfolio.world.tables["work_orders"])))
    server.appfolio.edit("change", table="work_orders", record=ident, Status="Canceled")
    payload = {
        "client_id": "c", "id": "7", "topic": "work_order_updates", "entity_id": ident,
        "update_timestamp": "2026-11-25T08:00:00Z", "message_sent_at": "2026-11-25T08:00:01Z",
    }  # fmt: skip
    body = orjson.dumps(payload)
    assert deliver(endpoint, body, {"X-JWS-Signature": other.sign(body)}) == 401
    assert [deliver(endpoint, body, {"X-JWS-Signature": key.sign(body)}) for _ in range(3)] == [200, 200, 200]
    run = inbox_services.queue_run(connection_id=appfolio.pk)
    assert run is not None
    assert run_sync(run.pk).status == "completed"
    event = InboxEvent.objects.get(connection=appfolio)
    assert (event.name, event.state, event.outcome) == (
        "work_order.changed", "done", "Fetched again: it had changed.",
    )  # fmt: skip
    assert WorkOrder.objects.get(connection_id=appfolio.pk, provider_id=ident).status == "cancelled"


def test_buildium_signs_with_its_secret(organisation: Organisation, admin_user: User) -> None:
    source = ConnectionFactory(organisation=organisation, provider="buildium")
    endpoint = inbox_services.open_endpoint(connection=source, user=admin_user)
    body = orjson.dumps(
        {"EventName": "Lease.Updated", "EventDateTime": "2026-11-25T08:00:00.1234567Z", "AccountId": 1, "LeaseId": 23}
    )
    sent = int(timezone.now().timestamp())
    given = buildium.headers(body, secret="whs-0123456789", timestamp=sent)
    assert deliver(endpoint, body, given) == 401
    inbox_services.set_secret(endpoint=endpoint, user=admin_user, secret="whs-0123456789")
    assert deliver(endpoint, body, given) == 200
    late = buildium.headers(body, secret="whs-0123456789", timestamp=sent - 400)
    assert deliver(endpoint, body, late) == 401
    event = InboxEvent.objects.get(connection=source)
    assert (event.key, event.name, event.resource, event.state) == (
        "Lease.Updated:23:2026-11-25T08:00:00.1234567Z", "lease.changed", "tenancy", "queued",
    )  # fmt: skip
