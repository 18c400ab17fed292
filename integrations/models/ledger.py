from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel
from integrations.models.connection import Connection
from integrations.models.mirror import ProviderRecord


class Conflict(OrganisationOwned, BaseModel):
    """Theirs changed and ours may not be overwritten: a person decides."""

    class Cause(models.TextChoices):
        EDITED = "edited", "A person changed ours"
        CLOSED = "closed", "The books are closed for its date"
        EXPORTED = "exported", "It was already exported"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        KEPT_OURS = "ours", "Kept ours"
        TOOK_THEIRS = "theirs", "Took theirs"
        OBSOLETE = "obsolete", "No longer differs"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="conflicts")
    record = models.ForeignKey(ProviderRecord, on_delete=models.CASCADE, related_name="conflicts", db_constraint=False)
    target = models.CharField(max_length=20, default="transaction")
    target_id = models.UUIDField()
    cause = models.CharField(max_length=10, choices=Cause)
    # {field: [ours, theirs]}; {"status": ["confirmed", "void"]} for an upstream void.
    changes = models.JSONField(default=dict)
    # The remote content this card is about: the same content never asks twice.
    content_hash = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    sync_run_id = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "target_id"], condition=models.Q(state="open"), name="one_open_conflict"
            )
        ]
        indexes = [models.Index(fields=["organisation", "state", "-id"], name="conflict_state")]

    def __str__(self) -> str:
        return f"{self.get_cause_display()}: {self.record_id}"
