from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from communications import services
from communications.models import Notification

# A sweep that has not seen the end of a long queue leaves the rest to the next one, a minute later.
_PER_SWEEP = 200
# So many refusals in one sweep mean that the mail server is unwell: it gets a minute's rest.
_REFUSALS_PER_SWEEP = 3


@shared_task
def send_due_emails() -> int:
    """Sends what is due and returns how many went out. Beat calls it each minute; a new notice calls it at once."""
    sent = refused = 0
    for _ in range(_PER_SWEEP):
        notice = services.send_due_email(now=timezone.now())
        if notice is None:
            break
        if notice.email_state == Notification.EmailState.SENT:
            sent += 1
            continue
        refused += 1
        if refused == _REFUSALS_PER_SWEEP:
            break
    return sent
