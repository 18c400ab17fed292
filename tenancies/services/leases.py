from __future__ import annotations

import logging
from datetime import date
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction

from access.models import User
from core.errors import DomainError
from tenancies.models import Lease
from tenancies.services.units import follow_leases

logger = logging.getLogger(__name__)


class LeaseFields(TypedDict, total=False):
    """What a person may change on a lease; amounts are in the lease's currency, rent per `rent_period`."""

    rent_amount: Decimal
    rent_period: str
    starts_on: date | None
    ends_on: date | None
    vacates_on: date | None
    is_periodic: bool
    bond_amount: Decimal | None


@transaction.atomic
def edit_lease(*, lease: Lease, user: User, **fields: Unpack[LeaseFields]) -> Lease:
    """Change a lease by hand. What really changes is kept in `edited_fields`, so that no sync overwrites it.

    Giving or taking back a moving-out date moves the status between active and moving out, and the unit follows.
    Raises DomainError: rent_not_positive, lease_ends_before_it_starts, vacates_before_it_starts, bond_negative.
    """
    locked = Lease.objects.select_for_update().get(pk=lease.pk)
    changed = [name for name, value in fields.items() if getattr(locked, name) != value]
    for name in changed:
        setattr(locked, name, fields[name])  # type: ignore[literal-required]  # names come from the same dictionary
    _check(locked)
    status = _status(locked)
    if status != locked.status:
        locked.status = status
        changed.append("status")
    if not changed:
        return locked
    locked.edited_fields = sorted({*locked.edited_fields, *changed})
    locked.save(update_fields=[*changed, "edited_fields", "updated_at"])
    if "status" in changed:
        follow_leases(units=[locked.unit])
    logger.info("lease %s edited by %s: %s", locked.pk, user.pk, ", ".join(changed))
    return locked


@transaction.atomic
def follow_source(*, lease: Lease, user: User) -> Lease:
    """Let syncs write every field of the lease again; values change when the source next does."""
    locked = Lease.objects.select_for_update().get(pk=lease.pk)
    locked.edited_fields = []
    locked.save(update_fields=["edited_fields", "updated_at"])
    logger.info("lease %s follows its source again, by %s", locked.pk, user.pk)
    return locked


def _check(lease: Lease) -> None:
    if lease.rent_amount <= 0:
        raise DomainError("rent_not_positive", "The rent must be more than zero. Write what is paid for one period.")
    if lease.starts_on and lease.ends_on and lease.ends_on < lease.starts_on:
        raise DomainError("lease_ends_before_it_starts", "The lease ends before it starts. Check the two dates.")
    if lease.starts_on and lease.vacates_on and lease.vacates_on < lease.starts_on:
        raise DomainError(
            "vacates_before_it_starts", "The moving-out date is before the lease starts. Check the dates."
        )
    if lease.bond_amount is not None and lease.bond_amount < 0:
        raise DomainError("bond_negative", "A bond cannot be less than zero. Leave it empty when there is none.")


def _status(lease: Lease) -> str:
    if lease.status == Lease.Status.ACTIVE and lease.vacates_on:
        return Lease.Status.NOTICE
    if lease.status == Lease.Status.NOTICE and not lease.vacates_on:
        return Lease.Status.ACTIVE
    return lease.status
