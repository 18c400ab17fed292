"""AppFolio's signatures: PS256 over the raw body and nothing else; its keys, and when they change."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.contracts import WebhookKeys
from integrations.errors import ContractChanged, SignatureRefused, TransientError
from integrations.inbox import jwks as key_lists
from integrations.inbox.jwks import MAX_AGE, SHORTEST_GAP, KeySet, read_keys
from integrations.providers.appfolio.webhooks import WEBHOOKS, AppFolioWebhooks
from integrations.sandbox.appfolio.signing import SigningKey, jwks
from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, json_response

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
BODY = b'{"client_id": "c", "id": "7", "topic": "work_order_updates", "entity_id": "w-1"}'
FIRST, SECOND = SigningKey("first"), SigningKey("second")


class KeyServer:
    """The address of the key set."""

    def __init__(self) -> None:
        self.listed = [FIRST]
        self.is_down = False
        self.asked = 0
        self._listener = Listener(("127.0.0.1", 0), self._respond)
        self.url = f"http://127.0.0.1:{self._listener.server_address[1]}/.well-known/jwks.json"
        threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()

    def _respond(self, request: Request) -> Response:
        self.asked += 1
        # 501 is not tried again, so that no test waits.
        return json_response({}, 501) if self.is_down else json_response(jwks(*self.listed))

    def stop(self) -> None:
        self._listener.stop()


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.stop()


def verifier(*listed: SigningKey) -> AppFolioWebhooks:
    return AppFolioWebhooks(WebhookKeys(public_key=read_keys(jwks(*listed)).get))


def verify(signature: str, body: bytes = BODY, *listed: SigningKey) -> None:
    verifier(*(listed or (FIRST,))).verify(body, {"x-jws-signature": signature}, now=NOW)


def encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def test_what_the_vendor_signed_is_taken() -> None:
    verify(FIRST.sign(BODY))
    verify(FIRST.sign(b""), b"")


def test_the_listed_algorithm_is_the_only_one() -> None:
    head = encode(json.dumps({"alg": "RS256", "kid": "first"}).encode())
    signed = f"{head}.{encode(BODY)}".encode()
    signature = FIRST._key.sign(signed, padding.PKCS1v15(), SHA256())
    for forged in (
        f"{head}..{encode(signature)}",
        FIRST.sign(BODY, alg="RS256"),
        FIRST.sign(BODY, alg="none"),
        FIRST.sign(BODY, alg="HS256"),
        FIRST.sign(BODY, alg="ps256"),
        FIRST.sign(BODY, alg=None),
    ):
        with pytest.raises(SignatureRefused, match="not by PS256"):
            verify(forged)


def test_extensions_that_change_what_is_signed_are_refused() -> None:
    for more in ({"crit": ["b64"], "b64": False}, {"b64": True}, {"kid": 7}, {"kid": None}):
        with pytest.raises(SignatureRefused, match="not as agreed"):
            verify(FIRST.sign(BODY, **more))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "a..b..c",
        lambda text: text.replace("..", f".{encode(BODY)}."),  # not detached
        lambda text: text.rpartition(".")[0],
        lambda text: text[:-8],
        lambda text: "!" + text,
        lambda text: f"{encode(b'[]')}..{text.rpartition('.')[2]}",
        lambda text: f"{encode(b'no json')}..{text.rpartition('.')[2]}",
        lambda text: text + "A" * 5000,
        lambda text: SECOND.sign(BODY),
        lambda text: SECOND.sign(BODY, kid="first"),
    ],
)
def test_other_signatures_are_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(SignatureRefused):
        verify(change(FIRST.sign(BODY)))


@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], BODY.replace(b"w-1", b"w-2"), b""])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureRefused, match="does not fit"):
        verify(FIRST.sign(BODY), body)


def test_a_salt_of_another_length_is_refused() -> None:
    head = encode(json.dumps({"alg": "PS256", "kid": "first"}).encode())
    signed = f"{head}.{encode(BODY)}".encode()
    signature = FIRST._key.sign(signed, padding.PSS(padding.MGF1(SHA256()), 20), SHA256())
    with pytest.raises(SignatureRefused):
        verify(f"{head}..{encode(signature)}")


def test_keys_of_another_kind_are_left_out() -> None:
    entry = FIRST.jwk
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()  # noqa: S505  # refused
    short = {**entry, "kid": "short", "n": encode(small.n.to_bytes(128, "big"))}
    others: list[Any] = [
        short, {**entry, "kid": "enc", "use": "enc"}, {**entry, "kid": "rs", "alg": "RS256"}, {**entry, "kid": 3},
        {**entry, "kid": "ec", "kty": "EC"}, {**entry, "kid": "odd", "n": "€"}, {"kty": "RSA", "kid": "bare"}, "text",
    ]  # fmt: skip
    assert set(read_keys({"keys": [*others, entry]})) == {"first"}
    assert read_keys([]) == read_keys({"keys": "none"}) == {}


def test_a_rotation_reads_the_keys_again_once(keys: KeyServer) -> None:
    found = KeySet(keys.url)
    assert found.find("first", now=0.0) is not None
    assert found.find("first", now=100.0) is not None
    assert keys.asked == 1
    keys.listed = [FIRST, SECOND]
    assert found.find("second", now=200.0) is not None
    assert found.find("second", now=201.0) is not None
    assert keys.asked == 2
    # Forged ids do not make us ask for each of them.
    assert [found.find(f"forged-{number}", now=202.0) for number in range(20)] == [None] * 20
    assert keys.asked == 2
    assert found.find("forged", now=201.0 + SHORTEST_GAP) is None
    assert keys.asked == 3


def test_a_withdrawn_key_is_honoured_for_an_hour_at_most(keys: KeyServer) -> None:
    found = KeySet(keys.url)
    found.find("first", now=0.0)
    keys.listed = [SECOND]
    assert found.find("first", now=MAX_AGE - 1) is not None
    assert found.find("first", now=MAX_AGE) is None


def test_known_keys_outlive_an_outage_of_their_list(keys: KeyServer) -> None:
    found = KeySet(keys.url)
    keys.is_down = True
    with pytest.raises(TransientError):
        found.find("first", now=0.0)
    keys.is_down = False
    assert found.find("first", now=0.0) is not None
    keys.is_down = True
    assert found.find("first", now=MAX_AGE + 1) is not None


def test_there_is_one_key_set_an_address(keys: KeyServer) -> None:
    assert key_lists.key_set(keys.url) is key_lists.key_set(keys.url)


def bell(payload: Any) -> tuple[Any, ...]:
    (found,) = verifier(FIRST).doorbells(payload)
    return found.topic, found.ids, found.stamp, found.event_id


def test_both_shapes_of_events_are_read() -> None:
    stamp = "2026-11-25T07:59:58Z"
    sample = {
        "client_id": "c", "id": "7", "topic": "work_order_updates", "entity_id": "w-1", "update_timestamp": stamp,
        "message_sent_at": "2026-11-25T08:00:00Z",
    }  # fmt: skip
    assert bell(sample) == ("work_orders.update", ("w-1",), stamp, "7")
    newer = {"event_id": "e-1", "topic": "leases", "event_type": "created", "resource_id": "l-1", "updated_at": stamp}
    assert bell(newer) == ("leases.create", ("l-1",), stamp, "e-1")
    assert bell({"topic": "lease.signed", "entity_id": "l-1", "occurred_at": stamp}) == (
        "lease.signed", ("l-1",), stamp, "",
    )  # fmt: skip
    assert bell({"topic": "property_updates"})[0] == "properties.update"
    batch = verifier(FIRST).doorbells({"batch_id": "b", "events": [sample, newer]})
    assert [(item.topic, item.at, item.payload) for item in batch] == [
        ("work_orders.update", datetime(2026, 11, 25, 7, 59, 58, tzinfo=UTC), sample),
        ("leases.create", datetime(2026, 11, 25, 7, 59, 58, tzinfo=UTC), newer),
    ]
    assert verifier(FIRST).doorbells({"topic": "units", "update_timestamp": "soon"})[0].at is None


@pytest.mark.parametrize("payload", [7, {}, {"events": [1]}, {"data": "x"}, None])
def test_other_shapes_are_a_changed_contract(payload: Any) -> None:
    with pytest.raises(ContractChanged):
        verifier(FIRST).doorbells(payload)


def test_each_topic_says_what_is_fetched() -> None:
    rule = WEBHOOKS.events["work_orders.update"]
    assert (rule.name, rule.resource, rule.by_id) == ("work_order.changed", "job", True)
    assert WEBHOOKS.events["leases.create"].by_id is False
    assert WEBHOOKS.events["leads.create"].resource is None
    assert WEBHOOKS.events["lease.terminated"].name == "lease.terminated"
