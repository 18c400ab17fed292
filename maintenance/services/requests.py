"""What people report, until it is a job or not."""

from __future__ import annotations

from typing import TypedDict, Unpack
from uuid import UUID

from django.db.transaction import atomic

from access.models import Organisation, User
from core.errors import DomainError
from core.ids import uuid7
from maintenance.models import MaintenanceRequest, WorkOrder
from maintenance.services import trail, work_orders
from properties.models import Property, Unit


class RequestFields(TypedDict, total=False):
    """What is written down of a report."""

    unit: Unit | None
    description: str
    category: str
    priority: str
    reporter_name: str
    reporter_email: str
    reporter_phone: str
    access_notes: str


def create_request(
    *, organisation: Organisation, property: Property, title: str, request_id: UUID | None = None,
    user: User | None = None, **fields: Unpack[RequestFields],
) -> MaintenanceRequest:  # fmt: skip
    """Writes down what somebody reported. `request_id` makes it safe to send twice.

    Raises DomainError `property`, `unit` or `title`.
    """
    if property.organisation_id != organisation.pk:
        raise DomainError("property", "Choose a property of this organisation.")
    unit = fields.get("unit")
    if unit is not None and unit.property_id != property.pk:
        raise DomainError("unit", "This unit belongs to another property.")
    if not title.strip():
        raise DomainError("title", "Say in a few words what is wrong.")
    key = request_id or uuid7()
    with atomic():
        known = MaintenanceRequest.objects.filter(organisation=organisation, pk=key).first()
        if known is not None:
            return known
        return MaintenanceRequest.objects.create(
            id=key, organisation=organisation, property=property, title=title.strip(),
            created_by=user, **fields,
        )  # fmt: skip


@atomic
def convert_request(*, request: MaintenanceRequest, user: User | None = None) -> WorkOrder:
    """Makes a triaged work order of a report, once: a second call returns the same. Raises DomainError `dismissed`."""
    row = _locked(request)
    if row.work_order is not None:
        return row.work_order
    if row.state == MaintenanceRequest.State.DISMISSED:
        raise DomainError("dismissed", "This report was dismissed. Write it down anew if it matters after all.")
    notes = [row.description]
    if row.access_notes:
        notes.append(f"Access: {row.access_notes}")
    order = work_orders.create_work_order(
        organisation=row.organisation, user=user, property=row.property, unit=row.unit, title=row.title,
        description="\n\n".join(note for note in notes if note), category=row.category, priority=row.priority,
        status=WorkOrder.Status.TRIAGED,
    )  # fmt: skip
    reporter = f" by {row.reporter_name}" if row.reporter_name else ""
    trail.record(order=order, kind="reported", text=f"Made from a report{reporter}.", user=user)
    row.work_order, row.state = order, MaintenanceRequest.State.CONVERTED
    row.save(update_fields=["work_order", "state", "updated_at"])
    return order


@atomic
def dismiss_request(*, request: MaintenanceRequest, reason: str) -> MaintenanceRequest:
    """No job comes of it. Raises DomainError `reason` or `converted`."""
    row = _locked(request)
    if not reason.strip():
        raise DomainError("reason", "Say in a few words why nothing is done about it.")
    if row.state == MaintenanceRequest.State.CONVERTED:
        raise DomainError("converted", "A work order was made of this report already. Cancel that one instead.")
    row.state, row.dismissed_reason = MaintenanceRequest.State.DISMISSED, reason.strip()[:300]
    row.save(update_fields=["state", "dismissed_reason", "updated_at"])
    return row


def _locked(request: MaintenanceRequest) -> MaintenanceRequest:
    return (
        MaintenanceRequest.objects.select_for_update(of=("self",))
        .select_related("organisation", "property", "unit", "work_order")
        .get(pk=request.pk, organisation_id=request.organisation_id)
    )
