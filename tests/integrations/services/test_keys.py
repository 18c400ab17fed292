"""Connecting with keys: tried at the provider, stored encrypted, replaced, refused and deleted."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from communications.models import Notification
from core.errors import DomainError
from core.fields import is_under_first_key
from integrations import registry
from integrations.adapters import open_adapter, open_client
from integrations.contracts import AdapterContext
from integrations.errors import ReauthRequired
from integrations.models import Connection, OAuthState, PropertyMapping, ProviderRecord, SyncRun
from integrations.services import connections
from integrations.services.keys import LONGEST_KEY
from integrations.sync.runner import run_sync
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory
from tests.integrations.keyed import SPEC
from tests.integrations.keyed.fixtures import HARBOUR, LAKE, boathouse  # noqa: F401  # a fixture
from tests.integrations.keyed.upstream import BoathouseServer

pytestmark = pytest.mark.django_db
SECRET = HARBOUR["client_secret"]


@pytest.fixture
def who(boathouse: BoathouseServer, organisation: Organisation, admin_user: User) -> dict[str, Any]:  # noqa: F811
    return {"organisation": organisation, "user": admin_user, "session_key": "s", "provider": SPEC.slug}


def connect(who: dict[str, Any], keys: dict[str, str] = HARBOUR, **more: Any) -> Connection:
    found = connections.connect_with_keys(**who, keys=keys, **more).connection
    assert found is not None
    return found


def refusal(who: dict[str, Any], keys: dict[str, str], **more: Any) -> DomainError:
    with pytest.raises(DomainError) as refused:
        connections.connect_with_keys(**who, keys=keys, **more)
    assert refused.value.message.endswith(".")
    assert Connection.objects.exclude(keys=None).count() == 0
    return refused.value


def test_keys_that_work_are_stored_encrypted_and_the_first_sync_starts(who: dict[str, Any]) -> None:
    found = connect(who, HARBOUR | {"client_id": "  harbour\n", "report_id": " ", "other": "left out"})
    assert (found.provider, found.account_id, found.account_name, found.status) == (
        "boathouse", "70", "Harbour Boats", "active",
    )  # fmt: skip
    assert found.read_keys() == HARBOUR
    assert (found.ledger_mode, found.access_token, found.connected_by) == ("line", None, who["user"])
    with database.cursor() as cursor:
        cursor.execute("SELECT keys FROM integrations_connection")
        stored = bytes(cursor.fetchone()[0])
    assert SECRET.encode() not in stored
    assert is_under_first_key(stored)
    run = SyncRun.objects.get()
    assert (run.connection, run.status, run.trigger) == (found, "queued", "person")
    # Nothing of the try stays behind.
    assert OAuthState.objects.exclude(pending_tokens=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_sync_reads_with_the_keys(who: dict[str, Any]) -> None:
    found = connect(who)
    run = run_sync(found.runs.get().pk)
    run.refresh_from_db()
    assert (run.status, run.errors) == ("completed", [])
    assert ProviderRecord.objects.filter(connection=found).count() == 7
    assert not ProviderRecord.objects.filter(payload__icontains=SECRET).exists()


def test_trying_stores_no_connection_and_waits_ten_minutes(who: dict[str, Any]) -> None:
    state = connections.try_keys(**who, keys=HARBOUR)
    assert state.pending_account == {"account_id": "70", "name": "Harbour Boats"}
    assert (Connection.objects.count(), state.used_at is None) == (0, False)
    assert SECRET not in repr(state.__dict__["pending_account"])
    common = {"organisation": who["organisation"], "user": who["user"], "state_id": state.id}
    with pytest.raises(DomainError) as refused:
        connections.connect_tried(**common, session_key="another-session")
    assert refused.value.code == "wrong_state"
    OAuthState.objects.update(expires_at=timezone.now())
    with pytest.raises(DomainError) as refused:
        connections.connect_tried(**common, session_key="s")
    assert refused.value.code == "state_expired"
    # The next try deletes the keys that waited in vain.
    connections.try_keys(**who, keys=LAKE)
    state.refresh_from_db()
    assert state.pending_tokens is None


def test_tried_keys_connect_once(who: dict[str, Any]) -> None:
    state = connections.try_keys(**who, keys=HARBOUR)
    common = {"organisation": who["organisation"], "user": who["user"], "session_key": "s", "state_id": state.id}
    assert connections.connect_tried(**common).connection == Connection.objects.get()
    with pytest.raises(DomainError) as refused:
        connections.connect_tried(**common)
    assert refused.value.code == "wrong_state"


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        ({"client_id": "harbour"}, "missing_key", "Client secret is missing. Copy it from Boathouse Keeper."),
        (HARBOUR | {"client_secret": "schlüssel"}, "bad_key", "Client secret cannot be right"),
        (HARBOUR | {"client_secret": "a\r\nx-boat-id: lake"}, "bad_key", "one line"),
        (HARBOUR | {"client_secret": "k" * (LONGEST_KEY + 1)}, "bad_key", "Client secret"),
        (HARBOUR | {"client_secret": "out-of-date"}, "keys_refused", "does not accept these keys"),
    ],
)
def test_keys_that_cannot_work_are_refused(who: dict[str, Any], keys: dict[str, str], code: str, words: str) -> None:
    error = refusal(who, keys)
    assert error.code == code
    assert words in error.message
    assert (OAuthState.objects.count(), Connection.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (701, "keys_refused"),
        (403, "keys_refused"),
        (503, "provider_down"),
        (404, "not_understood"),
        (301, "not_set_up"),
    ],
)
def test_what_the_provider_answers_is_told_in_words(
    who: dict[str, Any],
    boathouse: BoathouseServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
) -> None:
    monkeypatch.setattr("integrations.http.BACKOFF_BASE", 0.001)
    cache.delete("misconfigured:boathouse")
    boathouse.status = status
    assert refusal(who, HARBOUR).code == code
    cache.delete("misconfigured:boathouse")


def test_a_provider_without_an_address_or_with_another_way_in_is_refused(
    who: dict[str, Any], settings: Settings
) -> None:
    assert refusal(who | {"provider": "propertyme"}, HARBOUR).code == "other_way"
    with pytest.raises(DomainError) as refused:
        connections.begin_connect(**who)
    assert refused.value.code == "other_way"
    settings.BOATHOUSE_API_URL = ""
    assert not registry.is_configured(SPEC)
    assert registry.needed_settings(SPEC) == ["BOATHOUSE_API_URL"]
    assert refusal(who, HARBOUR).code == "not_configured"


def test_new_keys_keep_the_connection_its_mappings_and_clear_its_notices(
    who: dict[str, Any],
    boathouse: BoathouseServer,  # noqa: F811
) -> None:
    found = connect(who)
    PropertyMappingFactory(organisation=who["organisation"], connection=found)
    boathouse.status = 401
    with pytest.raises(ReauthRequired), open_adapter(found) as adapter:
        adapter.account()
    found.refresh_from_db()
    assert (found.status, found.status_reason) == (
        "expired", "The provider does not accept the keys. Enter keys that work to go on; mappings are kept.",
    )  # fmt: skip
    assert Notification.objects.get().title == "Boathouse Keeper does not accept our keys: enter new ones"
    boathouse.status = 0
    again = connect(who, HARBOUR | {"report_id": "r-1"}, reconnects=found)
    assert (again.pk, again.status, again.status_reason) == (found.pk, "active", "")
    assert again.read_keys() == HARBOUR | {"report_id": "r-1"}
    assert PropertyMapping.objects.get().connection == again
    assert Notification.objects.filter(read_at=None).count() == 0


def test_keys_of_another_account_wait_for_the_person(who: dict[str, Any]) -> None:
    first = connect(who)
    result = connections.connect_with_keys(**who, keys=LAKE, reconnects=first)
    assert result.connection is None
    first.refresh_from_db()
    assert (first.status, first.read_keys()) == ("active", HARBOUR)
    assert result.needs_confirmation is not None
    second = connections.confirm_other_account(
        organisation=who["organisation"], user=who["user"], session_key="s", state_id=result.needs_confirmation
    )
    first.refresh_from_db()
    assert (second.account_id, second.read_keys()) == ("71", LAKE)
    assert (first.status, first.keys) == ("disconnected", None)


def test_disconnecting_deletes_the_keys_and_asks_the_provider_nothing(
    who: dict[str, Any],
    boathouse: BoathouseServer,  # noqa: F811
) -> None:
    found = connect(who)
    boathouse.seen.clear()
    connections.disconnect(connection=found, user=who["user"], keep_data=True)
    assert (found.status, found.status_reason, found.keys, found.read_keys()) == ("disconnected", "", None, {})
    assert boathouse.seen == []
    with pytest.raises(ReauthRequired), open_adapter(found):
        raise AssertionError("It opened without keys.")
    found.refresh_from_db()
    assert found.status == "disconnected"


def test_a_further_address_takes_its_own_sign_in(who: dict[str, Any]) -> None:
    with open_client(SPEC, keys=HARBOUR, name="REPORTS_URL") as http:
        assert http.get_json("/") == {"who": "harbour:of reports"}


def test_secrets_reach_neither_the_log_nor_an_error_nor_a_repr(
    who: dict[str, Any],
    boathouse: BoathouseServer,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    found = connect(who)
    with open_client(SPEC, keys=HARBOUR) as http:
        boathouse.status = 404
        with pytest.raises(Exception, match=r"\[redacted\]") as gone:
            http.get_json("/lets")
        context = AdapterContext(http, http.base_url, "UTC", "line", dict, keys=HARBOUR)
        shown = [repr(context), repr(registry.sign_in(SPEC, HARBOUR)), repr(found), str(gone.value), repr(gone.value)]
    assert SECRET in str(found.keys)
    assert [text for text in [*shown, caplog.text] if SECRET in text] == []


def test_a_json_post_carries_its_idempotency_key(who: dict[str, Any]) -> None:
    with open_client(SPEC, keys=HARBOUR) as http:
        assert http.post_json("/work", {"a": 1}, idempotency_key="k-1") == {"sent": {"a": 1}, "key": "k-1"}
        assert http.post_json("/work", {"a": 2}) == {"sent": {"a": 2}, "key": ""}


@pytest.mark.parametrize(("key", "tries"), [("k-1", 3), ("", 1)])
def test_only_a_post_with_an_idempotency_key_is_repeated(
    who: dict[str, Any],
    boathouse: BoathouseServer,  # noqa: F811
    key: str,
    tries: int,
) -> None:
    boathouse.status = 503
    with (
        open_client(SPEC, keys=HARBOUR, sleep=lambda seconds: None) as http,
        pytest.raises(Exception, match="tried again"),
    ):
        http.post_json("/work", {}, idempotency_key=key)
    assert len(boathouse.seen) == tries


def test_a_connection_of_another_provider_has_no_keys(who: dict[str, Any]) -> None:
    assert ConnectionFactory(organisation=who["organisation"]).read_keys() == {}
