"""What the address takes in, what it refuses, and what it keeps."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access.models import Organisation, User
from integrations.inbox import hints, receive
from integrations.inbox.edge import clean_body
from integrations.inbox.receive import key_of
from integrations.models import Connection, InboxEvent, WebhookEndpoint
from integrations.records import Doorbell
from integrations.services import inbox as inbox_services
from integrations.views.webhook import Headers, webhook
from tests.integrations.inbox.conftest import SECRET, Keeper, connect, states
from tests.integrations.throwaway.upstream import CottageServer
from tests.integrations.throwaway.webhooks import sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(upstream: CottageServer, organisation: Organisation, admin_user: User) -> Connection:
    """Connected; what it holds does not matter here."""
    return connect(upstream, organisation, admin_user)


def test_an_event_is_stored_once_however_often_it_comes(keeper: Keeper, source: Connection) -> None:
    payload = keeper.event("let.changed", 10, no="e-1")
    assert [keeper.send(payload).status_code for _ in range(10)] == [200] * 10
    event = InboxEvent.objects.get(connection=source)
    assert (event.state, event.topic, event.name, event.resource) == (
        "queued",
        "let.changed",
        "lease.changed",
        "tenancy",
    )
    assert (event.resource_ref, event.fetch_ids, event.event_id) == ("10", ["10"], "e-1")
    assert event.event_at == keeper.moment
    assert orjson.loads(str(event.body)) == payload
    assert event.organisation_id == source.organisation_id


def test_a_delivery_costs_one_statement(keeper: Keeper) -> None:
    keeper.ring("let.changed", 10)
    with CaptureQueriesContext(database) as queries:
        keeper.ring("let.changed", 10)
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


def test_the_body_is_encrypted_at_rest(keeper: Keeper) -> None:
    keeper.ring("let.changed", 10, note="a telling word")
    with database.cursor() as cursor:
        cursor.execute("SELECT body, headers::text FROM integrations_inboxevent")
        ((body, headers),) = cursor.fetchall()
    assert b"telling" not in bytes(body)
    assert set(orjson.loads(headers)) == {"content-type", "x-cottage-signature"}


def test_identity_numbers_and_secrets_are_not_kept_anywhere(
    keeper: Keeper, source: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    payload = keeper.event("let.changed", 10, tenant={"SocialSecurityNumber": "123-45-6789", "Name": "Skipper"})
    payload |= {"people": [{"BirthDate": "1980-04-01", "TaxId": 99}], "api_key": "k"}
    assert keeper.send(payload).status_code == 200
    event = InboxEvent.objects.get(connection=source)
    kept = orjson.loads(str(event.body))
    assert kept["tenant"] == {"SocialSecurityNumber": "[redacted]", "Name": "Skipper"}
    assert kept["people"] == [{"BirthDate": "[redacted]", "TaxId": "[redacted]"}]
    assert kept["api_key"] == "[redacted]"
    assert "123-45" not in caplog.text
    assert not [key for key in cache.keys("*") if "123-45" in str(cache.get(key))]  # type: ignore[attr-defined]


def test_what_holds_nothing_to_hide_is_kept_to_the_letter() -> None:
    body = b'{ "b": 1.10,\n "a": [ null ] }'
    assert clean_body(body, orjson.loads(body), is_part=False) == body.decode()


@pytest.mark.parametrize("secret", ["", "another-secret"])
def test_a_wrong_signature_is_401_and_counted_and_stores_nothing(
    keeper: Keeper, source: Connection, secret: str
) -> None:
    assert keeper.send(keeper.event("let.changed", 10), secret=secret).status_code == 401
    keeper.endpoint.refresh_from_db()
    assert (keeper.endpoint.refused_signatures, keeper.endpoint.refused_sizes) == (1, 0)
    assert keeper.endpoint.last_refusal == "The signature does not fit the request."
    assert states(source) == {}


def test_a_changed_or_truncated_body_is_refused(keeper: Keeper, source: Connection) -> None:
    body = orjson.dumps(keeper.event("let.changed", 10))
    for changed in (body.replace(b"10", b"11"), body[:-1], b"{}", body + b" "):
        answer = keeper.client.post(
            keeper.url, changed, content_type="application/json", headers={"x-cottage-signature": sign(body, SECRET)}
        )
        assert answer.status_code == 401
    assert states(source) == {}


def test_fifty_megabytes_are_refused_before_a_byte_is_read(keeper: Keeper, source: Connection) -> None:
    class Untouched(io.RawIOBase):
        def read(self, *args: object) -> bytes:
            raise AssertionError("the body was read")

    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": keeper.url,
        "CONTENT_LENGTH": str(50 * 1024 * 1024),
        "wsgi.input": Untouched(),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
    }
    assert webhook(WSGIRequest(environ), "cottage", keeper.endpoint.token).status_code == 413
    keeper.endpoint.refresh_from_db()
    assert (keeper.endpoint.refused_sizes, keeper.endpoint.last_refusal) == (1, "A request of 52,428,800 bytes.")
    assert keeper.send_bytes(b"x" * (receive.MAX_BODY + 1)).status_code == 413
    assert states(source) == {}


def test_a_request_without_a_length_or_cut_short_is_refused(keeper: Keeper) -> None:
    common = {"REQUEST_METHOD": "POST", "PATH_INFO": keeper.url, "SERVER_NAME": "testserver", "SERVER_PORT": "80"}
    without = WSGIRequest({**common, "wsgi.input": io.BytesIO(b"{}")})
    assert webhook(without, "cottage", keeper.endpoint.token).status_code == 411
    cut = WSGIRequest({**common, "wsgi.input": io.BytesIO(b"{}"), "CONTENT_LENGTH": "9"})
    assert webhook(cut, "cottage", keeper.endpoint.token).status_code == 400


def test_unknown_addresses_and_other_methods(keeper: Keeper, endpoint: WebhookEndpoint) -> None:
    client = Client()
    assert client.post("/api/webhooks/cottage/" + "x" * 43).status_code == 404
    assert client.post(f"/api/webhooks/propertyme/{endpoint.token}").status_code == 404
    assert client.post(f"/api/webhooks/nobody/{endpoint.token}").status_code == 404
    answer = client.get(keeper.url)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    # Too short for a token: the address belongs to no endpoint, and the usual way answers.
    assert client.post("/api/webhooks/cottage/short").status_code in (404, 403)


def test_the_address_is_not_written_to_the_log(keeper: Keeper, caplog: pytest.LogCaptureFixture) -> None:
    keeper.send(keeper.event("let.changed", 10), secret="wrong-secret")
    keeper.client.get(keeper.url)
    assert keeper.endpoint.token not in caplog.text


def test_unknown_and_useless_events_are_stored_as_ignored(keeper: Keeper, source: Connection) -> None:
    assert keeper.ring("roof.blown_off", 1) == 200
    assert keeper.ring("weather.changed", 1) == 200
    assert keeper.send_bytes(b"not json").status_code == 200
    assert keeper.send(7).status_code == 200
    found = InboxEvent.objects.filter(connection=source).order_by("id").values_list("state", "topic", "cause", "due_at")
    assert list(found) == [
        ("ignored", "roof.blown_off", "We do not know an event of this name.", None),
        ("ignored", "weather.changed", "Nothing that we keep depends on it.", None),
        ("ignored", "unreadable", "The request is not JSON.", None),
        ("ignored", "unreadable", "Cottage Keeper sent something odd.", None),
    ]


def test_several_events_in_one_delivery(keeper: Keeper, source: Connection) -> None:
    batch = [keeper.event("let.changed", 10), keeper.event("repair.changed", 20), keeper.event("let.changed", 10)]
    assert keeper.send([*batch, batch[0]]).status_code == 200
    events = InboxEvent.objects.filter(connection=source).order_by("id")
    assert [orjson.loads(str(event.body))["event"] for event in events] == [
        "let.changed", "repair.changed", "let.changed",
    ]  # fmt: skip


def test_odd_characters_do_no_harm(keeper: Keeper, source: Connection) -> None:
    body = b'{"event":"let.changed\\u0000","key":"1\\u00000","when":"","no":"\\u0000e"}'
    assert keeper.send_bytes(body).status_code == 200
    event = InboxEvent.objects.get(connection=source)
    assert (event.topic, event.resource_ref, event.event_id) == ("let.changed", "10", "e")


def test_what_makes_two_deliveries_the_same_event() -> None:
    bell = Doorbell("let.changed", ("10",), "2026-03-01T09:00:00Z", event_id="e-1")
    assert key_of(bell, b"") == "let.changed:10:2026-03-01T09:00:00Z"
    assert key_of(Doorbell("x", ("10",), "", event_id="e-1"), b"") == "id:e-1"
    assert key_of(Doorbell("x"), b"one") != key_of(Doorbell("x"), b"two")
    assert key_of(Doorbell("x", ("1" * 400,), "t"), b"").startswith("sha256:")


def test_an_old_address_stays_open_for_a_day_unless_closed(
    keeper: Keeper, endpoint: WebhookEndpoint, admin_user: User
) -> None:
    old = keeper.url
    keeper.endpoint = inbox_services.rotate_token(endpoint=endpoint, user=admin_user)
    assert [keeper.send(keeper.event("let.changed", 10), url=url).status_code for url in (old, keeper.url)] == [
        200,
        200,
    ]
    keeper.endpoint = inbox_services.rotate_token(endpoint=endpoint, user=admin_user, keep_old=False)
    receive._known.clear()
    assert keeper.send(keeper.event("let.changed", 10), url=old).status_code == 404


def test_a_new_secret_holds_at_once(keeper: Keeper, endpoint: WebhookEndpoint, admin_user: User) -> None:
    assert keeper.ring("let.changed", 10) == 200
    inbox_services.set_secret(endpoint=endpoint, user=admin_user, secret="the-next-secret")
    assert keeper.send(keeper.event("let.changed", 10), secret="the-next-secret").status_code == 200
    assert keeper.ring("let.changed", 10) == 401


def test_a_disconnected_connection_keeps_events_as_ignored(keeper: Keeper, source: Connection) -> None:
    Connection.objects.filter(pk=source.pk).update(status="disconnected")
    assert keeper.ring("let.changed", 10) == 200
    assert InboxEvent.objects.get().cause == "The connection was disconnected when it came."


def test_without_a_broker_the_event_is_stored(
    keeper: Keeper, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config.celery import app

    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    hints._last.clear()
    assert keeper.ring("let.changed", 10) == 200
    assert states(source) == {"queued": 1}


def test_a_storm_tells_the_worker_twice_a_second() -> None:
    connection_id = Connection(provider="cottage").pk
    waits = [hints._claim(connection_id, 100 + step / 100) for step in range(100)]
    # At once, then one message that covers what comes until it is nearly due, and so on.
    assert waits[0] == 0.0
    assert [step for step, wait in enumerate(waits) if wait is not None] == [0, 1, 42, 83]
    assert hints._claim(connection_id, 200.0) == 0.0


def test_headers_are_found_by_lower_case_name() -> None:
    found = Headers({"HTTP_X_ONE": "1", "CONTENT_TYPE": "text/plain", "PATH_INFO": "/", "HTTP_HOST": "h"})
    assert dict(found) == {"x-one": "1", "content-type": "text/plain", "host": "h"}
    assert (len(found), found.get("path-info"), "x-one" in found) == (3, None, True)
