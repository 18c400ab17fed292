from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel
from maintenance.models.work_orders import WorkOrder
from properties.models import Property, Unit


class MaintenanceRequest(OrganisationOwned, BaseModel):
    """What somebody reported, in their words, before it is known to be a job."""

    class State(models.TextChoices):
        NEW = "new", "To be looked at"
        CONVERTED = "converted", "Work order made"
        DISMISSED = "dismissed", "Dismissed"

    property = models.ForeignKey(Property, on_delete=models.CASCADE, related_name="maintenance_requests")
    unit = models.ForeignKey(Unit, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, default="")
    category = models.CharField(max_length=40, default=WorkOrder.Category.GENERAL)
    priority = models.CharField(max_length=8, choices=WorkOrder.Priority, default=WorkOrder.Priority.NORMAL)
    reporter_name = models.CharField(max_length=200, blank=True, default="")
    reporter_email = models.EmailField(blank=True, default="")
    reporter_phone = models.CharField(max_length=40, blank=True, default="")
    access_notes = models.CharField(max_length=300, blank=True, default="", help_text="How to get in, and when.")
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    dismissed_reason = models.CharField(max_length=300, blank=True, default="")
    work_order = models.OneToOneField(
        WorkOrder, on_delete=models.SET_NULL, null=True, blank=True, related_name="request"
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["organisation", "state", "-id"], name="request_org_state")]

    def __str__(self) -> str:
        return self.title

    def get_category_display(self) -> str:
        """The category in words, as of a work order."""
        return dict(WorkOrder.Category.choices).get(self.category, self.category)
