from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned
from core.models import BaseModel, ProviderSourced


class Owner(OrganisationOwned, ProviderSourced, BaseModel):
    """A landlord: the person or company whose property is managed."""

    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["organisation", "name"], name="owner_org_name")]

    def __str__(self) -> str:
        return self.name


class Property(OrganisationOwned, BaseModel):
    """A building, house or flat under management, with one unit or several."""

    class Kind(models.TextChoices):
        HOUSE = "house", "House"
        UNIT = "unit", "Unit"
        TOWNHOUSE = "townhouse", "Townhouse"
        BUILDING = "building", "Building"
        COMMERCIAL = "commercial", "Commercial"
        OTHER = "other", "Other"

    class Status(models.TextChoices):
        ACTIVE = "active", "Managed"
        ARCHIVED = "archived", "Archived"

    # The address as people write it ("4/18 Acacia Avenue"); the parts are what matching compares.
    name = models.CharField(max_length=200)
    unit_number = models.CharField(max_length=20, blank=True, default="")
    street_number = models.CharField(max_length=20, blank=True, default="")
    street = models.CharField(max_length=120, blank=True, default="")
    suburb = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=40, blank=True, default="")
    postcode = models.CharField(max_length=12, blank=True, default="")
    country = models.CharField(max_length=2, default="AU")
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.HOUSE)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    owner = models.ForeignKey(Owner, on_delete=models.SET_NULL, null=True, blank=True, related_name="properties")
    manager_name = models.CharField(max_length=120, blank=True, default="")
    notes = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "properties"
        indexes = [
            models.Index(fields=["organisation", "name", "id"], name="property_org_name"),
            models.Index(fields=["organisation", "suburb"], name="property_org_suburb"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def locality(self) -> str:
        return " ".join(part for part in (self.suburb, self.state, self.postcode) if part)

    @property
    def full_address(self) -> str:
        return f"{self.name}, {self.locality}" if self.locality else self.name


class Unit(OrganisationOwned, BaseModel):
    """What is let. Its status follows its lease; `offline` is set by a person and survives syncs."""

    class Status(models.TextChoices):
        VACANT = "vacant", "Vacant"
        OCCUPIED = "occupied", "Occupied"
        NOTICE = "notice", "Notice given"
        OFFLINE = "offline", "Offline"

    property = models.ForeignKey(Property, on_delete=models.CASCADE, related_name="units")
    label = models.CharField(max_length=40, blank=True, default="", help_text="Blank for a property with one unit.")
    bedrooms = models.PositiveSmallIntegerField(null=True, blank=True)
    bathrooms = models.PositiveSmallIntegerField(null=True, blank=True)
    car_spaces = models.PositiveSmallIntegerField(null=True, blank=True)
    market_rent = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    rent_period = models.CharField(max_length=12, default="weekly")
    status = models.CharField(max_length=10, choices=Status, default=Status.VACANT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["property", "label"], name="unit_label_once")]
        indexes = [models.Index(fields=["organisation", "status"], name="unit_org_status")]

    def __str__(self) -> str:
        return self.label or "Whole property"
