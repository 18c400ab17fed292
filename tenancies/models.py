from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned
from core.models import BaseModel, ProviderSourced
from properties.models import Property, Unit


class Tenant(OrganisationOwned, ProviderSourced, BaseModel):
    """A person or company that rents."""

    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "connection_id", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="tenant_provider_once",
            )
        ]
        indexes = [models.Index(fields=["organisation", "name", "id"], name="tenant_org_name")]

    def __str__(self) -> str:
        return self.name


class Lease(OrganisationOwned, ProviderSourced, BaseModel):
    """An agreement to let a unit: its term, its rent, and what is owed under it."""

    class Status(models.TextChoices):
        PENDING = "pending", "Starts later"
        ACTIVE = "active", "Active"
        NOTICE = "notice", "Moving out"
        ENDED = "ended", "Ended"

    class RentPeriod(models.TextChoices):
        WEEKLY = "weekly", "week"
        FORTNIGHTLY = "fortnightly", "fortnight"
        MONTHLY = "monthly", "month"
        QUARTERLY = "quarterly", "quarter"
        YEARLY = "yearly", "year"

    property = models.ForeignKey(Property, on_delete=models.CASCADE, related_name="leases")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="leases")
    tenants = models.ManyToManyField(Tenant, through="LeaseTenant", related_name="leases")
    # The name on the agreement as the provider writes it; shown where loading tenants would cost a query a row.
    tenant_names = models.CharField(max_length=300, blank=True, default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="End of the fixed term; blank when periodic.")
    vacates_on = models.DateField(null=True, blank=True, help_text="Set once notice is given.")
    is_periodic = models.BooleanField(default=False)
    rent_amount = models.DecimalField(max_digits=12, decimal_places=2)
    rent_period = models.CharField(max_length=12, choices=RentPeriod, default=RentPeriod.WEEKLY)
    currency = models.CharField(max_length=3, default="AUD")
    bond_amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    bond_held = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    paid_to = models.DateField(null=True, blank=True)
    arrears_amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    arrears_days = models.PositiveIntegerField(default=0)
    # Fields that a person has changed: a sync leaves these alone and raises a conflict instead.
    edited_fields = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "connection_id", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="lease_provider_once",
            )
        ]
        indexes = [
            models.Index(fields=["organisation", "status", "ends_on"], name="lease_org_status"),
            models.Index(
                fields=["organisation", "-arrears_days"],
                name="lease_org_arrears",
                condition=models.Q(arrears_amount__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_names or 'Lease'}"


class LeaseTenant(BaseModel):
    """A tenant named on a lease."""

    lease = models.ForeignKey(Lease, on_delete=models.CASCADE, related_name="lease_tenants")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="lease_tenants")
    is_primary = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lease", "tenant"], name="lease_tenant_once")]

    def __str__(self) -> str:
        return str(self.id)
