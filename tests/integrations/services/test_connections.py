from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from communications.models import Notification
from core.errors import DomainError
from integrations.models import Connection, OAuthState, PropertyMapping, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import connections
from integrations.services.connections import ConnectResult
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory
from tests.integrations.consent import decide

pytestmark = pytest.mark.django_db
SESSION = "session-of-mara"


@pytest.fixture
def flow(vendor: SandboxServer, organisation: Organisation, admin_user: User) -> Flow:
    return Flow(vendor, organisation, admin_user)


class Flow:
    """The person's way through the provider's consent page and back."""

    def __init__(self, vendor: SandboxServer, organisation: Organisation, user: User) -> None:
        self.vendor, self.organisation, self.user = vendor, organisation, user

    def begin(self, reconnects: Connection | None = None) -> str:
        return connections.begin_connect(
            organisation=self.organisation,
            user=self.user,
            session_key=SESSION,
            provider="propertyme",
            reconnects=reconnects,
        )

    def answer(self, *, agency: int = 0, reconnects: Connection | None = None) -> dict[str, str]:
        return decide(self.vendor, self.begin(reconnects), agency=agency)

    def finish(self, answer: dict[str, str], **changes: Any) -> ConnectResult:
        given: dict[str, Any] = {
            "organisation": self.organisation,
            "user": self.user,
            "session_key": SESSION,
            "provider": "propertyme",
            "state": answer["state"],
            "code": answer["code"],
        }
        return connections.finish_connect(**(given | changes))

    def connect(self, *, agency: int = 0, reconnects: Connection | None = None) -> Connection:
        found = self.finish(self.answer(agency=agency, reconnects=reconnects)).connection
        assert found is not None
        return found

    def refused(self, answer: dict[str, str], **changes: Any) -> str:
        with pytest.raises(DomainError) as refusal:
            self.finish(answer, **changes)
        assert refusal.value.message.endswith(".")
        return refusal.value.code


def test_connecting_stores_encrypted_tokens_and_starts_the_first_sync(flow: Flow) -> None:
    connection = flow.connect()
    agency = flow.vendor.vendor.agencies[0]
    assert (connection.status, connection.account_id, connection.account_name) == ("active", agency.id, agency.name)
    assert connection.ledger_mode == "line"
    assert connection.connected_by == flow.user
    assert set(connection.scopes) == {
        "property:read", "contact:read", "activity:read", "transaction:read", "offline_access",
    }  # fmt: skip
    assert connection.token_expires_at is not None
    assert timedelta(minutes=28) < connection.token_expires_at - timezone.now() <= timedelta(minutes=30)
    assert connection.next_sync_at is not None
    run = SyncRun.objects.get()
    assert (run.connection, run.status, run.trigger, run.requested_by) == (connection, "queued", "person", flow.user)
    raw = Connection.objects.raw("SELECT id, access_token::text AS hidden FROM integrations_connection")[0]
    assert str(connection.access_token) not in raw.hidden


def test_the_ledger_mode_is_asked_for_once_in_a_connections_life(flow: Flow) -> None:
    flow.vendor.vendor.ledger = "derived"
    connection = flow.connect()
    assert connection.ledger_mode == "derived"
    flow.vendor.vendor.ledger = "line"
    assert flow.connect(reconnects=connection).ledger_mode == "derived"


def test_only_the_hash_of_a_state_is_stored_and_its_verifier_is_encrypted(flow: Flow) -> None:
    address = flow.begin()
    state = OAuthState.objects.get()
    assert state.state_hash not in address
    assert "code_challenge_method=S256" in address
    assert str(state.code_verifier) not in address
    assert timedelta(minutes=9) < state.expires_at - timezone.now() <= timedelta(minutes=10)


def test_refused_consent_uses_the_sign_in_up_and_stores_nothing(flow: Flow) -> None:
    answer = decide(flow.vendor, flow.begin(), decision="refuse")
    assert answer["error"] == "access_denied"
    common = {"organisation": flow.organisation, "user": flow.user, "session_key": SESSION, "state": answer["state"]}
    connections.refuse_consent(**common)
    assert Connection.objects.count() == 0
    with pytest.raises(DomainError) as again:
        connections.refuse_consent(**common)
    assert again.value.code == "state_used"


def test_a_state_belongs_to_its_session_user_organisation_and_provider(
    flow: Flow, agent_user: User, other_organisation: Organisation
) -> None:
    answer = flow.answer()
    assert flow.refused(answer, state="made-up") == "wrong_state"
    assert flow.refused(answer, session_key="another-session") == "wrong_state"
    assert flow.refused(answer, user=agent_user) == "wrong_state"
    assert flow.refused(answer, organisation=other_organisation) == "wrong_state"
    assert flow.refused(answer, provider="different") == "wrong_state"
    assert Connection.objects.count() == 0
    assert flow.finish(answer).connection is not None


def test_a_state_works_once(flow: Flow) -> None:
    answer = flow.answer()
    flow.finish(answer)
    assert flow.refused(answer) == "state_used"
    assert Connection.objects.count() == 1


def test_a_state_ends_after_ten_minutes(flow: Flow) -> None:
    answer = flow.answer()
    OAuthState.objects.update(expires_at=timezone.now())
    assert flow.refused(answer) == "state_expired"


def test_a_reused_code_is_refused(flow: Flow) -> None:
    used, fresh = flow.answer(), flow.answer()
    flow.finish(used)
    assert flow.refused({**fresh, "code": used["code"]}) == "code_rejected"


def test_a_code_of_another_sign_in_fails_on_its_verifier(flow: Flow) -> None:
    first, second = flow.answer(), flow.answer()
    assert flow.refused({**first, "code": second["code"]}) == "code_rejected"
    assert Connection.objects.count() == 0


def test_a_missing_refresh_token_is_refused_and_the_access_given_back(flow: Flow) -> None:
    flow.vendor.faults.add("no_refresh_token", times=1)
    assert flow.refused(flow.answer()) == "no_refresh_token"
    assert Connection.objects.count() == 0
    assert flow.vendor.requests.count("/connect/revocation") == 1


def test_our_own_wrong_secret_tells_staff_once_and_marks_nothing(
    flow: Flow, settings: Settings, staff_user: User
) -> None:
    standing = ConnectionFactory(organisation=flow.organisation, account_id=flow.vendor.vendor.agencies[0].id)
    settings.PROPERTYME_CLIENT_SECRET = "out-of-date"
    assert flow.refused(flow.answer()) == "not_set_up"
    assert flow.refused(flow.answer()) == "not_set_up"
    standing.refresh_from_db()
    assert standing.status == "active"
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([staff_user.email], "PropertyMe refuses PropertyTracker's own credentials")
    ]
    assert "out-of-date" not in mail.outbox[0].body
    cache.delete("misconfigured:propertyme")


@pytest.mark.parametrize("path", ["/connect/token", "/api/v1/contacts/agency"])
def test_an_outage_during_the_sign_in_stores_nothing(flow: Flow, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.http.BACKOFF_BASE", 0.001)
    flow.vendor.faults.add("html_error", path, status=503)
    assert flow.refused(flow.answer()) == "provider_down"
    assert Connection.objects.count() == 0


def test_a_provider_without_credentials_or_yet_to_come_cannot_be_begun(flow: Flow, settings: Settings) -> None:
    settings.PROPERTYME_CLIENT_SECRET = ""
    with pytest.raises(DomainError) as refusal:
        flow.begin()
    assert refusal.value.code == "not_configured"
    with pytest.raises(DomainError) as refusal:
        connections.begin_connect(
            organisation=flow.organisation, user=flow.user, session_key=SESSION, provider="different"
        )
    assert refusal.value.code == "coming_soon"


def test_reconnecting_keeps_the_row_its_mappings_and_clears_its_notices(flow: Flow) -> None:
    connection = flow.connect()
    PropertyMappingFactory(organisation=flow.organisation, connection=connection, provider_property_id="lot-1")
    connections.mark_reauth(connection=connection, revoked=True, reason="Withdrawn.")
    assert Notification.objects.filter(user=flow.user, read_at=None).count() == 1
    again = flow.connect(reconnects=connection)
    assert again.pk == connection.pk
    assert (again.status, again.status_reason) == ("active", "")
    assert PropertyMapping.objects.get().connection == again
    assert Notification.objects.filter(user=flow.user, read_at=None).count() == 0


def test_connecting_the_same_account_again_without_saying_so_finds_its_row(flow: Flow) -> None:
    assert flow.connect().pk == flow.connect().pk
    assert Connection.objects.count() == 1


def test_another_agency_on_reconnect_waits_for_the_person(flow: Flow) -> None:
    first = flow.connect(agency=0)
    PropertyMappingFactory(organisation=flow.organisation, connection=first)
    result = flow.finish(flow.answer(agency=1, reconnects=first))
    assert result.connection is None
    assert result.needs_confirmation is not None
    first.refresh_from_db()
    assert (first.status, first.account_id) == ("active", flow.vendor.vendor.agencies[0].id)
    waiting = OAuthState.objects.get(pk=result.needs_confirmation)
    assert waiting.pending_account == {
        "account_id": flow.vendor.vendor.agencies[1].id,
        "name": flow.vendor.vendor.agencies[1].name,
    }
    common: dict[str, Any] = {"organisation": flow.organisation, "user": flow.user, "state_id": waiting.pk}
    with pytest.raises(DomainError) as refusal:
        connections.confirm_other_account(**common, session_key="another-session")
    assert refusal.value.code == "wrong_state"
    second = connections.confirm_other_account(**common, session_key=SESSION)
    first.refresh_from_db()
    assert (second.account_id, second.status) == (flow.vendor.vendor.agencies[1].id, "active")
    assert (first.status, first.access_token) == ("disconnected", None)
    assert PropertyMapping.objects.filter(connection=second).count() == 0
    assert PropertyMapping.objects.filter(connection=first).count() == 1
    with pytest.raises(DomainError) as refusal:
        connections.confirm_other_account(**common, session_key=SESSION)
    assert refusal.value.code == "wrong_state"
    # The first agency again: its own row with its mappings comes back.
    back = flow.finish(flow.answer(agency=0, reconnects=second))
    assert back.needs_confirmation is not None
    assert (
        connections.confirm_other_account(**(common | {"state_id": back.needs_confirmation}), session_key=SESSION).pk
        == first.pk
    )


def test_disconnecting_revokes_deletes_tokens_and_keeps_what_was_imported(flow: Flow) -> None:
    connection = flow.connect()
    PropertyMappingFactory(organisation=flow.organisation, connection=connection)
    connections.disconnect(connection=connection, user=flow.user, keep_data=True)
    assert (connection.status, connection.status_reason) == ("disconnected", "")
    assert (connection.access_token, connection.refresh_token, connection.next_sync_at) == (None, None, None)
    assert flow.vendor.requests.count("/connect/revocation") == 1
    assert flow.vendor.requests.count("/api/v1/portfolios/disconnect") == 0
    assert [grant.revoked for grant in flow.vendor.oauth.tokens.grants.values()] == [True]
    assert PropertyMapping.objects.filter(connection=connection).count() == 1
    assert SyncRun.objects.get().status == "cancelled"


def test_disconnecting_goes_through_while_the_provider_is_out_of_reach(flow: Flow) -> None:
    connection = flow.connect()
    flow.vendor.stop()
    connections.disconnect(connection=connection, user=flow.user, keep_data=True)
    assert connection.status == "disconnected"
    assert connection.status_reason == (
        "PropertyMe could not be reached to withdraw the access; remove it there as well."
    )


def test_disconnecting_without_keeping_asks_for_everything_to_be_reversed(flow: Flow) -> None:
    connection = flow.connect()
    PropertyMappingFactory(organisation=flow.organisation, connection=connection)
    connections.disconnect(connection=connection, user=flow.user, keep_data=False)
    assert SyncRun.objects.filter(connection=connection, sync_type="apply", status="queued").count() == 1


def test_the_rhythm_moves_the_next_sync(flow: Flow) -> None:
    connection = ConnectionFactory(organisation=flow.organisation, last_sync_at=timezone.now())
    update = {"connection": connection, "user": flow.user}
    connections.update_settings(**update, auto_sync=True, sync_every_minutes=60)
    assert connection.next_sync_at == connection.last_sync_at + timedelta(minutes=60)
    connections.update_settings(**update, auto_sync=False, sync_every_minutes=60)
    assert connection.next_sync_at is None
    with pytest.raises(DomainError) as refusal:
        connections.update_settings(**update, auto_sync=True, sync_every_minutes=1)
    assert refusal.value.code == "bad_rhythm"
