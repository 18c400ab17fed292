from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel
from integrations.models.connection import Connection
from properties.models import Property, Unit


class PropertyMapping(OrganisationOwned, BaseModel):
    """Which of our properties a provider's property is; made once, by a person."""

    class State(models.TextChoices):
        UNMAPPED = "unmapped", "Needs mapping"
        MAPPED = "mapped", "Mapped"
        IGNORED = "ignored", "Ignored"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mappings")
    provider_property_id = models.CharField(max_length=128)
    provider_property_address = models.CharField(max_length=400, blank=True, default="")
    # Normalised parts of the provider's address (records.PropertyRecord), what matching compares.
    facts = models.JSONField(default=dict, blank=True)
    property = models.ForeignKey(Property, on_delete=models.SET_NULL, null=True, blank=True, related_name="mappings")
    unit = models.ForeignKey(Unit, on_delete=models.SET_NULL, null=True, blank=True, related_name="mappings")
    state = models.CharField(max_length=10, choices=State, default=State.UNMAPPED)
    auto_sync = models.BooleanField(default=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="Lease and tenant details as last synced.")
    suggested_property = models.ForeignKey(Property, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    suggestion_score = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0 to 100.")
    # [{"part": "street", "points": 25, "of": 25, "words": "street agrees"}], and {"veto": "..."} when one applies.
    suggestion_parts = models.JSONField(default=list, blank=True)
    mapped_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    mapped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "provider_property_id"], name="mapping_once"),
            models.CheckConstraint(
                name="mapping_has_property",
                condition=~models.Q(state="mapped") | models.Q(property__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "state", "provider_property_address", "id"], name="mapping_state"),
            models.Index(fields=["connection", "state", "-suggestion_score", "id"], name="mapping_suggestion"),
        ]

    def __str__(self) -> str:
        return self.provider_property_address or self.provider_property_id
