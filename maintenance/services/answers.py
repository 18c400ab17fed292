"""What a vendor answers: through their link, or on another channel. Only a live offer can be answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.transaction import atomic
from django.utils import timezone

from core.errors import DomainError
from core.formatting import money_text
from maintenance.models import Offer, Quote, WorkOrder
from maintenance.services import live_offers, offers, trail, work_orders
from maintenance.states import S

# While a vendor has the job their link works; each step they take renews it.
HELD_DAYS = 90


def _live(offer: Offer, *states: str) -> tuple[WorkOrder, Offer]:
    """Job and offer under their locks. Raises DomainError `ended` or `wrong_moment`."""
    order = trail.locked(work_order_id=offer.work_order_id, organisation_id=offer.organisation_id)
    row = Offer.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=offer.pk)
    if not row.is_live:
        raise DomainError("ended", "This is no longer open. Call the agency if you still want to do it.")
    if row.state not in states:
        raise DomainError("wrong_moment", "That was answered already. Load the page again to see what is next.")
    return order, row


def _answered(row: Offer, state: str) -> None:
    now = timezone.now()
    row.state, row.due_at = state, None
    row.answered_at = row.answered_at or now
    row.token_expires_at = max(row.token_expires_at, now + timedelta(days=HELD_DAYS))
    row.save()


@atomic
def accept(*, offer: Offer) -> Offer:
    """The vendor takes the job, which becomes assigned to them; a second press changes nothing.

    Raises DomainError `ended`, `wrong_moment` or as states.check_move.
    """
    order, row = _live(offer, Offer.State.QUEUED, Offer.State.SENT, Offer.State.ACCEPTED)
    if row.kind != Offer.Kind.JOB:
        raise DomainError("wrong_moment", "This is a request for a quote. Send your price first.")
    if row.state == Offer.State.ACCEPTED:
        return row
    _answered(row, Offer.State.ACCEPTED)
    trail.record(order=order, kind="accepted", tone="good", text="Took the job.", who=row.vendor.name)
    work_orders.give_to(order, row.vendor)
    return row


@atomic
def decline(*, offer: Offer, reason: str) -> Offer:
    """The vendor does not want it, or gives it back; the job goes on to whoever comes next.

    Raises DomainError `reason` (a few words are needed), `ended` or `wrong_moment`.
    """
    text = " ".join(reason.split())
    if not text:
        raise DomainError("reason", "Say in a few words why, so that the agency knows whom to ask.")
    order, row = _live(offer, Offer.State.QUEUED, Offer.State.SENT, Offer.State.QUOTED, Offer.State.ACCEPTED)
    had_it = row.state == Offer.State.ACCEPTED
    _answered(row, Offer.State.DECLINED)
    Quote.objects.filter(offer=row, state=Quote.State.SUBMITTED).update(
        state=Quote.State.REJECTED, decided_at=timezone.now(), decided_by_name=row.vendor.name
    )
    trail.record(order=order, kind="declined", tone="warn", text=f"Declined: {text}", who=row.vendor.name)
    if had_it:
        work_orders.take_back(order, who=row.vendor.name)
    row.decline_reason = text[:300]
    row.due_at = timezone.now() if row.kind == Offer.Kind.JOB else None
    row.save(update_fields=["decline_reason", "due_at", "updated_at"])
    offers.hint()
    return row


@atomic
def quote(
    *, offer: Offer, amount: Decimal, description: str = "", can_start_on: date | None = None,
    valid_until: date | None = None,
) -> Quote:  # fmt: skip
    """The vendor's price; sent again before it is decided, it replaces the one before. Stops the offer's clock.

    Raises DomainError `amount`, `ended` or `wrong_moment`.
    """
    if amount <= 0:
        raise DomainError("amount", "The price must be more than zero.")
    order, row = _live(offer, Offer.State.QUEUED, Offer.State.SENT, Offer.State.QUOTED)
    _answered(row, Offer.State.QUOTED)
    found, _ = Quote.objects.update_or_create(
        work_order=order,
        vendor=row.vendor,
        state=Quote.State.SUBMITTED,
        defaults={
            "organisation_id": order.organisation_id, "offer": row, "amount": amount, "currency": order.currency,
            "description": description.strip(), "can_start_on": can_start_on, "valid_until": valid_until,
        },
    )  # fmt: skip
    trail.record(
        order=order,
        kind="quoted",
        tone="info",
        text=f"Quoted {money_text(amount, order.currency)}.",
        who=row.vendor.name,
    )
    if order.status in (S.NEW, S.TRIAGED, S.APPROVED):
        work_orders.move_work_order(work_order=order, to=S.QUOTED, who=row.vendor.name)
    return found


@atomic
def schedule(*, offer: Offer, when: datetime) -> WorkOrder:
    """The vendor says when they come. Raises DomainError `when` (in the past), `ended` or `wrong_moment`."""
    if when < timezone.now() - timedelta(hours=1):
        raise DomainError("when", "Choose a time that is still to come.")
    order, row = _live(offer, Offer.State.ACCEPTED)
    _answered(row, Offer.State.ACCEPTED)
    order.scheduled_for = when
    order.save(update_fields=["scheduled_for", "updated_at"])
    local = when.astimezone(ZoneInfo(order.organisation.time_zone))
    trail.record(
        order=order, kind="scheduled", tone="info", text=f"Comes on {local:%-d %b %Y at %H:%M}.", who=row.vendor.name
    )
    if order.status != S.SCHEDULED:
        return work_orders.move_work_order(work_order=order, to=S.SCHEDULED, who=row.vendor.name)
    return order


@atomic
def complete(*, offer: Offer, note: str = "") -> WorkOrder:
    """The vendor has done the job. Raises DomainError `ended` or `wrong_moment`."""
    order, row = _live(offer, Offer.State.ACCEPTED)
    if note.strip():
        trail.add_comment(order=order, body=note, visibility="public", vendor=row.vendor)
    moved = work_orders.move_work_order(work_order=order, to=S.DONE, who=row.vendor.name)
    live_offers.complete(order=moved, now=timezone.now())
    return moved
