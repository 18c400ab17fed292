from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned
from core.models import BaseModel, ProviderSourced
from maintenance.models.vendors import Vendor
from properties.models import Property, Unit


class WorkOrder(OrganisationOwned, ProviderSourced, BaseModel):
    """A job at a property, from report to bill. `maintenance.states` says how it may move."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        TRIAGED = "triaged", "Triaged"
        QUOTED = "quoted", "Quoted"
        APPROVED = "approved", "Approved"
        ASSIGNED = "assigned", "Assigned"
        SCHEDULED = "scheduled", "Scheduled"
        IN_PROGRESS = "in_progress", "In progress"
        DONE = "done", "Done"
        BILLED = "billed", "Billed"
        CANCELLED = "cancelled", "Cancelled"

    class Category(models.TextChoices):
        """The built-in ones; an organisation adds more (maintenance.models.Category), held by their name."""

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
    category = models.CharField(max_length=40, default=Category.GENERAL)
    status = models.CharField(max_length=12, choices=Status, default=Status.NEW)
    priority = models.CharField(max_length=8, choices=Priority, default=Priority.NONE)
    # Set once a vendor of ours took the job; `supplier_name` is what a provider or a person wrote.
    vendor = models.ForeignKey(Vendor, on_delete=models.SET_NULL, null=True, blank=True, related_name="work_orders")
    supplier_name = models.CharField(max_length=200, blank=True, default="")
    quoted_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="AUD")
    opened_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # In the manual lane since; blank when no person has to find a vendor by hand.
    manual_since = models.DateTimeField(null=True, blank=True)
    manual_reason = models.CharField(max_length=300, blank=True, default="")
    rating = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 to 5, how the vendor did it.")
    edited_fields = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "connection_id", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="work_order_provider_once",
            ),
            models.CheckConstraint(
                condition=models.Q(rating=None) | models.Q(rating__gte=1, rating__lte=5), name="work_order_rating"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "status", "-id"], name="work_order_org_status"),
            models.Index(
                fields=["organisation", "manual_since"],
                name="work_order_manual",
                condition=models.Q(manual_since__isnull=False),
            ),
            models.Index(
                fields=["organisation", "scheduled_for"],
                name="work_order_scheduled",
                condition=models.Q(scheduled_for__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    OPEN_STATUSES = (
        Status.NEW,
        Status.TRIAGED,
        Status.QUOTED,
        Status.APPROVED,
        Status.ASSIGNED,
        Status.SCHEDULED,
        Status.IN_PROGRESS,
    )
    # With a vendor, and not finished: what counts against a vendor's capacity.
    WITH_VENDOR = (Status.ASSIGNED, Status.SCHEDULED, Status.IN_PROGRESS)

    def get_category_display(self) -> str:
        """The category in words: an organisation's own is its name."""
        return dict(WorkOrder.Category.choices).get(self.category, self.category)
