from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned
from core.models import BaseModel, ProviderSourced
from properties.models import Property, Unit


class WorkOrder(OrganisationOwned, ProviderSourced, BaseModel):
    """A job at a property, from report to bill."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        QUOTED = "quoted", "Quoted"
        APPROVED = "approved", "Approved"
        ASSIGNED = "assigned", "Assigned"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    class Category(models.TextChoices):
        PLUMBING = "plumbing", "Plumbing"
        ELECTRICAL = "electrical", "Electrical"
        HVAC = "hvac", "Heating and cooling"
        GENERAL = "general", "General"

    class Priority(models.TextChoices):
        NONE = "none", "None"
        LOW = "low", "Low"
        NORMAL = "normal", "Normal"
        HIGH = "high", "High"
        URGENT = "urgent", "Urgent"

    property = models.ForeignKey(Property, on_delete=models.CASCADE, related_name="work_orders")
    unit = models.ForeignKey(Unit, on_delete=models.SET_NULL, null=True, blank=True, related_name="work_orders")
    number = models.CharField(max_length=40, blank=True, default="")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, default="")
    category = models.CharField(max_length=12, choices=Category, default=Category.GENERAL)
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW)
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.NONE)
    supplier_name = models.CharField(max_length=200, blank=True, default="")
    quoted_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="AUD")
    opened_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    edited_fields = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "connection_id", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="work_order_provider_once",
            )
        ]
        indexes = [models.Index(fields=["organisation", "status", "-id"], name="work_order_org_status")]

    def __str__(self) -> str:
        return self.title

    OPEN_STATUSES = (Status.NEW, Status.QUOTED, Status.APPROVED, Status.ASSIGNED)
