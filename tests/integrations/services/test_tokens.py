from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from communications.models import Notification
from integrations.adapters import open_adapter
from integrations.errors import Misconfigured, ReauthRequired, TransientError
from integrations.models import Connection
from integrations.records import ReadRequest
from integrations.sandbox import SandboxServer
from integrations.services.tokens import fresh_access_token, mark_reauth

TOKEN = "/connect/token"


@pytest.fixture
def source(vendor: SandboxServer, organisation: Organisation, admin_user: User) -> Connection:
    """A connected agency whose access token has half an hour to go."""
    tokens = vendor.grant()
    return Connection.objects.create(
        organisation=organisation,
        provider="propertyme",
        account_id=vendor.vendor.agencies[0].id,
        account_name="Harbour & Vale",
        status_since=timezone.now(),
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_expires_at=timezone.now() + timedelta(minutes=30),
        ledger_mode="line",
    )


def expire(source: Connection) -> None:
    Connection.objects.filter(pk=source.pk).update(token_expires_at=timezone.now())


@pytest.mark.django_db
def test_a_good_token_is_used_without_a_request(source: Connection, vendor: SandboxServer) -> None:
    assert fresh_access_token(source.pk) == source.access_token
    assert vendor.requests.counts == {}


@pytest.mark.django_db
def test_an_ended_or_rejected_token_is_refreshed_and_the_refresh_token_kept(
    source: Connection, vendor: SandboxServer
) -> None:
    expire(source)
    first = fresh_access_token(source.pk)
    second = fresh_access_token(source.pk, rejected_token=first)
    assert len({source.access_token, first, second}) == 3
    assert fresh_access_token(source.pk, rejected_token=first) == second
    assert vendor.requests.count(TOKEN) == 2
    kept = source.refresh_token
    source.refresh_from_db()
    assert (source.access_token, source.refresh_token, source.status) == (second, kept, "active")


@pytest.mark.django_db
def test_a_new_refresh_token_replaces_the_old_one(source: Connection, vendor: SandboxServer) -> None:
    vendor.oauth.tokens.rotate_refresh = True
    before = source.refresh_token
    first = fresh_access_token(source.pk, rejected_token=str(source.access_token))
    source.refresh_from_db()
    assert source.refresh_token != before
    assert fresh_access_token(source.pk, rejected_token=first) != first


@pytest.mark.django_db
def test_an_answer_without_a_refresh_token_keeps_the_old_one(source: Connection, vendor: SandboxServer) -> None:
    vendor.faults.add("no_refresh_token")
    before = source.refresh_token
    fresh_access_token(source.pk, rejected_token=str(source.access_token))
    source.refresh_from_db()
    assert source.refresh_token == before


@pytest.mark.django_db(transaction=True)
def test_many_threads_at_once_refresh_once(source: Connection, vendor: SandboxServer) -> None:
    rejected = str(source.access_token)
    vendor.faults.add("latency", TOKEN, ms=100)

    def ask(_: int) -> str:
        try:
            return fresh_access_token(source.pk, rejected_token=rejected)
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert len(found) == 1
    assert vendor.requests.count(TOKEN) == 1


@pytest.mark.django_db(transaction=True)
def test_many_processes_at_once_refresh_once(
    source: Connection, vendor: SandboxServer, process_environment: dict[str, str]
) -> None:
    vendor.faults.add("latency", TOKEN, ms=300)
    program = (
        "import django; django.setup()\n"
        "from integrations.services.tokens import fresh_access_token\n"
        f"print(fresh_access_token({str(source.pk)!r}, rejected_token={source.access_token!r}))\n"
    )
    environment = {
        **process_environment,
        "PROPERTYME_API_URL": vendor.api_url,
        "PROPERTYME_AUTH_URL": vendor.url,
    }
    running = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=120)[0].strip() for process in running]
    source.refresh_from_db()
    assert answers == [source.access_token] * 3
    assert vendor.requests.count(TOKEN) == 1


@pytest.mark.django_db(transaction=True)
def test_a_withdrawn_grant_marks_this_connection_alone_and_tells_the_admins_once(
    source: Connection, vendor: SandboxServer, admin_user: User, agent_user: User, organisation: Organisation
) -> None:
    other = Connection.objects.create(
        organisation=organisation, provider="propertyme", account_id="other", status_since=timezone.now()
    )
    vendor.revoke()
    for _ in range(2):
        with pytest.raises(ReauthRequired) as refusal:
            fresh_access_token(source.pk, rejected_token=str(source.access_token))
        assert refusal.value.revoked is False
    source.refresh_from_db()
    other.refresh_from_db()
    assert (source.status, other.status) == ("expired", "active")
    notice = Notification.objects.get()
    assert (notice.user, notice.tone, notice.email_state) == (admin_user, "bad", "due")
    assert notice.title == "PropertyMe ended our access: sign in again"
    assert notice.url == f"/settings/integrations/propertyme/?connection={source.pk}"
    assert str(source.access_token) not in notice.body


@pytest.mark.django_db(transaction=True)
def test_401_right_after_a_refresh_means_revoked(source: Connection, vendor: SandboxServer, admin_user: User) -> None:
    vendor.faults.add("unauthorized", "/api/v1/lots")
    with pytest.raises(ReauthRequired) as refusal, open_adapter(source) as adapter:
        list(adapter.properties(ReadRequest()))
    assert refusal.value.revoked is True
    assert (vendor.requests.count("/api/v1/lots"), vendor.requests.count(TOKEN)) == (2, 1)
    source.refresh_from_db()
    assert source.status == "revoked"
    assert Notification.objects.get().title == "PropertyMe withdrew our access: sign in again"


@pytest.mark.django_db
def test_our_own_refused_credentials_mark_no_connection(
    source: Connection, vendor: SandboxServer, staff_user: User
) -> None:
    vendor.faults.add("invalid_client")
    for _ in range(2):
        with pytest.raises(Misconfigured):
            fresh_access_token(source.pk, rejected_token=str(source.access_token))
    source.refresh_from_db()
    assert (source.status, Notification.objects.count()) == ("active", 0)
    assert [message.to for message in mail.outbox] == [[staff_user.email]]
    cache.delete("misconfigured:propertyme")


@pytest.mark.django_db
def test_an_outage_of_the_token_endpoint_is_tried_three_times_and_marks_nothing(
    source: Connection, vendor: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.oauth.BACKOFF_BASE", 0.001)
    vendor.faults.add("server_error", TOKEN, status=503)
    with pytest.raises(TransientError):
        fresh_access_token(source.pk, rejected_token=str(source.access_token))
    assert vendor.requests.count(TOKEN) == 3
    source.refresh_from_db()
    assert source.status == "active"


@pytest.mark.django_db
def test_without_a_refresh_token_the_end_of_the_access_needs_a_person(source: Connection) -> None:
    Connection.objects.filter(pk=source.pk).update(refresh_token=None)
    expire(source)
    with pytest.raises(ReauthRequired):
        fresh_access_token(source.pk)
    source.refresh_from_db()
    assert source.status == "expired"


@pytest.mark.django_db
def test_a_disconnected_connection_gives_no_token_and_stays_disconnected(
    source: Connection, vendor: SandboxServer
) -> None:
    Connection.objects.filter(pk=source.pk).update(status="disconnected")
    with pytest.raises(ReauthRequired):
        fresh_access_token(source.pk)
    source.refresh_from_db()
    assert (source.status, vendor.requests.counts) == ("disconnected", {})


@pytest.mark.django_db
def test_revoked_is_not_softened_to_expired(source: Connection, admin_user: User) -> None:
    mark_reauth(connection=source, revoked=False, reason="Ended.")
    mark_reauth(connection=source, revoked=True, reason="Withdrawn.")
    mark_reauth(connection=source, revoked=False, reason="Ended again.")
    assert (source.status, source.status_reason) == ("revoked", "Withdrawn.")
    assert Notification.objects.count() == 2


@pytest.mark.django_db
def test_an_unknown_ledger_mode_is_learnt_when_the_adapter_is_opened(
    source: Connection, vendor: SandboxServer, settings: Settings
) -> None:
    Connection.objects.filter(pk=source.pk).update(ledger_mode="unknown")
    source.refresh_from_db()
    vendor.vendor.ledger = "derived"
    with open_adapter(source):
        pass
    assert source.ledger_mode == "derived"
    vendor.requests.clear()
    with open_adapter(source):
        pass
    assert vendor.requests.counts == {}
