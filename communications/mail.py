"""What a notice looks like as an e-mail, and how long to wait before trying one again."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from communications.models import Notification

# After the sixth failure the notice is marked; the person still has it in the product.
_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
)
MAX_ATTEMPTS = len(_WAITS) + 1


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after that many failures; None when enough is enough."""
    return _WAITS[attempts - 1] if attempts <= len(_WAITS) else None


def public_address(path: str) -> str:
    """A page's full address for readers outside the product; blank stays blank."""
    return urljoin(settings.PUBLIC_URL.rstrip("/") + "/", path.lstrip("/")) if path else ""


def build_message(notice: Notification) -> EmailMultiAlternatives:
    """The notice as plain text and simple HTML, with a link into the product.

    The Message-ID is made from the notice: should a killed worker send it again, mail systems show it once.
    """
    context = {
        "notice": notice,
        "link": public_address(notice.url),
        "notices_link": public_address("/notifications/"),
        "organisation": notice.organisation,
    }
    message = EmailMultiAlternatives(
        subject=" ".join(notice.title.split()),
        body=render_to_string("communications/email.txt", context).strip() + "\n",
        to=[notice.user.email],
        headers={
            "Message-ID": f"<notice-{notice.id}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("communications/email.html", context), "text/html")
    return message
