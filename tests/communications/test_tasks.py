from __future__ import annotations

from datetime import UTC, datetime

from access.models import Organisation, User
from communications.models import Notification
from communications.tasks import send_due_emails
from config.celery import app
from tests.factories.communications import NotificationFactory
from tests.support.smtp import MailServer

State = Notification.EmailState
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_sweep_sends_everything_that_is_due(
    mail_server: MailServer, organisation: Organisation, admin_user: User
) -> None:
    NotificationFactory.create_batch(
        3, user=admin_user, organisation=organisation, email_state=State.DUE, email_due_at=PAST
    )
    assert send_due_emails() == 3
    assert len(mail_server.accepted) == 3
    assert send_due_emails() == 0


def test_a_sweep_gives_an_unwell_mail_server_a_rest(
    mail_server: MailServer, organisation: Organisation, admin_user: User
) -> None:
    mail_server.answer_recipient = "451 try later"
    NotificationFactory.create_batch(
        5, user=admin_user, organisation=organisation, email_state=State.DUE, email_due_at=PAST
    )
    assert send_due_emails() == 0
    assert Notification.objects.filter(email_attempts=1).count() == 3


def test_beat_knows_the_task_by_the_name_it_has() -> None:
    schedule = app.conf.beat_schedule["send-due-emails"]
    assert app.tasks[schedule["task"]].name == send_due_emails.name
    assert schedule["schedule"] == 60.0
