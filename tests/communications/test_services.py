from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from access.models import Organisation, User
from communications import services
from communications.models import Notification
from tests.factories.communications import NotificationFactory
from tests.support.smtp import MailServer

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
State = Notification.EmailState


def due_notice(user: User, organisation: Organisation, **values: object) -> Notification:
    return NotificationFactory(user=user, organisation=organisation, email_state=State.DUE, email_due_at=NOW, **values)


def tell(organisation: Organisation, users: list[User], key: str, **values: object) -> list[Notification]:
    return services.notify(
        organisation=organisation, users=users, title="Sign in again", body="Why", dedupe_key=key, **values
    )


def test_an_event_is_told_once_to_each_person(organisation: Organisation, admin_user: User, agent_user: User) -> None:
    assert [notice.user for notice in tell(organisation, [admin_user], "expired")] == [admin_user]
    again = tell(organisation, [admin_user, agent_user, agent_user], "expired")
    assert [notice.user for notice in again] == [agent_user]
    assert Notification.objects.count() == 2


def test_another_event_of_the_same_kind_is_told_again(organisation: Organisation, admin_user: User) -> None:
    tell(organisation, [admin_user], "expired at 10:00")
    assert len(tell(organisation, [admin_user], "expired at 11:00")) == 1


def test_a_long_title_and_key_are_cut_to_what_fits(organisation: Organisation, admin_user: User) -> None:
    notice = services.notify(
        organisation=organisation, users=[admin_user], title="t" * 300, body="", dedupe_key="k" * 300
    )[0]
    assert (len(notice.title), len(notice.dedupe_key), notice.email_state) == (200, 200, State.NONE)


def test_with_email_the_worker_is_told_after_the_commit(
    organisation: Organisation, admin_user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as silent:
        tell(organisation, [admin_user], "in the product only")
    with django_capture_on_commit_callbacks() as callbacks:
        notice = tell(organisation, [admin_user], "by e-mail", email=True)[0]
        tell(organisation, [admin_user], "by e-mail", email=True)
    assert (len(silent), len(callbacks)) == (0, 1)
    assert notice.email_state == State.DUE


def test_the_email_has_both_forms_and_a_link_into_the_product(
    mail_server: MailServer, organisation: Organisation, admin_user: User, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://app.harbour.example"
    notice = due_notice(
        admin_user,
        organisation,
        title="PropertyMe asks you to sign in again",
        body="Rent at 12 Nguyễn St <b>is not updated</b>.",
        url="/settings/integrations/propertyme",
    )
    sent = services.send_due_email(now=NOW)
    assert sent is not None
    assert (sent.pk, sent.email_state, sent.email_due_at, sent.email_attempts) == (notice.pk, State.SENT, None, 1)
    message = mail_server.accepted[0]
    assert message["To"] == "mara@harbour.example"
    assert message["Subject"] == "PropertyMe asks you to sign in again"
    assert message["Message-ID"] == f"<notice-{notice.pk}@app.harbour.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = (part.get_content() for part in message.iter_parts())
    assert text.splitlines() == [
        "Hello Mara,",
        "",
        "PropertyMe asks you to sign in again",
        "",
        "Rent at 12 Nguyễn St <b>is not updated</b>.",
        "",
        "Open it here:",
        "https://app.harbour.example/settings/integrations/propertyme",
        "",
        "--",
        "Harbour & Co in PropertyTracker",
        "All your notices: https://app.harbour.example/notifications/",
    ]
    assert '<a href="https://app.harbour.example/settings/integrations/propertyme">' in html
    assert "&lt;b&gt;is not updated&lt;/b&gt;" in html


def test_a_title_with_line_breaks_cannot_add_headers(
    mail_server: MailServer, organisation: Organisation, admin_user: User
) -> None:
    due_notice(admin_user, organisation, title="Rent\r\nBcc: thief@rival.example")
    services.send_due_email(now=NOW)
    assert mail_server.accepted[0]["Subject"] == "Rent Bcc: thief@rival.example"
    assert mail_server.accepted[0]["Bcc"] is None


def test_what_is_due_later_waits(mail_server: MailServer, organisation: Organisation, admin_user: User) -> None:
    due_notice(admin_user, organisation)
    assert services.send_due_email(now=NOW - timedelta(seconds=1)) is None
    assert mail_server.accepted == []


def test_a_refusal_is_tried_again_with_growing_waits_then_given_up(
    mail_server: MailServer, organisation: Organisation, admin_user: User
) -> None:
    mail_server.answer_recipient = "451 try later"
    notice = due_notice(admin_user, organisation)
    waits, now = [], NOW
    for _ in range(5):
        services.send_due_email(now=now)
        notice.refresh_from_db()
        assert notice.email_due_at is not None
        waits.append((notice.email_due_at - now) // timedelta(minutes=1))
        now = notice.email_due_at
    assert waits == [1, 5, 30, 120, 480]
    assert (notice.email_state, notice.email_attempts) == (State.DUE, 5)
    assert "451" in notice.email_error
    services.send_due_email(now=now)
    notice.refresh_from_db()
    assert (notice.email_state, notice.email_attempts, notice.email_due_at) == (State.FAILED, 6, None)
    services.retry_email(notification=notice)
    mail_server.answer_recipient = "250 fine"
    services.send_due_email(now=datetime.now(UTC))
    notice.refresh_from_db()
    assert (notice.email_state, notice.email_attempts, notice.email_error) == (State.SENT, 1, "")


def test_an_address_refused_for_good_is_not_tried_again(
    mail_server: MailServer, organisation: Organisation, admin_user: User
) -> None:
    mail_server.answer_recipient = "550 no such person"
    notice = due_notice(admin_user, organisation)
    services.send_due_email(now=NOW)
    notice.refresh_from_db()
    assert (notice.email_state, notice.email_attempts) == (State.FAILED, 1)
    assert "no such person" in notice.email_error


def test_a_mail_server_that_is_down_costs_one_attempt(
    mail_server: MailServer, organisation: Organisation, admin_user: User, settings: Settings
) -> None:
    mail_server.shutdown()
    mail_server.server_close()
    notice = due_notice(admin_user, organisation)
    services.send_due_email(now=NOW)
    notice.refresh_from_db()
    assert (notice.email_state, notice.email_due_at) == (State.DUE, NOW + timedelta(minutes=1))
    assert notice.email_error.startswith("ConnectionRefusedError")


def test_a_closed_account_gets_no_email(mail_server: MailServer, organisation: Organisation, admin_user: User) -> None:
    notice = due_notice(admin_user, organisation)
    User.objects.filter(pk=admin_user.pk).update(is_active=False)
    services.send_due_email(now=NOW)
    notice.refresh_from_db()
    assert (notice.email_state, notice.email_error) == (State.FAILED, "The person's account is closed.")
    assert mail_server.accepted == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_send_one_email_twice(
    mail_server: MailServer, organisation: Organisation, admin_user: User
) -> None:
    first, second = (due_notice(admin_user, organisation, title=title) for title in ("first", "second"))
    mail_server.gate.clear()
    results: list[Notification | None] = []

    def work() -> None:
        try:
            results.append(services.send_due_email(now=NOW))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    # Both have handed their e-mail over and hold their row: a third finds nothing left to send.
    assert all(mail_server.asked.acquire(timeout=30) for _ in workers)
    assert services.send_due_email(now=NOW) is None
    mail_server.gate.set()
    for worker in workers:
        worker.join(timeout=30)
    assert {item.pk for item in results if item} == {first.pk, second.pk}
    assert sorted(message["Subject"] for message in mail_server.accepted) == ["first", "second"]
    assert set(Notification.objects.values_list("email_state", flat=True)) == {State.SENT}


def test_reading_marks_once_and_only_ones_own(organisation: Organisation, admin_user: User, agent_user: User) -> None:
    mine = NotificationFactory(user=admin_user, organisation=organisation)
    theirs = NotificationFactory(user=agent_user, organisation=organisation)
    read_at = services.mark_read(notification=mine).read_at
    assert services.mark_read(notification=mine).read_at == read_at
    NotificationFactory(user=admin_user, organisation=organisation)
    assert services.mark_all_read(user=admin_user, organisation=organisation) == 1
    theirs.refresh_from_db()
    assert theirs.read_at is None
