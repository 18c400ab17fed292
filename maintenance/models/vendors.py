from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from access.models import OrganisationOwned
from core.models import BaseModel, ProviderSourced


class Vendor(OrganisationOwned, ProviderSourced, BaseModel):
    """A tradesperson or company that does jobs: what they do, where and when, and whether their papers are valid."""

    name = models.CharField(max_length=200)
    contact_name = models.CharField(max_length=200, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    # Codes of categories, as WorkOrder.category holds them.
    trades = models.JSONField(default=list, blank=True)
    # Postcodes ("2042"), ranges of them ("2000-2050") and suburbs ("newtown"), lower case; empty means everywhere.
    regions = models.JSONField(default=list, blank=True)
    # {"0": ["07:00", "17:00"], …} by weekday from Monday, in the organisation's zone; a missing day is a day off.
    hours = models.JSONField(default=dict, blank=True)
    insurance_expires_on = models.DateField(null=True, blank=True)
    licence_number = models.CharField(max_length=60, blank=True, default="")
    licence_expires_on = models.DateField(null=True, blank=True)
    capacity = models.PositiveSmallIntegerField(default=5, validators=[MinValueValidator(1)], help_text="Jobs at once.")
    call_out_fee = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    hourly_rate = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="AUD")
    # A key of settings.ASSIGNMENT_CHANNELS.
    channel = models.CharField(max_length=40, default="email")
    is_active = models.BooleanField(default=True)
    notes = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["organisation", "name", "id"], name="vendor_org_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "connection_id", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="vendor_provider_once",
            ),
            models.CheckConstraint(condition=models.Q(capacity__gte=1), name="vendor_capacity"),
        ]

    def __str__(self) -> str:
        return self.name
