from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned
from core.ids import uuid7
from integrations.models.connection import Connection


class CallPart(OrganisationOwned):
    """What a connection's calls cost and how they ended in five minutes; written from Redis by beat."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="call_parts")
    begins_at = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0, help_text="Calls that ended in an error of any class.")
    refused = models.PositiveIntegerField(default=0, help_text="Calls not made because a breaker was open.")
    waits = models.PositiveIntegerField(default=0)
    wait_ms = models.PositiveBigIntegerField(default=0)
    top_use = models.PositiveSmallIntegerField(default=0, help_text="Most of a limit that was taken, in thousandths.")
    errors = models.JSONField(default=dict, blank=True, help_text="{class of error: calls}")
    latency = models.JSONField(default=list, blank=True, help_text="Calls by place of callcount.BOUNDS.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "begins_at"], name="call_part_once")]
        indexes = [models.Index(fields=["begins_at"], name="call_part_age")]

    def __str__(self) -> str:
        return f"{self.calls} calls from {self.begins_at:%H:%M}"
