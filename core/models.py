from __future__ import annotations

from django.db import models

from core.ids import uuid7


class BaseModel(models.Model):
    """Key and timestamps of every row; keys are UUIDv7, so ordering by key is ordering by creation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class ProviderSourced(models.Model):
    """Where a row came from when a sync made it: blank for rows entered by a person.

    `connection_id` points at integrations.Connection by value: a domain app never imports integrations.
    """

    provider = models.CharField(max_length=40, blank=True, default="")
    connection_id = models.UUIDField(null=True, blank=True)
    provider_id = models.CharField(max_length=128, blank=True, default="")

    class Meta:
        abstract = True
