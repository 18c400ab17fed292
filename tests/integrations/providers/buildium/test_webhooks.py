"""Buildium's signatures: time and compact body, five minutes, and its 98 event names."""

from __future__ import annotations

import base64
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from integrations.contracts import WebhookKeys
from integrations.errors import ContractChanged, SignatureRefused
from integrations.providers.buildium.events import EVENTS
from integrations.providers.buildium.webhooks import BuildiumWebhooks, compact
from integrations.sandbox.buildium.signing import headers
from tests.support.browser import specs_dir

SECRET = "whs-0123456789"
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
SENT = int(NOW.timestamp())
EVENT = {"EventName": "Lease.Updated", "EventDateTime": "2026-11-25T07:59:58.2317653Z", "AccountId": 1, "LeaseId": 23}
PRETTY = json.dumps({**EVENT, "Note": 'a: b,\n c \\" d é'}, indent=2, ensure_ascii=False).encode()
SOURCE = BuildiumWebhooks(WebhookKeys(secret=SECRET))


def verify(body: bytes, given: dict[str, str], *, now: datetime = NOW) -> None:
    SOURCE.verify(body, {name.lower(): value for name, value in given.items()}, now=now)


SENT_AS = [PRETTY, json.dumps(EVENT).encode(), json.dumps(EVENT, separators=(",", ":")).encode()]


@pytest.mark.parametrize("body", SENT_AS)
def test_the_compact_body_is_what_is_signed(body: bytes) -> None:
    verify(body, headers(body, secret=SECRET, timestamp=SENT))


def test_a_signature_over_the_bytes_as_sent_is_taken_too() -> None:
    digest = hmac.new(SECRET.encode(), f"{SENT}.".encode() + PRETTY, sha256).digest()
    signature = base64.b64encode(digest).decode()
    verify(PRETTY, {"buildium-webhook-timestamp": str(SENT), "buildium-webhook-signature": signature})


def test_compacting_touches_nothing_inside_a_string() -> None:
    assert json.loads(compact(PRETTY)) == json.loads(PRETTY)
    assert compact(b'{ "a : b" : [ 1.10 ,\r\n\t" x " ] }') == b'{"a : b":[1.10," x "]}'


@pytest.mark.parametrize("skew", [-301, 301, 3600, -86_400])
def test_outside_of_five_minutes_it_is_refused(skew: int) -> None:
    with pytest.raises(SignatureRefused, match="five minutes"):
        verify(PRETTY, headers(PRETTY, secret=SECRET, timestamp=SENT + skew))


@pytest.mark.parametrize("skew", [-300, -299, 0, 299, 300])
def test_clocks_may_be_five_minutes_apart(skew: int) -> None:
    verify(PRETTY, headers(PRETTY, secret=SECRET, timestamp=SENT + skew))
    verify(PRETTY, headers(PRETTY, secret=SECRET, timestamp=SENT), now=NOW + timedelta(seconds=skew))


def test_a_replay_with_a_new_time_is_refused() -> None:
    old = headers(PRETTY, secret=SECRET, timestamp=SENT - 4000)
    with pytest.raises(SignatureRefused, match="does not fit"):
        verify(PRETTY, {**old, "buildium-webhook-timestamp": str(SENT)})


@pytest.mark.parametrize(
    "changes",
    [
        {"buildium-webhook-signature": ""},
        {"buildium-webhook-signature": "AAAA"},
        {"buildium-webhook-signature": "é"},
        {"buildium-webhook-timestamp": ""},
        {"buildium-webhook-timestamp": "soon"},
        {"buildium-webhook-timestamp": "²"},
        {"buildium-webhook-timestamp": "9" * 30},
        {"buildium-webhook-timestamp": f"-{SENT}"},
    ],
)
def test_other_headers_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        verify(PRETTY, {**headers(PRETTY, secret=SECRET, timestamp=SENT), **changes})


def test_another_body_or_secret_is_refused() -> None:
    given = headers(PRETTY, secret=SECRET, timestamp=SENT)
    for body in (PRETTY[:-3], PRETTY.replace(b"23", b"24"), b""):
        with pytest.raises(SignatureRefused):
            verify(body, given)
    with pytest.raises(SignatureRefused):
        verify(PRETTY, headers(PRETTY, secret="other", timestamp=SENT))
    with pytest.raises(SignatureRefused, match="not set here"):
        BuildiumWebhooks(WebhookKeys()).verify(PRETTY, given, now=NOW)


def test_the_payload_says_what_changed_and_when() -> None:
    (bell,) = SOURCE.doorbells(EVENT)
    assert (bell.topic, bell.ids, bell.stamp) == ("Lease.Updated", ("23",), EVENT["EventDateTime"])
    assert bell.at == datetime(2026, 11, 25, 7, 59, 58, 231765, tzinfo=UTC)
    (payment,) = SOURCE.doorbells({"EventName": "Bill.Payment.Created", "PaymentId": 4, "BillIds": [5, 6]})
    assert (payment.ids, payment.at) == (("5", "6"), None)
    (unknown,) = SOURCE.doorbells({"EventName": "Moon.Full", "MoonId": 1})
    assert (unknown.topic, unknown.ids) == ("Moon.Full", ())


@pytest.mark.parametrize("payload", [[], {}, {"EventName": 7}, "x"])
def test_other_payloads_are_a_changed_contract(payload: object) -> None:
    with pytest.raises(ContractChanged):
        SOURCE.doorbells(payload)


def test_every_event_has_its_rule() -> None:
    assert len(EVENTS) == 98
    assert (EVENTS["Lease.MoveOut.Created"].name, EVENTS["Lease.MoveOut.Created"].resource) == (
        "lease.move_out", "tenancy",
    )  # fmt: skip
    assert EVENTS["LeaseTransaction.Created"].by_id is False
    assert EVENTS["GLAccount.Updated"].resource is None


@pytest.mark.specs
def test_the_names_are_those_of_the_published_description() -> None:
    folder = specs_dir()
    assert folder is not None
    path = sorted(folder.glob("buildium/buildium-openapi-*.json"))[-1]
    text = json.loads(path.read_text(encoding="utf-8"))["info"]["description"]
    events = text[text.index("# Webhooks") :]
    grid = re.sub(r"<[^>]+>|&nbsp;", " ", events[events.index("<tr>") :])
    published = set(re.findall(r"(?<![\w.])([A-Z]\w+(?:\.\w+)*\.(?:Created|Updated|Deleted))(?!\w)", grid))
    assert published - {"Tenant.Created"} == set(EVENTS)
