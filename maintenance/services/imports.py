"""Jobs of a provider as work orders. A person's edit of a field wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from access.models import Organisation
from core.changes import Changes, differences, split_edited
from maintenance.models import WorkOrder, WorkOrderEvent
from maintenance.services import live_offers
from maintenance.states import CLOSED
from properties.models import Property, Unit

_TRADES = {
    WorkOrder.Category.PLUMBING: ("plumb", "tap", "leak", "toilet", "drain", "hot water", "pipe", "gutter"),
    WorkOrder.Category.ELECTRICAL: ("electric", "light", "power point", "switch", "smoke alarm", "oven"),
    WorkOrder.Category.HVAC: ("air con", "aircon", "heater", "heating", "cooling", "split system"),
}


@dataclass(frozen=True, slots=True)
class JobInput:
    """A job at the provider, with the property and unit of ours that it belongs to."""

    provider_id: str
    property: Property
    unit: Unit | None
    values: dict[str, Any]


@dataclass(slots=True)
class JobPlan:
    """What would happen to one work order. `held` are changes to fields that a person edited."""

    source: JobInput
    order: WorkOrder | None
    changes: Changes = field(default_factory=dict)
    held: Changes = field(default_factory=dict)

    @property
    def action(self) -> str:
        if self.order is None:
            return "create"
        return "update" if self.changes else "conflict" if self.held else "same"


def plan_jobs(*, organisation: Organisation, connection_id: UUID, inputs: Sequence[JobInput]) -> list[JobPlan]:
    """Compares each job with our work order. One query whatever the number.

    Ours are locked, so that a person who edits one meanwhile waits; hence inside the caller's transaction.
    """
    known = {
        order.provider_id: order
        for order in WorkOrder.objects.select_for_update(of=("self",))
        .filter(
            organisation=organisation,
            connection_id=connection_id,
            provider_id__in=[item.provider_id for item in inputs],
        )
        .order_by("id")
    }
    plans = []
    for item in inputs:
        plan = JobPlan(item, known.get(item.provider_id))
        if plan.order is None:
            plan.changes = {name: ["", str(value)] for name, value in item.values.items() if value not in (None, "")}
        else:
            # The trade was guessed once from the words; guessing again would undo a better choice.
            wanted = {name: value for name, value in item.values.items() if name != "category"}
            wanted["property_id"] = item.property.id
            plan.changes, plan.held = split_edited(differences(plan.order, wanted), plan.order.edited_fields)
        plans.append(plan)
    return plans


def apply_jobs(*, organisation: Organisation, provider: str, connection_id: UUID, plans: Sequence[JobPlan]) -> None:
    """Writes the plans; each plan's `order` is set afterwards. The same plans a second time change nothing."""
    created, updated = [], []
    moved: list[JobPlan] = []
    for plan in plans:
        if plan.action == "create":
            plan.order = WorkOrder(
                organisation=organisation,
                provider=provider,
                connection_id=connection_id,
                provider_id=plan.source.provider_id,
                property=plan.source.property,
                unit=plan.source.unit,
                currency=organisation.currency,
                **plan.source.values,
            )
            created.append(plan.order)
        elif plan.action == "update" and plan.order is not None:
            for name in plan.changes:
                value = plan.source.property.id if name == "property_id" else plan.source.values[name]
                setattr(plan.order, name, value)
            updated.append(plan.order)
            if "status" in plan.changes:
                moved.append(plan)
    WorkOrder.objects.bulk_create(created, batch_size=500)
    if updated:
        names = {name for plan in plans if plan.order in updated for name in plan.changes}
        WorkOrder.objects.bulk_update(updated, sorted(names), batch_size=500)
    _told(moved, provider=provider)


def _told(plans: Sequence[JobPlan], *, provider: str) -> None:
    """Writes into the timelines which state the provider reported, and ends offers of jobs that it closed."""
    if not plans:
        return
    states = WorkOrder.Status
    orders = [(plan.order, plan.changes["status"]) for plan in plans if plan.order is not None]
    WorkOrderEvent.objects.bulk_create(
        [
            WorkOrderEvent(
                organisation_id=order.organisation_id, work_order=order, kind="moved", tone="info",
                text=f"{states(old).label} → {states(new).label}", actor_name=provider,
            )
            for order, (old, new) in orders
        ],
        batch_size=500,
    )  # fmt: skip
    live_offers.end_all(order_ids=[order.pk for order, _ in orders if order.status in CLOSED])


def withdraw_jobs(*, organisation: Organisation, order_ids: Iterable[UUID]) -> int:
    """Takes back work orders that an import created and no person has worked on since. Answers how many went."""
    found = WorkOrder.objects.filter(
        organisation=organisation, id__in=list(order_ids), edited_fields=[], offers=None, comments=None,
        attachments=None, vendor=None,
    )  # fmt: skip
    return found.delete()[1].get(WorkOrder._meta.label, 0)


def job_values(facts: dict[str, Any]) -> dict[str, Any]:
    """The work order's columns from a normalised job (integrations.records.JobRecord as stored)."""
    title = str(facts.get("title") or "")
    text = f"{title} {facts.get('description') or ''}".lower()
    quoted = facts.get("quoted_amount")
    return {
        "number": str(facts.get("number") or "")[:40],
        "title": title[:300],
        "description": str(facts.get("description") or ""),
        "category": next(
            (trade for trade, words in _TRADES.items() if any(word in text for word in words)),
            WorkOrder.Category.GENERAL,
        ),
        "status": str(facts.get("status") or WorkOrder.Status.NEW),
        "priority": str(facts.get("priority") or WorkOrder.Priority.NONE),
        "supplier_name": str(facts.get("supplier_name") or "")[:200],
        "quoted_amount": None if quoted in (None, "") else Decimal(str(quoted)).quantize(Decimal("0.01")),
        "opened_at": _moment(facts.get("opened_at")),
        "due_on": date.fromisoformat(facts["due_on"][:10]) if facts.get("due_on") else None,
        "closed_at": _moment(facts.get("closed_at")),
    }


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
