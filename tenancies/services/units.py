from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from access.models import User
from properties import services as property_services
from properties.models import Unit
from tenancies.models import Lease

_BY_LEASE = {Lease.Status.ACTIVE: Unit.Status.OCCUPIED, Lease.Status.NOTICE: Unit.Status.NOTICE}


@transaction.atomic
def follow_leases(*, units: Iterable[Unit]) -> None:
    """Set each unit as its running lease says: let, under notice, or free without one. Offline units stay offline."""
    wanted = [unit for unit in units if unit.status != Unit.Status.OFFLINE]
    found = _statuses(wanted)
    for unit in wanted:
        status = found.get(unit.pk, Unit.Status.VACANT)
        if unit.status != status:
            property_services.set_unit_status(unit=unit, status=status)


@transaction.atomic
def take_offline(*, unit: Unit, user: User) -> Unit:
    """Keep a unit out of the vacancy figures until a person puts it back."""
    return property_services.set_unit_status(unit=unit, status=Unit.Status.OFFLINE, user=user)


@transaction.atomic
def put_back(*, unit: Unit, user: User) -> Unit:
    """End a unit's offline time: from now on its status follows its lease again."""
    status = _statuses([unit]).get(unit.pk, Unit.Status.VACANT)
    return property_services.set_unit_status(unit=unit, status=status, user=user)


def _statuses(units: Iterable[Unit]) -> dict[object, Unit.Status]:
    running = Lease.objects.filter(unit__in=[unit.pk for unit in units], status__in=_BY_LEASE)
    # Active outweighs notice: somebody stays.
    ordered = sorted(running.values_list("unit_id", "status"), key=lambda pair: pair[1] == Lease.Status.ACTIVE)
    return {unit_id: _BY_LEASE[Lease.Status(status)] for unit_id, status in ordered}
