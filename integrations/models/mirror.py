from __future__ import annotations

from django.db import models

from access.models import Organisation
from core.ids import uuid7
from integrations.models.connection import Connection


class Verdict(models.TextChoices):
    """What became of a remote record; every record has exactly one."""

    PENDING = "pending", "Waiting"
    IMPORTED = "imported", "Imported"
    UNMAPPED = "unmapped", "Property not mapped"
    DUPLICATE = "duplicate", "Already imported"
    DISMISSED = "dismissed", "Dismissed"
    REJECTED = "rejected", "Rejected"
    CONFLICT = "conflict", "Needs a decision"
    MISSING = "missing", "Gone at the provider"


class ProviderRecord(models.Model):
    """The mirror: one row for each remote record ever seen, as the provider last sent it.

    Written by COPY and one INSERT … ON CONFLICT a chunk (integrations/sync/land.py); an unchanged record costs no
    write. `facts` is the record normalised by the provider's mapping.py; `payload` is what was sent, with secrets and
    identity numbers removed at the edge.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="records", db_index=False, db_constraint=False
    )
    resource = models.CharField(max_length=20)
    provider_id = models.CharField(max_length=128)
    content_hash = models.UUIDField(help_text="128-bit digest of the payload and of the mapping's version.")
    payload = models.JSONField()
    facts = models.JSONField(null=True, blank=True)
    property_ref = models.CharField(max_length=128, blank=True, default="")
    related_ref = models.CharField(max_length=128, blank=True, default="", help_text="Tenancy or job it belongs to.")
    label = models.CharField(max_length=300, blank=True, default="")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    occurred_on = models.DateField(null=True, blank=True)
    is_void = models.BooleanField(default=False)
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.PENDING)
    reason = models.CharField(max_length=300, blank=True, default="")
    # Bumped when a dismissed or undone record is imported anew, so that each import has its own ledger key.
    generation = models.PositiveSmallIntegerField(default=1)
    target_id = models.UUIDField(null=True, blank=True, help_text="What it became: transaction, lease, work order …")
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True, blank=True)
    last_run_id = models.UUIDField(null=True, blank=True, help_text="The run that last wrote this row.")
    decided_by = models.ForeignKey(
        "access.User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "resource", "provider_id"], name="record_once"),
        ]
        indexes = [
            # The property first: an index that began with the connection would tempt the planner, while the table
            # has no statistics yet, to look records up by it instead of by the unique constraint.
            models.Index(fields=["property_ref", "connection"], name="record_property"),
            # People look for "the 412.50 that is missing": by amount, newest first.
            models.Index(
                fields=["amount", "connection", "-id"],
                name="record_amount",
                condition=models.Q(amount__isnull=False),
            ),
            # Imported rows are the many; everything that may need a person is in this small index.
            models.Index(
                fields=["connection", "verdict", "id"],
                name="record_attention",
                condition=~models.Q(verdict="imported"),
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"{self.resource} {self.provider_id}"
