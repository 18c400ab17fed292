"""Work orders that people enter, and what they change of those a provider reports."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db.transaction import atomic
from django.utils import timezone

from access.models import Organisation, User
from core.errors import DomainError
from core.ids import uuid7
from maintenance.models import Vendor, WorkOrder
from maintenance.services import live_offers, trail
from maintenance.states import CLOSED, check_move
from properties.models import Property, Unit

S = WorkOrder.Status
# In these nobody has the job: whoever had it is told that it was withdrawn.
_WITHOUT_VENDOR = (S.NEW, S.TRIAGED, S.QUOTED, S.APPROVED)
_NAMES = {"property_id": "property", "unit_id": "unit", "due_on": "due date", "supplier_name": "supplier",
          "vendor_id": "vendor", "category": "trade"}  # fmt: skip
_UNTOLD = ("closed_at", "edited_fields", "status", "manual_since", "manual_reason")


class WorkOrderFields(TypedDict, total=False):
    """What a person may set."""

    property: Property
    unit: Unit | None
    title: str
    description: str
    number: str
    category: str
    status: str
    priority: str
    supplier_name: str
    quoted_amount: Decimal | None
    due_on: date | None
    scheduled_for: datetime | None


def create_work_order(
    *, organisation: Organisation, order_id: UUID | None = None, user: User | None = None,
    **fields: Unpack[WorkOrderFields],
) -> WorkOrder:  # fmt: skip
    """Enter a job by hand, in the organisation's currency, opened now, in whatever state it has already reached.

    `order_id` makes it safe to send twice: a second call with the same id returns the first one's work order.
    Raises DomainError `property`, `unit`, `title` or `quoted_amount`.
    """
    if "property" not in fields:
        raise DomainError("property", "Choose the property where the job is.")
    order = WorkOrder(
        id=order_id or uuid7(), organisation=organisation, currency=organisation.currency, opened_at=timezone.now()
    )
    _assign(order, fields)
    with atomic():
        known = WorkOrder.objects.filter(organisation=organisation, pk=order.pk).first()
        if known is not None:
            return known
        order.save(force_insert=True)
        trail.record(order=order, kind="created", text="Entered the job.", user=user)
    return order


def edit_work_order(*, work_order: WorkOrder, user: User | None = None, **fields: Unpack[WorkOrderFields]) -> WorkOrder:
    """Change the given fields and nothing else; a changed `status` is a move and follows the table of moves.

    Of a provider's job the changed names are remembered: a sync leaves those alone from then on, and asks when the
    provider's value differs. Raises DomainError as create_work_order and states.check_move do.
    """
    with atomic():
        order = trail.locked(work_order_id=work_order.pk, organisation_id=work_order.organisation_id)
        before = _values(order)
        values = dict(fields)
        to = str(values.pop("status", order.status))
        _assign(order, values)
        _move(order, to)
        _finish(order, before, user=user)
    return order


def move_work_order(*, work_order: WorkOrder, to: str, user: User | None = None, who: str = "") -> WorkOrder:
    """Moves the job to another state, or leaves it when it is there already.

    Back to a state in which nobody has the job takes it from the vendor; done completes their offer. Raises
    DomainError as states.check_move does.
    """
    with atomic():
        order = trail.locked(work_order_id=work_order.pk, organisation_id=work_order.organisation_id)
        before = _values(order)
        _move(order, to)
        _finish(order, before, user=user, who=who)
    return order


def rate_work_order(*, work_order: WorkOrder, rating: int, user: User | None = None) -> WorkOrder:
    """How well the vendor did it, 1 to 5: it counts in routing. Raises DomainError `rating` or `not_done`."""
    if not 1 <= rating <= 5:
        raise DomainError("rating", "A rating is from 1 to 5.")
    with atomic():
        order = trail.locked(work_order_id=work_order.pk, organisation_id=work_order.organisation_id)
        if order.vendor is None or order.status not in (S.DONE, S.BILLED):
            raise DomainError("not_done", "Only a job that a vendor has done can be rated.")
        order.rating = rating
        order.save(update_fields=["rating", "updated_at"])
        trail.record(order=order, kind="rated", text=f"Rated {order.vendor}: {rating} of 5.", user=user)
    return order


def give_to(order: WorkOrder, vendor: Vendor) -> None:
    """The vendor takes the job, which the caller has locked: it is assigned, and out of the manual lane."""
    before = _values(order)
    order.vendor = vendor
    order.supplier_name = vendor.name
    order.manual_since, order.manual_reason = None, ""
    _move(order, S.ASSIGNED)
    _finish(order, before, who=vendor.name)


def take_back(order: WorkOrder, *, user: User | None = None, who: str = "") -> None:
    """Nobody has the job any more, which the caller has locked: it is approved, and waits for the next vendor."""
    before = _values(order)
    _move(order, S.APPROVED)
    _finish(order, before, user=user, who=who)


def _move(order: WorkOrder, to: str) -> None:
    check_move(order, to)
    was, order.status = order.status, to
    now = timezone.now()
    if to in CLOSED:
        order.manual_since, order.manual_reason = None, ""
    if to == was:
        pass
    elif to in (S.DONE, S.BILLED):
        live_offers.complete(order=order, now=now)
    elif to == S.CANCELLED:
        live_offers.withdraw(order=order)
    elif to in _WITHOUT_VENDOR and was not in _WITHOUT_VENDOR:
        live_offers.withdraw(order=order, job_only=True)
        if order.vendor is not None:
            order.vendor, order.supplier_name, order.scheduled_for = None, "", None
    elif to in WorkOrder.WITH_VENDOR and order.vendor is None:
        # Somebody without a page of ours does it: whoever was being asked is not asked any more.
        live_offers.withdraw(order=order, job_only=True)
        order.manual_since, order.manual_reason = None, ""
    _stamp(order)


def _stamp(order: WorkOrder) -> None:
    if order.status in CLOSED and order.closed_at is None:
        order.closed_at = timezone.now()
    elif order.status not in CLOSED:
        order.closed_at = None


def _values(order: WorkOrder) -> dict[str, Any]:
    return {field.attname: getattr(order, field.attname) for field in WorkOrder._meta.concrete_fields}


def _finish(order: WorkOrder, before: dict[str, Any], *, user: User | None = None, who: str = "") -> None:
    """Saves what differs, keeps it from syncs where a provider reports the job, and writes the timeline."""
    changed = [name for name, value in before.items() if getattr(order, name) != value]
    if not changed:
        return
    if order.provider_id:
        ours = [name for name in changed if name not in ("vendor_id", "manual_since", "manual_reason")]
        order.edited_fields = sorted({*order.edited_fields, *ours})
    order.save()
    if "status" in changed:
        was = S(before["status"]).label
        trail.record(
            order=order, kind="moved", tone="good" if order.status in (S.DONE, S.BILLED) else "info",
            text=f"{was} → {S(order.status).label}", user=user, who=who,
        )  # fmt: skip
    told = [_NAMES.get(name, name.replace("_", " ")) for name in changed if name not in _UNTOLD]
    if told:
        trail.record(order=order, kind="edited", text=f"Changed {', '.join(told)}.", user=user, who=who)


def _assign(order: WorkOrder, fields: Any) -> None:
    """Set what is given after checking it."""
    values: dict[str, Any] = dict(fields)
    if "property" in values and "unit" not in values and order.property_id != values["property"].pk:
        values["unit"] = None
    for name, value in values.items():
        setattr(order, name, value)
    _check(order)
    _stamp(order)


def _check(order: WorkOrder) -> None:
    if order.property.organisation_id != order.organisation_id:
        raise DomainError("property", "Choose a property of this organisation.")
    if order.unit is not None and order.unit.property_id != order.property_id:
        raise DomainError("unit", "This unit belongs to another property. Choose one of the same property, or none.")
    order.title = order.title.strip()
    if not order.title:
        raise DomainError("title", "Say in a few words what has to be done.")
    if order.quoted_amount is not None and order.quoted_amount < 0:
        raise DomainError("quoted_amount", "A quoted amount cannot be negative.")
