from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from celery import current_app
from django.db import transaction
from django.utils import timezone

from access.models import Organisation, User
from communications.mail import build_message, wait_after
from communications.models import Notification
from communications.selectors import notices_of
from core.redaction import redact

logger = logging.getLogger(__name__)


def notify(
    *,
    organisation: Organisation,
    users: Iterable[User],
    title: str,
    body: str,
    url: str = "",
    tone: str = "info",
    dedupe_key: str,
    email: bool = False,
) -> list[Notification]:
    """Tells people something, once each: the new notices are returned, people already told get none.

    `dedupe_key` names the event ("connection 7 expired at …"); a later event of the same kind needs another key.
    `url` is a path in the product. With `email`, each notice is also sent by e-mail, after the transaction commits.
    """
    now = timezone.now()
    drafts = [
        Notification(
            organisation=organisation,
            user=user,
            tone=tone,
            title=title[:200],
            body=body,
            url=url,
            dedupe_key=dedupe_key[:200],
            email_state=Notification.EmailState.DUE if email else Notification.EmailState.NONE,
            email_due_at=now if email else None,
        )
        for user in {user.pk: user for user in users}.values()
    ]
    Notification.objects.bulk_create(drafts, ignore_conflicts=True)
    told = set(Notification.objects.filter(pk__in=[draft.pk for draft in drafts]).values_list("pk", flat=True))
    created = [draft for draft in drafts if draft.pk in told]
    if email and created:
        # Only a hint: beat sweeps every minute, so a broker that is down delays an e-mail and loses none.
        hint = partial(current_app.send_task, "communications.tasks.send_due_emails", retry=False)
        transaction.on_commit(hint, robust=True)
    return created


def mark_read(*, notification: Notification) -> Notification:
    """Marks a notice as read; reading it again changes nothing."""
    if notification.read_at is None:
        notification.read_at = timezone.now()
        notification.save(update_fields=["read_at", "updated_at"])
    return notification


def mark_all_read(*, user: User, organisation: Organisation) -> int:
    """Marks every notice of the person in this organisation as read, and says how many were not."""
    now = timezone.now()
    return notices_of(user=user, organisation=organisation).filter(read_at=None).update(read_at=now, updated_at=now)


def settle(*, organisation: Organisation, key_prefix: str) -> int:
    """Marks as read, for everybody, the notices whose cause is gone: those with a `dedupe_key` that begins so."""
    now = timezone.now()
    return Notification.objects.filter(
        organisation=organisation, dedupe_key__startswith=key_prefix, read_at=None
    ).update(read_at=now, updated_at=now)


@transaction.atomic
def send_due_email(*, now: datetime) -> Notification | None:
    """Sends the e-mail that has been due longest and is not in another worker's hands; None when there is none.

    The row stays locked while the mail server is spoken to, so no second worker sends it. A refused e-mail is tried
    again later with growing waits, at most six times; an address that is refused for good is not tried again.
    """
    notice = (
        Notification.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("user", "organisation")
        .filter(email_state=Notification.EmailState.DUE, email_due_at__lte=now)
        .order_by("email_due_at", "id")
        .first()
    )
    if notice is None:
        return None
    notice.email_attempts += 1
    if not notice.user.is_active:
        _give_up(notice, "The person's account is closed.")
    else:
        _send(notice, now=now)
    notice.save(update_fields=["email_state", "email_attempts", "email_due_at", "email_error", "updated_at"])
    return notice


def _send(notice: Notification, *, now: datetime) -> None:
    try:
        build_message(notice).send()
    except (smtplib.SMTPException, OSError) as error:
        wait = None if _is_final(error) else wait_after(notice.email_attempts)
        logger.warning("E-mail of notice %s was not sent: %s", notice.pk, type(error).__name__)
        if wait is None:
            _give_up(notice, redact(f"{type(error).__name__}: {error}"))
        else:
            notice.email_due_at = now + wait
            notice.email_error = redact(f"{type(error).__name__}: {error}")[:300]
        return
    notice.email_state = Notification.EmailState.SENT
    notice.email_due_at = None
    notice.email_error = ""


def _give_up(notice: Notification, reason: str) -> None:
    notice.email_state = Notification.EmailState.FAILED
    notice.email_due_at = None
    notice.email_error = reason[:300]


def _is_final(error: Exception) -> bool:
    """Whether the server said no for good (5xx for every recipient), so that asking again is no use."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in error.recipients.values())


def retry_email(*, notification: Notification) -> Notification:
    """Tries a failed e-mail again from the start, for instance after the mail server was set right."""
    notification.email_state = Notification.EmailState.DUE
    notification.email_attempts = 0
    notification.email_due_at = timezone.now()
    notification.email_error = ""
    notification.save(update_fields=["email_state", "email_attempts", "email_due_at", "email_error", "updated_at"])
    return notification
