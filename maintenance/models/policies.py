from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

from access.models import Membership, Organisation, OrganisationOwned
from core.models import BaseModel


class Category(OrganisationOwned, BaseModel):
    """A kind of work that an organisation added to the built-in ones.

    Work orders and vendors hold its name, so the name stays; a category out of use is retired.
    """

    name = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "categories"
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="category_name_once")]

    def __str__(self) -> str:
        return self.name


def default_weights() -> dict[str, int]:
    """What counts how much when vendors are compared; shares of their sum."""
    return {"rating": 35, "load": 25, "price": 15, "near": 15, "knows": 10}


def default_targets() -> dict[str, int]:
    """Minutes in which a vendor should have answered, by priority."""
    return {"urgent": 60, "high": 240, "normal": 1440, "low": 2880, "none": 1440}


def default_licensed() -> list[str]:
    """Trades that may not be done without a licence in Australia's states; an organisation may choose others."""
    return ["plumbing", "electrical", "hvac"]


def default_waits() -> list[int]:
    """Minutes to wait before each further attempt to reach a vendor's channel."""
    return [1, 5, 30]


class MaintenancePolicy(BaseModel):
    """How an organisation routes jobs and who may approve what they cost; one row each, made when first needed."""

    organisation = models.OneToOneField(Organisation, on_delete=models.CASCADE, related_name="+")
    weights = models.JSONField(default=default_weights)
    response_minutes = models.JSONField(default=default_targets)
    require_insurance = models.BooleanField(default=True)
    licensed_trades = models.JSONField(default=default_licensed, blank=True)
    require_hours = models.BooleanField(
        default=True, help_text="Leave out vendors who do not work before the response target."
    )
    next_vendor = models.BooleanField(
        default=True, help_text="Ask the next vendor when one refuses or does not answer."
    )
    max_vendors = models.PositiveSmallIntegerField(default=3)
    retry_minutes = models.JSONField(default=default_waits, blank=True)
    next_wait_minutes = models.PositiveIntegerField(default=0)
    agent_limit = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal("500.00"))
    admin_limit = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal("2000.00"))

    class Meta:
        verbose_name_plural = "maintenance policies"

    def __str__(self) -> str:
        return f"Routing of {self.organisation}"

    def limit_of(self, role: str) -> Decimal:
        """How much a person with this role may approve without asking the owner; nothing for other roles."""
        limits: dict[Any, Decimal] = {Membership.Role.ADMIN: self.admin_limit, Membership.Role.AGENT: self.agent_limit}
        return limits.get(role, Decimal(0))

    def target_of(self, priority: str) -> int:
        """Minutes in which a vendor should answer a job of this priority."""
        return int(self.response_minutes.get(priority) or default_targets().get(priority, 1440))
