"""Vendors, an organisation's own categories, and its rules for routing and approval."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db.transaction import atomic

from access.models import Organisation
from core.errors import DomainError
from core.ids import uuid7
from maintenance import ports
from maintenance.models import Category, MaintenancePolicy, Vendor, WorkOrder
from maintenance.routing import WEIGHT_LABELS

_SPAN = re.compile(r"^(\d{3,6})\s*[-–]\s*(\d{3,6})$")  # people type either dash
LONGEST_WAIT = 7 * 24 * 60


class VendorFields(TypedDict, total=False):
    """What a person may set."""

    name: str
    contact_name: str
    email: str
    phone: str
    trades: Sequence[str]
    regions: Sequence[str]
    hours: Mapping[str, Sequence[str]]
    insurance_expires_on: date | None
    licence_number: str
    licence_expires_on: date | None
    capacity: int
    call_out_fee: Decimal | None
    hourly_rate: Decimal | None
    channel: str
    is_active: bool
    notes: str


def save_vendor(
    *, organisation: Organisation, vendor: Vendor | None = None, vendor_id: UUID | None = None,
    **fields: Unpack[VendorFields],
) -> Vendor:  # fmt: skip
    """Adds a vendor, or changes the given fields of one. `vendor_id` makes adding safe to send twice.

    Raises DomainError `name`, `trades`, `regions`, `hours`, `capacity`, `rate` or `unknown_channel`.
    """
    with atomic():
        if vendor is None:
            known = Vendor.objects.filter(organisation=organisation, pk=vendor_id).first() if vendor_id else None
            if known is not None:
                return known
            row = Vendor(id=vendor_id or uuid7(), organisation=organisation, currency=organisation.currency)
        else:
            row = Vendor.objects.select_for_update().get(organisation=organisation, pk=vendor.pk)
        values: dict[str, Any] = dict(fields)
        if "regions" in values:
            values["regions"] = checked_regions(values["regions"])
        if "hours" in values:
            values["hours"] = checked_hours(values["hours"])
        for name, value in values.items():
            setattr(row, name, value)
        _check(row)
        row.save(force_insert=row._state.adding)
    return row


def checked_regions(regions: Sequence[str]) -> list[str]:
    """Postcodes, ranges of them and suburbs, tidy and once each. Raises DomainError `regions`."""
    found: dict[str, None] = {}
    for region in regions:
        text = " ".join(region.split()).casefold()
        span = _SPAN.match(text)
        if span:
            low, high = span.groups()
            if int(low) > int(high):
                raise DomainError("regions", f"“{region.strip()}” runs backwards. Write the lower postcode first.")
            text = f"{low}-{high}"
        if text:
            found[text] = None
    return list(found)


def checked_hours(hours: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """{weekday: [opens, closes]}, Monday is "0". Raises DomainError `hours`."""
    found = {}
    for day, span in hours.items():
        try:
            opens, closes = (time.fromisoformat(part) for part in span)
        except ValueError as error:
            raise DomainError("hours", "Write hours as 07:00 and 17:00, or leave both blank for a day off.") from error
        if day not in "0123456" or opens >= closes:
            raise DomainError("hours", "A day must end after it begins.")
        found[day] = [opens.isoformat("minutes"), closes.isoformat("minutes")]
    return dict(sorted(found.items()))


def _check(row: Vendor) -> None:
    row.name = row.name.strip()
    if not row.name:
        raise DomainError("name", "Give the vendor a name.")
    if row.capacity < 1:
        raise DomainError("capacity", "A vendor can do at least one job at once. Set them to inactive for none.")
    for amount in (row.call_out_fee, row.hourly_rate):
        if amount is not None and amount < 0:
            raise DomainError("rate", "A rate cannot be negative.")
    _check_trades(row.organisation, row.trades)
    ports.channel(row.channel)


def _check_trades(organisation: Organisation, trades: Sequence[str]) -> None:
    own = set(Category.objects.filter(organisation=organisation).values_list("name", flat=True))
    unknown = [trade for trade in trades if trade not in WorkOrder.Category.values and trade not in own]
    if unknown:
        raise DomainError("trades", f"“{unknown[0]}” is no category here. Add it under Routing rules first.")


def add_category(*, organisation: Organisation, name: str) -> Category:
    """A kind of work of the organisation's own; adding a retired one again brings it back.

    Raises DomainError `name` (blank, over 40 characters, or one of the built-in ones).
    """
    text = " ".join(name.split())
    built_in = {item.casefold() for pair in WorkOrder.Category.choices for item in pair}
    if not text or len(text) > 40:
        raise DomainError("name", "A category has a name of at most 40 characters.")
    if text.casefold() in built_in:
        raise DomainError("name", f"“{text}” is there already.")
    known = Category.objects.filter(organisation=organisation, name__iexact=text).first()
    if known is None:
        return Category.objects.create(organisation=organisation, name=text)
    known.is_active = True
    known.save(update_fields=["is_active", "updated_at"])
    return known


def retire_category(*, category: Category) -> Category:
    """No longer offered; jobs and vendors that have it keep it."""
    category.is_active = False
    category.save(update_fields=["is_active", "updated_at"])
    return category


class PolicyFields(TypedDict, total=False):
    """Rules of an organisation; see maintenance.models.MaintenancePolicy for units."""

    weights: dict[str, int]
    response_minutes: dict[str, int]
    require_insurance: bool
    licensed_trades: Sequence[str]
    require_hours: bool
    next_vendor: bool
    max_vendors: int
    retry_minutes: Sequence[int]
    next_wait_minutes: int
    agent_limit: Decimal
    admin_limit: Decimal


def changed_policy(policy: MaintenancePolicy, **fields: Unpack[PolicyFields]) -> MaintenancePolicy:
    """The policy with other values, not saved: what a rehearsal compares with. Raises DomainError as save_policy."""
    changed = MaintenancePolicy(
        **{field.attname: getattr(policy, field.attname) for field in MaintenancePolicy._meta.concrete_fields}
    )
    for name, value in fields.items():
        setattr(changed, name, list(value) if isinstance(value, tuple) else value)
    if any(value < 0 or value > 100 for value in changed.weights.values()) or not sum(changed.weights.values()):
        raise DomainError("weights", "A weight is from 0 to 100, and one at least is above 0.")
    if set(changed.weights) - set(WEIGHT_LABELS):
        raise DomainError("weights", "There is no such weight.")
    if any(not 1 <= value <= LONGEST_WAIT for value in changed.response_minutes.values()):
        raise DomainError("response_minutes", "A response target is from one minute to seven days.")
    if not 1 <= changed.max_vendors <= 20:
        raise DomainError("max_vendors", "Ask between 1 and 20 vendors before a person takes over.")
    if len(changed.retry_minutes) > 8 or any(not 1 <= value <= 1440 for value in changed.retry_minutes):
        raise DomainError("retry_minutes", "Write up to eight waits of 1 to 1,440 minutes, such as 1, 5, 30.")
    if changed.agent_limit < 0 or changed.admin_limit < 0:
        raise DomainError("limit", "An approval limit cannot be negative.")
    return changed


def save_policy(*, organisation: Organisation, **fields: Unpack[PolicyFields]) -> MaintenancePolicy:
    """Changes the rules for jobs routed from now on; offers that are out keep their targets.

    Raises DomainError `weights`, `response_minutes`, `max_vendors`, `retry_minutes` or `limit`.
    """
    with atomic():
        MaintenancePolicy.objects.get_or_create(organisation=organisation)
        policy = MaintenancePolicy.objects.select_for_update().get(organisation=organisation)
        changed = changed_policy(policy, **fields)
        for name in fields:
            setattr(policy, name, getattr(changed, name))
        policy.save()
    return policy
