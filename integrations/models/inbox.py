from __future__ import annotations

from django.db import models
from django.utils import timezone

from access.models import Organisation, OrganisationOwned, User
from core.fields import EncryptedTextField
from core.ids import uuid7
from core.models import BaseModel
from integrations.models.connection import Connection


class WebhookEndpoint(OrganisationOwned, BaseModel):
    """The address at which a vendor delivers a connection's events, and what did not pass there."""

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, related_name="endpoint")
    token = models.CharField(max_length=64, unique=True, help_text="The unguessable part of the address.")
    # After a rotation the old address stays open for a while, so that nothing is lost until the vendor has the new one.
    previous_token = models.CharField(max_length=64, unique=True, null=True, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    secret = EncryptedTextField(null=True, help_text="The vendor's signing secret, where it signs with one.")
    refused_signatures = models.PositiveIntegerField(default=0)
    refused_sizes = models.PositiveIntegerField(default=0)
    last_refused_at = models.DateTimeField(null=True, blank=True)
    last_refusal = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return f"Events of {self.connection_id}"


class InboxEvent(models.Model):
    """One event of a provider, kept before anything is done about it, and what was done.

    Written by one INSERT … ON CONFLICT DO NOTHING (integrations/inbox/receive.py): however often it is delivered, there
    is one row. `body` is the request as received, encrypted, with identity numbers and secrets taken out of it. Rows
    carry no foreign-key constraints, as in the mirror: checking them would lock the one connection row of all.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        WORKING = "working", "Being worked"
        DONE = "done", "Done"
        IGNORED = "ignored", "Ignored"
        PERSON = "person", "Needs a person"

    class Source(models.TextChoices):
        WEBHOOK = "webhook", "Sent to us"
        PULL = "pull", "Found by a sync"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="events", db_index=False, db_constraint=False
    )
    received_at = models.DateTimeField(default=timezone.now)
    source = models.CharField(max_length=8, choices=Source, default=Source.WEBHOOK)
    key = models.CharField(max_length=300, help_text="What makes two deliveries the same event.")
    event_id = models.CharField(max_length=128, blank=True, default="", help_text="The vendor's id of the event.")
    topic = models.CharField(max_length=100, help_text="The vendor's name of the event.")
    name = models.CharField(max_length=60, blank=True, default="", help_text="Our name of the event.")
    resource = models.CharField(max_length=20, blank=True, default="")
    resource_ref = models.CharField(max_length=128, blank=True, default="", help_text="Their id of what changed.")
    # Ids to fetch again; empty where what changed of the resource is read instead.
    fetch_ids = models.JSONField(default=list, blank=True)
    event_at = models.DateTimeField(null=True, blank=True, help_text="When the vendor says that it happened.")
    body = EncryptedTextField(null=True)
    headers = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    worked_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=300, blank=True, default="", help_text="Why it is ignored or not done.")
    outcome = models.CharField(max_length=300, blank=True, default="")
    runs = models.JSONField(default=list, blank=True, help_text="Ids of the sync runs that worked it.")
    records = models.JSONField(default=list, blank=True, help_text="Ids of the remote records it led to.")
    replays = models.PositiveSmallIntegerField(default=0)
    replayed_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="event_once")]
        indexes = [
            models.Index(fields=["connection", "-id"], name="event_connection"),
            # Nearly all events are done; what is still to be done, or needs a person, is in this small index.
            models.Index(
                fields=["connection", "state", "due_at"],
                name="event_open",
                condition=models.Q(state__in=["queued", "working", "person"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.resource_ref}".strip()
