from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel


class Notification(OrganisationOwned, BaseModel):
    """A notice to one person, shown in the product and, where asked, sent by e-mail.

    The row is the guarantee: beat sweeps rows whose e-mail is due, so a killed worker loses none.
    """

    class Tone(models.TextChoices):
        INFO = "info"
        WARN = "warn"
        BAD = "bad"
        GOOD = "good"

    class EmailState(models.TextChoices):
        NONE = "none", "Not by e-mail"
        DUE = "due", "To be sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Could not be sent"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    tone = models.CharField(max_length=8, choices=Tone, default=Tone.INFO)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    read_at = models.DateTimeField(null=True, blank=True)
    # The same event told twice to the same person is one notice.
    dedupe_key = models.CharField(max_length=200)
    email_state = models.CharField(max_length=8, choices=EmailState, default=EmailState.NONE)
    email_attempts = models.PositiveSmallIntegerField(default=0)
    email_due_at = models.DateTimeField(null=True, blank=True)
    email_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "dedupe_key"], name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notification_user"),
            models.Index(fields=["email_due_at"], name="notification_email_due", condition=models.Q(email_state="due")),
        ]

    def __str__(self) -> str:
        return self.title
