from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel
from maintenance.models.vendors import Vendor
from maintenance.models.work_orders import WorkOrder


class Visibility(models.TextChoices):
    INTERNAL = "internal", "Internal"
    PUBLIC = "public", "Public"


class WorkOrderEvent(OrganisationOwned, BaseModel):
    """One thing that happened to a job; written once, never changed."""

    work_order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=24)
    tone = models.CharField(max_length=8, default="neutral")
    text = models.CharField(max_length=500)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # Who it was in words: a person, a vendor or a provider.
    actor_name = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["work_order", "-id"], name="wo_event_order")]

    def __str__(self) -> str:
        return self.text


class Comment(OrganisationOwned, BaseModel):
    """A remark on a job: internal ones are for the agency, public ones also for the vendor who has the job."""

    work_order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="comments")
    body = models.TextField()
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.INTERNAL)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["work_order", "-id"], name="wo_comment_order")]

    def __str__(self) -> str:
        return self.body[:60]


def place_of(attachment: Attachment, filename: str) -> str:
    """Where the file is kept: the sender's name for it appears in no path."""
    return f"maintenance/{attachment.organisation_id}/{attachment.id}"


class Attachment(OrganisationOwned, BaseModel):
    """A photo or document of a job. Its type was found by looking into it, not by its name."""

    work_order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="attachments")
    file = models.FileField(upload_to=place_of, max_length=200)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField(help_text="Bytes.")
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.INTERNAL)
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # The vendor who sent it through their link: they see it there again.
    vendor = models.ForeignKey(Vendor, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    author_name = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["work_order", "-id"], name="wo_attachment_order")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")
