"""Cottage Keeper with an address for its events, synced once; and how it rings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from integrations import registry
from integrations.breaker import state_key, watched_key
from integrations.inbox import receive
from integrations.models import Connection, InboxEvent, PropertyMapping, WebhookEndpoint
from integrations.services import inbox as inbox_services
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.shared import shared
from integrations.sync.runner import run_sync
from tests.integrations.throwaway import SPEC
from tests.integrations.throwaway.upstream import CottageServer
from tests.integrations.throwaway.webhooks import sign
from tests.integrations.views.conftest import Scene, build_scene

SECRET = "cottage-signing-secret"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def forget_addresses() -> Iterator[None]:
    """What an earlier test's addresses stood for."""
    receive._known.clear()
    yield
    receive._known.clear()


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[CottageServer]:
    monkeypatch.setitem(registry.PROVIDERS, SPEC.slug, SPEC)
    with CottageServer() as server:
        settings.COTTAGE_API_URL = settings.COTTAGE_AUTH_URL = server.url
        settings.COTTAGE_CLIENT_ID, settings.COTTAGE_CLIENT_SECRET = "cottage-id", "cottage-secret"
        settings.COTTAGE_CLIENT_AUTH = "post"
        yield server


def connect(upstream: CottageServer, organisation: Organisation, user: User) -> Connection:
    tokens = upstream.oauth.grant_directly("7")
    return Connection.objects.create(
        organisation=organisation,
        provider=SPEC.slug,
        account_id="7",
        account_name="By the Sea",
        status_since=timezone.now(),
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_expires_at=timezone.now() + timedelta(minutes=30),
        ledger_mode="line",
        connected_by=user,
    )


@pytest.fixture
def source(upstream: CottageServer, organisation: Organisation, admin_user: User) -> Connection:
    """Connected, read once, every cottage mapped."""
    connection = connect(upstream, organisation, admin_user)
    run_sync(sync_services.queue_sync(connection=connection).pk)
    ids = list(PropertyMapping.objects.filter(connection=connection).values_list("id", flat=True))
    mapping_services.create_all_missing(connection=connection, user=admin_user, ids=ids)
    for run in connection.runs.filter(status="queued").order_by("id"):
        run_sync(run.pk)
    upstream.asked.clear()
    connection.refresh_from_db()
    return connection


@pytest.fixture
def endpoint(source: Connection, admin_user: User) -> WebhookEndpoint:
    opened = inbox_services.open_endpoint(connection=source, user=admin_user)
    return inbox_services.set_secret(endpoint=opened, user=admin_user, secret=SECRET)


@dataclass
class Keeper:
    """The vendor's side of the address."""

    endpoint: WebhookEndpoint
    client: Client = field(default_factory=Client)
    moment: datetime = START

    @property
    def url(self) -> str:
        return f"/api/webhooks/{SPEC.slug}/{self.endpoint.token}"

    def event(self, event: str, key: object = "", **more: Any) -> dict[str, Any]:
        """An event a second later than the last."""
        self.moment += timedelta(seconds=1)
        return {"event": event, "key": key, "when": self.moment.isoformat(), **more}

    def send(self, payload: object, *, secret: str = SECRET, url: str = "") -> HttpResponse:
        return self.send_bytes(orjson.dumps(payload), secret=secret, url=url)

    def send_bytes(self, body: bytes, *, secret: str = SECRET, url: str = "", **headers: str) -> HttpResponse:
        signed = {"x-cottage-signature": sign(body, secret), **headers}
        answer: HttpResponse = self.client.post(  # type: ignore[assignment]
            url or self.url, data=body, content_type="application/json", headers=signed
        )
        return answer

    def ring(self, event: str, key: object = "", **more: Any) -> int:
        return self.send(self.event(event, key, **more)).status_code


@pytest.fixture
def keeper(endpoint: WebhookEndpoint) -> Keeper:
    return Keeper(endpoint)


Work = Callable[[], None]


@pytest.fixture
def work(source: Connection) -> Work:
    """What a worker does when it is told of events, without the waits between attempts."""

    def until_quiet() -> None:
        while (run := inbox_services.queue_run(connection_id=source.pk)) is not None:
            run_sync(run.pk)

    return until_quiet


def hurry(source: Connection) -> None:
    """As if the waits between attempts were over, and the rest of the connection's breaker with them."""
    shared().ask(lambda client: client.delete(state_key(str(source.pk)), watched_key(str(source.pk))))
    InboxEvent.objects.filter(connection=source, state="queued").update(due_at=timezone.now())


def states(source: Connection) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in InboxEvent.objects.filter(connection=source).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


@pytest.fixture
def scene(organisation: Organisation, admin_user: User) -> Scene:
    """A PropertyMe connection with something in every state."""
    return build_scene(organisation, admin_user)
