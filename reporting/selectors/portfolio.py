"""The figures of the portfolio. Each is defined here or below once; every page that shows one asks here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from access.models import Organisation
from maintenance.models import WorkOrder
from properties.models import Property

# Every page's frame asks for this, so it is written as SQL: building it from the models costs more than running it.
_SUMMARY = """
SELECT p.*, u.*, a.*, w.* FROM
  (SELECT count(*) AS properties FROM properties_property
    WHERE organisation_id = %(organisation)s
      AND (%(property)s::uuid IS NULL AND status = 'active' OR id = %(property)s::uuid)) p,
  (SELECT count(*) AS units,
          count(*) FILTER (WHERE unit.status IN ('occupied', 'notice')) AS occupied,
          count(*) FILTER (WHERE unit.status = 'vacant') AS vacant,
          count(*) FILTER (WHERE unit.status = 'offline') AS offline
     FROM properties_unit unit JOIN properties_property home ON home.id = unit.property_id
    WHERE unit.organisation_id = %(organisation)s
      AND (%(property)s::uuid IS NULL AND home.status = 'active' OR home.id = %(property)s::uuid)) u,
  (SELECT count(*) AS arrears_tenancies,
          coalesce(sum(arrears_amount), 0.00) AS arrears_amount,
          coalesce(max(arrears_days), 0) AS arrears_oldest_days
     FROM tenancies_lease
    WHERE organisation_id = %(organisation)s AND arrears_amount > 0
      AND (%(property)s::uuid IS NULL OR property_id = %(property)s::uuid)) a,
  (SELECT count(*) AS work_orders,
          count(*) FILTER (WHERE due_on < %(today)s) AS work_orders_past_target,
          min(due_on) FILTER (WHERE due_on < %(today)s) AS oldest_target,
          count(manual_since) AS work_orders_manual,
          min(manual_since) AS oldest_manual
     FROM maintenance_workorder
    WHERE organisation_id = %(organisation)s AND status = ANY(%(open)s)
      AND (%(property)s::uuid IS NULL OR property_id = %(property)s::uuid)) w
"""


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """Where the portfolio stands today. Units are those of managed properties; a unit under notice counts as let."""

    properties: int
    units: int
    occupied: int
    vacant: int
    offline: int
    arrears_tenancies: int
    arrears_amount: Decimal
    arrears_oldest_days: int
    work_orders: int
    work_orders_past_target: int
    oldest_target: date | None
    # In the lane for manual assignment: no vendor took them.
    work_orders_manual: int = 0
    oldest_manual: datetime | None = None

    @property
    def lettable(self) -> int:
        """Units that can be let: all but the offline ones."""
        return self.units - self.offline

    @property
    def vacancy_rate(self) -> Decimal | None:
        """Vacant units as a share of those that can be let; None where there is none."""
        return Decimal(self.vacant) / self.lettable if self.lettable else None


def portfolio_summary(*, organisation: Organisation, today: date) -> PortfolioSummary:
    """Every figure in one round trip."""
    return _summary(organisation, None, today)


def property_summary(*, organisation: Organisation, property_id: UUID, today: date) -> PortfolioSummary:
    """The same figures of one property, archived or not. Raises Property.DoesNotExist."""
    found = _summary(organisation, property_id, today)
    if not found.properties:
        raise Property.DoesNotExist(f"This organisation has no property {property_id}.")
    return found


def _summary(organisation: Organisation, property_id: UUID | None, today: date) -> PortfolioSummary:
    values = {
        "organisation": organisation.pk,
        "property": property_id,
        "today": today,
        "open": [status.value for status in WorkOrder.OPEN_STATUSES],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY, values)
        names = [column.name for column in cursor.description or ()]
        row = cursor.fetchone()
    return PortfolioSummary(**dict(zip(names, row or (), strict=True)))
