"""Deciding on quotes: within a person's limit at once, above it by the owner through a link."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic
from django.urls import reverse
from django.utils import timezone

from access.models import Membership, User
from communications.mail import public_address
from core.errors import DomainError
from core.formatting import money_text
from core.ids import uuid7
from core.redaction import redact
from maintenance import tokens
from maintenance.channels import send_mail
from maintenance.models import Offer, OwnerApproval, Quote, WorkOrder
from maintenance.ports import ChannelRefused, ChannelUnavailable
from maintenance.selectors.vendors import policy_of
from maintenance.services import live_offers, offers, trail, work_orders
from maintenance.states import CLOSED, S

APPROVAL_DAYS = 14


def accept_quote(*, quote: Quote, membership: Membership) -> Offer:
    """Takes a quote: the others are not taken, and the job goes out to this vendor at this price.

    Raises DomainError `over_limit` (the owner has to agree), `decided`, `expired`, `closed` or `unreachable`.
    """
    organisation = quote.organisation
    limit = policy_of(organisation=organisation).limit_of(membership.role)
    if quote.amount > limit:
        raise DomainError(
            "over_limit",
            f"{money_text(quote.amount, quote.currency)} is above what you may approve "
            f"({money_text(limit, quote.currency)}). Ask the owner, or an admin with a higher limit.",
        )
    return _take(quote, user=membership.user, who="")


@atomic
def _take(quote: Quote, *, user: User | None, who: str) -> Offer:
    order, row = _open(quote)
    if order.vendor_id is not None:
        raise DomainError("taken", f"{order.vendor} has this job. Take it back first.")
    now = timezone.now()
    live_offers.withdraw(order=order)
    name = str(user or who)[:200]
    Quote.objects.filter(work_order=order, state=Quote.State.SUBMITTED).exclude(pk=row.pk).update(
        state=Quote.State.REJECTED, decided_at=now, decided_by_name=name
    )
    # An earlier acceptance, from which the vendor went back, makes room.
    Quote.objects.filter(work_order=order, state=Quote.State.ACCEPTED).update(state=Quote.State.REJECTED)
    row.state, row.decided_at, row.decided_by_name = Quote.State.ACCEPTED, now, name
    row.save()
    text = f"Accepted {row.vendor}’s quote of {money_text(row.amount, row.currency)}."
    trail.record(order=order, kind="approved", tone="good", text=text, user=user, who=who)
    order = work_orders.edit_work_order(work_order=order, user=user, quoted_amount=row.amount, status=S.APPROVED)
    return offers.make_offer(order, row.vendor, kind=Offer.Kind.JOB, user=user)


@atomic
def reject_quote(*, quote: Quote, user: User) -> Quote:
    """Does not take a quote; with none left to decide the job goes back to triaged. Raises DomainError `decided`."""
    order, row = _open(quote)
    _reject(order, row, user=user, who="")
    return row


def _reject(order: WorkOrder, row: Quote, *, user: User | None, who: str) -> None:
    now = timezone.now()
    row.state, row.decided_at, row.decided_by_name = Quote.State.REJECTED, now, str(user or who)[:200]
    row.save()
    if row.offer is not None and row.offer.is_live:
        Offer.objects.filter(pk=row.offer.pk).update(state=Offer.State.WITHDRAWN, due_at=None, updated_at=now)
    OwnerApproval.objects.filter(quote=row, state__in=("queued", "sent")).update(
        state=OwnerApproval.State.WITHDRAWN, due_at=None, updated_at=now
    )
    trail.record(order=order, kind="rejected", text=f"Did not take {row.vendor}’s quote.", user=user, who=who)
    left = Quote.objects.filter(work_order=order, state=Quote.State.SUBMITTED)
    if order.status == S.QUOTED and not left.exists():
        work_orders.move_work_order(work_order=order, to=S.TRIAGED, user=user, who=who)


@atomic
def ask_owner(*, quote: Quote, user: User) -> OwnerApproval:
    """Puts a quote to the property's owner by e-mail with a link to approve or refuse it; asked once at a time.

    Raises DomainError `no_owner`, `decided`, `expired` or `closed`.
    """
    order, row = _open(quote)
    owner = order.property.owner
    if owner is None or not owner.email:
        raise DomainError(
            "no_owner", "The property has no owner with an e-mail address. Add one on the property’s page."
        )
    known = OwnerApproval.objects.filter(quote=row, state__in=("queued", "sent")).first()
    if known is not None:
        return known
    key, now = uuid7(), timezone.now()
    approval = OwnerApproval.objects.create(
        id=key, organisation_id=order.organisation_id, quote=row, owner_name=owner.name, owner_email=owner.email,
        due_at=now, token_hash=tokens.fingerprint(tokens.secret_of(tokens.APPROVAL, key)),
        token_expires_at=now + timedelta(days=APPROVAL_DAYS), created_by=user,
    )  # fmt: skip
    text = f"Asked {owner.name} to approve {money_text(row.amount, row.currency)}."
    trail.record(order=order, kind="owner_asked", tone="info", text=text, user=user)
    offers.hint()
    return approval


@atomic
def owner_answers(*, approval: OwnerApproval, approve: bool, reason: str = "") -> OwnerApproval:
    """What the owner decided through their link. Raises DomainError `ended`, `reason` or as accept_quote."""
    known = Quote.objects.values("work_order_id", "organisation_id").get(pk=approval.quote_id)
    order = trail.locked(work_order_id=known["work_order_id"], organisation_id=known["organisation_id"])
    row = OwnerApproval.objects.select_for_update(of=("self",)).select_related("quote").get(pk=approval.pk)
    if row.state not in (OwnerApproval.State.QUEUED, OwnerApproval.State.SENT):
        raise DomainError("ended", "This was answered or withdrawn already.")
    if not approve and not reason.strip():
        raise DomainError("reason", "Say in a few words why, so that the agency knows what to do.")
    row.state = OwnerApproval.State.APPROVED if approve else OwnerApproval.State.REFUSED
    row.answered_at, row.due_at, row.reason = timezone.now(), None, reason.strip()[:300]
    row.save()
    who = f"{row.owner_name} (owner)"
    if approve:
        _take(row.quote, user=None, who=who)
    else:
        trail.record(order=order, kind="refused", tone="warn", text=f"Refused: {row.reason}", who=who)
        _, quote = _open(row.quote)
        _reject(order, quote, user=None, who=who)
    return row


def due_approvals(*, now: datetime, limit: int = 100) -> list[UUID]:
    """Links to owners that are to be sent."""
    found = OwnerApproval.objects.filter(due_at__lte=now, state=OwnerApproval.State.QUEUED)
    return list(found.order_by("due_at", "id").values_list("pk", flat=True)[:limit])


@atomic
def send_approval(*, approval_id: UUID, now: datetime) -> str:
    """Sends one owner's link while its row is locked; a refused e-mail is tried again by the organisation's waits."""
    row = (
        OwnerApproval.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("quote__work_order__property", "quote__vendor", "organisation", "created_by")
        .filter(pk=approval_id, state=OwnerApproval.State.QUEUED, due_at__lte=now)
        .first()
    )
    if row is None:
        return ""
    order = row.quote.work_order
    waits = policy_of(organisation=row.organisation).retry_minutes
    row.attempts += 1
    path = reverse("maintenance:owner_link", args=[tokens.secret_of(tokens.APPROVAL, row.pk)])
    try:
        send_mail(
            template="approval",
            subject=f"Please approve {money_text(row.quote.amount, row.quote.currency)}: {order.title}",
            to=row.owner_email,
            reply_to=row.created_by.email if row.created_by else "",
            key=f"approval-{row.pk}",
            context={"approval": row, "order": order, "link": public_address(path)},
        )
    except (ChannelUnavailable, ChannelRefused) as error:
        final = isinstance(error, ChannelRefused) or row.attempts > len(waits)
        row.last_error = redact(str(error))[:300]
        row.state = OwnerApproval.State.FAILED if final else OwnerApproval.State.QUEUED
        row.due_at = None if final else now + timedelta(minutes=waits[row.attempts - 1])
        row.save()
        if final:
            text = f"The e-mail to {row.owner_name} could not be sent."
            trail.record(order=order, kind="failed", tone="bad", text=text)
        return "failed" if final else "retry"
    row.state, row.due_at, row.last_error = OwnerApproval.State.SENT, None, ""
    row.save()
    return "sent"


def _open(quote: Quote) -> tuple[WorkOrder, Quote]:
    order = trail.locked(work_order_id=quote.work_order_id, organisation_id=quote.organisation_id)
    row = Quote.objects.select_for_update(of=("self",)).select_related("vendor", "offer").get(pk=quote.pk)
    if row.state != Quote.State.SUBMITTED:
        raise DomainError("decided", "This quote was decided already.")
    if order.status in CLOSED:
        raise DomainError("closed", "This job is closed. Open it again first.")
    if row.valid_until is not None and row.valid_until < timezone.localdate():
        raise DomainError("expired", "This quote is no longer valid. Ask the vendor for a new one.")
    return order, row
