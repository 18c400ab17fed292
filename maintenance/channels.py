"""The built-in channel: an e-mail with a link to a page of the vendor's own."""

from __future__ import annotations

import smtplib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from maintenance.ports import Assignment, ChannelRefused, ChannelUnavailable


class EmailChannel:
    """Sends the assignment by e-mail. The Message-ID is the key's, so that mail systems show a repeat once."""

    label = "E-mail with a link"

    def send(self, assignment: Assignment) -> str:
        what = "Quote wanted" if assignment.is_quote else "Job"
        # Times in the e-mail are those of the clock where the job is.
        with timezone.override(assignment.respond_by.tzinfo):
            send_mail(
                template="assignment",
                subject=f"{what}: {assignment.title} · {assignment.agency}",
                to=assignment.vendor_email,
                reply_to=assignment.agency_email,
                key=f"offer-{assignment.key}",
                context={"assignment": assignment},
            )
        return ""

    def problem_with(self, *, email: str, provider_id: str) -> str:
        return "" if email else "There is no e-mail address."


def send_mail(*, template: str, subject: str, to: str, key: str, context: dict[str, Any], reply_to: str = "") -> None:
    """Sends templates/maintenance/mail/<template> as text and HTML. Raises ChannelUnavailable or ChannelRefused."""
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:200],
        body=render_to_string(f"maintenance/mail/{template}.txt", context).strip() + "\n",
        to=[to],
        reply_to=[reply_to] if reply_to else None,
        headers={
            "Message-ID": f"<{key}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string(f"maintenance/mail/{template}.html", context), "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _ in error.recipients.values()):
            raise ChannelRefused("The mail server refused the address for good.") from error
        raise ChannelUnavailable(type(error).__name__) from error
    except (smtplib.SMTPException, OSError) as error:
        raise ChannelUnavailable(type(error).__name__) from error
