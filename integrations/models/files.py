from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel
from integrations.models.connection import Connection


class FileUpload(OrganisationOwned, BaseModel):
    """A spreadsheet that somebody uploaded, from its arrival to its rows being handed to the sync engine.

    The row is stored first and read by a task afterwards, so that a lost worker costs time only. The file itself and
    what was made of it are in the default storage under `folder`.
    """

    class Status(models.TextChoices):
        STORED = "stored", "Waiting to be read"
        COLUMNS = "columns", "Columns to match"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Ready to import"
        ACCEPTED = "accepted", "Taken over"
        DISCARDED = "discarded", "Discarded"
        FAILED = "failed", "Cannot be read"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="uploads")
    kind = models.CharField(max_length=20, help_text="One of integrations.files.kinds.")
    name = models.CharField(max_length=200, help_text="The file's name at the person's.")
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file.")
    status = models.CharField(max_length=10, choices=Status, default=Status.STORED)
    error = models.CharField(max_length=300, blank=True, default="")
    stored_as = models.CharField(max_length=300, help_text="Key of the file in the default storage.")
    rows_as = models.CharField(max_length=300, blank=True, default="", help_text="Key of its good rows.")
    errors_as = models.CharField(max_length=300, blank=True, default="", help_text="Key of its rows with errors.")
    # What the first reading found (integrations.files.tables.Profile as JSON).
    profile = models.JSONField(default=dict, blank=True)
    # {field: heading}, and {"dates": "dmy", "decimal": ".", "encoding": "", "sheet": ""}.
    columns = models.JSONField(default=dict, blank=True)
    options = models.JSONField(default=dict, blank=True)
    is_whole = models.BooleanField(default=False, help_text="The file lists everything: what is not in it is gone.")
    # The first good rows as read, and the first errors as (row, column, value, what to do).
    samples = models.JSONField(default=list, blank=True)
    problems = models.JSONField(default=list, blank=True)
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    # Who works on it: a second worker takes over once the first has not been heard of for a while.
    worker = models.UUIDField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["connection", "-id"], name="upload_connection"),
            models.Index(
                fields=["status", "heartbeat_at"],
                name="upload_open",
                condition=models.Q(status__in=["stored", "checking"]),
            ),
        ]

    OPEN = (Status.STORED, Status.CHECKING)

    def __str__(self) -> str:
        return self.name


class FileLayout(OrganisationOwned, BaseModel):
    """How a source's files of one kind are laid out, as a person last said: the next file asks nothing."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="layouts")
    kind = models.CharField(max_length=20)
    columns = models.JSONField(default=dict, help_text="{field: heading}")
    options = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "kind"], name="layout_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.connection_id}"
