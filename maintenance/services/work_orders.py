"""Work orders that people enter, and what they change of those a provider reports."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db.transaction import atomic
from django.utils import timezone

from access.models import Organisation
from core.errors import DomainError
from core.ids import uuid7
from maintenance.models import WorkOrder
from properties.models import Property, Unit

CLOSED = (WorkOrder.Status.DONE, WorkOrder.Status.CANCELLED)


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


def create_work_order(
    *, organisation: Organisation, order_id: UUID | None = None, **fields: Unpack[WorkOrderFields]
) -> WorkOrder:
    """Enter a job by hand, in the organisation's currency, opened now.

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
    return order


def edit_work_order(*, work_order: WorkOrder, **fields: Unpack[WorkOrderFields]) -> WorkOrder:
    """Change the given fields and nothing else.

    Of a provider's job the changed names are remembered: a sync leaves those alone from then on, and asks when the
    provider's value differs. Raises DomainError as create_work_order does.
    """
    with atomic():
        order = (
            WorkOrder.objects.select_for_update(of=("self",))
            .select_related("organisation", "property")
            .get(pk=work_order.pk, organisation_id=work_order.organisation_id)
        )
        changed = _assign(order, fields)
        if changed:
            if order.provider_id:
                order.edited_fields = sorted({*order.edited_fields, *changed})
            order.save()
    return order


def _assign(order: WorkOrder, fields: WorkOrderFields) -> list[str]:
    """Set what is given after checking it; the names of the columns that differ now."""
    before = {field.attname: getattr(order, field.attname) for field in WorkOrder._meta.concrete_fields}
    values: dict[str, Any] = dict(fields)
    if "property" in values and "unit" not in values and order.property_id != values["property"].pk:
        values["unit"] = None
    for name, value in values.items():
        setattr(order, name, value)
    _check(order)
    if order.status in CLOSED and order.closed_at is None:
        order.closed_at = timezone.now()
    elif order.status not in CLOSED:
        order.closed_at = None
    return [name for name, value in before.items() if getattr(order, name) != value]


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
