"""Putting jobs to vendors: making an offer, sending it, and passing the job on when nobody takes it.

Each step is a row with a due time (Offer.due_at), worked by a sweep, so that a killed process costs time only.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from celery import current_app
from django.db import IntegrityError
from django.db.transaction import atomic, on_commit
from django.urls import reverse
from django.utils import timezone

from access.models import User
from access.selectors import MANAGING_ROLES, members_of
from communications.mail import public_address
from communications.services import notify
from core.errors import DomainError
from core.formatting import day_text, money_text
from core.ids import uuid7
from core.redaction import redact
from maintenance import ports, tokens
from maintenance.models import Offer, Quote, Vendor, WorkOrder
from maintenance.routing import Verdict, route
from maintenance.selectors import vendors as vendor_selectors
from maintenance.services import live_offers, trail, work_orders
from maintenance.states import CLOSED, S, check_move

logger = logging.getLogger(__name__)

# The link of an offer outlives its response target, so that a late click is told what happened.
LINK_DAYS = 30


def verdicts_for(*, order: WorkOrder, now: datetime | None = None) -> list[Verdict]:
    """How every vendor stands for this job now, with reasons; see maintenance.routing.route."""
    policy = vendor_selectors.policy_of(organisation=order.organisation)
    job = vendor_selectors.job_facts(order=order, policy=policy, now=now or timezone.now())
    vendors = vendor_selectors.vendor_facts(organisation=order.organisation, property_id=order.property_id)
    return route(job=job, vendors=vendors, rules=vendor_selectors.rules_of(policy))


def route_job(*, work_order: WorkOrder, user: User | None = None) -> Offer | None:
    """Offers the job to the best vendor who can take it; without one it goes to the manual lane, and None comes back.

    Raises DomainError `taken`, `closed` or as states.check_move for a job that cannot be assigned now.
    """
    with atomic():
        order = trail.locked(work_order_id=work_order.pk, organisation_id=work_order.organisation_id)
        _check_free(order)
        return _offer_to_best(order, user=user, tried=0, now=timezone.now())


def offer_job(*, work_order: WorkOrder, vendor: Vendor, user: User | None = None) -> Offer:
    """Offers the job to a vendor whom a person chose. Should that vendor refuse, the job goes to the manual lane.

    Raises DomainError `taken`, `closed`, `unreachable`, or as states.check_move.
    """
    with atomic():
        order = trail.locked(work_order_id=work_order.pk, organisation_id=work_order.organisation_id)
        _check_free(order)
        return make_offer(order, vendor, kind=Offer.Kind.JOB, user=user)


def ask_for_quotes(*, work_order: WorkOrder, vendors: Sequence[Vendor], user: User | None = None) -> list[Offer]:
    """Asks several vendors what they would do the job for; one who is being asked already is left alone.

    Raises DomainError `no_vendor`, `closed` or `unreachable`.
    """
    if not vendors:
        raise DomainError("no_vendor", "Choose at least one vendor to ask.")
    with atomic():
        order = trail.locked(work_order_id=work_order.pk, organisation_id=work_order.organisation_id)
        if order.status in CLOSED:
            raise DomainError("closed", "This job is closed. Open it again first.")
        asked = set(
            Offer.objects.filter(work_order=order, kind=Offer.Kind.QUOTE, state__in=Offer.LIVE).values_list(
                "vendor_id", flat=True
            )
        )
        return [
            make_offer(order, vendor, kind=Offer.Kind.QUOTE, user=user) for vendor in vendors if vendor.pk not in asked
        ]


def withdraw_offer(*, offer: Offer, user: User | None = None) -> Offer:
    """Takes an offer back; its link says so. An accepted job goes back to approved. Raises DomainError `ended`."""
    with atomic():
        order = trail.locked(work_order_id=offer.work_order_id, organisation_id=offer.organisation_id)
        row = Offer.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=offer.pk)
        if not row.is_live:
            raise DomainError("ended", "This offer has ended already.")
        row.state, row.due_at = Offer.State.WITHDRAWN, None
        row.save(update_fields=["state", "due_at", "updated_at"])
        trail.record(order=order, kind="withdrawn", text=f"Took the {_what(row)} back from {row.vendor}.", user=user)
        if row.kind == Offer.Kind.JOB and order.vendor_id == row.vendor_id and order.status in order.WITH_VENDOR:
            work_orders.take_back(order, user=user)
    return row


def make_offer(
    order: WorkOrder, vendor: Vendor, *, kind: str, user: User | None = None, reasons: Sequence[tuple[str, str]] = (),
    is_routed: bool = False, due_at: datetime | None = None,
) -> Offer:  # fmt: skip
    """The row that a sweep sends; the job is locked by the caller. Raises DomainError `unreachable` or `taken`."""
    problem = vendor_selectors.unreachable(vendor)
    if problem:
        raise DomainError("unreachable", f"{vendor} cannot be reached: {problem} Change that on the vendor’s page.")
    key = uuid7()
    now = timezone.now()
    offer = Offer(
        id=key, organisation_id=order.organisation_id, work_order=order, vendor=vendor, kind=kind,
        is_routed=is_routed, reasons=[list(reason) for reason in reasons], channel=vendor.channel,
        due_at=due_at or now, token_hash=tokens.fingerprint(tokens.secret_of(tokens.OFFER, key)),
        token_expires_at=now + timedelta(days=LINK_DAYS), created_by=user,
    )  # fmt: skip
    try:
        with atomic():
            offer.save(force_insert=True)
    except IntegrityError as error:
        raise DomainError("taken", "Somebody has this job, or is being asked for it. Take that back first.") from error
    if kind == Offer.Kind.JOB and order.manual_since is not None:
        order.manual_since, order.manual_reason = None, ""
        order.save(update_fields=["manual_since", "manual_reason", "updated_at"])
    text = f"Offered the job to {vendor}." if kind == Offer.Kind.JOB else f"Asked {vendor} for a quote."
    trail.record(order=order, kind="offered", tone="info", text=text, user=user, who="" if user else "Routing")
    hint()
    return offer


def hint() -> None:
    """Asks a worker to look now; beat sweeps every minute in any case."""
    task = partial(current_app.send_task, "maintenance.tasks.sweep_due", retry=False)
    on_commit(task, robust=True)


def due_offers(*, now: datetime, limit: int = 200) -> list[UUID]:
    """Offers with something to do, the longest overdue first."""
    return list(Offer.objects.filter(due_at__lte=now).order_by("due_at", "id").values_list("pk", flat=True)[:limit])


def work_due(*, offer_id: UUID, now: datetime) -> str:
    """Does what is due for one offer: sends it, lets it time out, or passes the job on. Answers what was done.

    Twice, or by two workers at once, it does so once: the row is locked, and its state decides.
    """
    state = Offer.objects.filter(pk=offer_id, due_at__lte=now).values_list("state", flat=True).first()
    if state == Offer.State.QUEUED:
        return _deliver(offer_id, now=now)
    if state == Offer.State.SENT:
        return _time_out(offer_id, now=now)
    if state in Offer.LOST:
        return _pass_on(offer_id, now=now)
    return ""


@atomic
def _deliver(offer_id: UUID, *, now: datetime) -> str:
    offer = (
        Offer.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("vendor", "work_order__property", "work_order__unit", "work_order__organisation")
        .filter(pk=offer_id, state=Offer.State.QUEUED, due_at__lte=now)
        .first()
    )
    if offer is None:
        return ""
    order = offer.work_order
    policy = vendor_selectors.policy_of(organisation=order.organisation)
    respond_by = now + timedelta(minutes=policy.target_of(order.priority))
    offer.attempts += 1
    try:
        reference = ports.channel(offer.channel).send(_assignment(offer, respond_by))
    except Exception as error:  # a fault of one channel must not hold up the other jobs of the sweep
        if not isinstance(error, ports.ChannelUnavailable | ports.ChannelRefused | DomainError):
            logger.exception("The channel %s failed for offer %s", offer.channel, offer.pk)
        refused = isinstance(error, ports.ChannelRefused | DomainError)
        final = refused or offer.attempts > len(policy.retry_minutes)
        offer.last_error = redact(f"{error}" or type(error).__name__)[:300]
        offer.state = Offer.State.FAILED if final else Offer.State.QUEUED
        offer.due_at = now if final else now + timedelta(minutes=policy.retry_minutes[offer.attempts - 1])
        offer.save()
        if final:
            text = f"{offer.vendor} could not be reached after {offer.attempts} tries."
            trail.record(order=order, kind="failed", tone="bad", text=text, who="Routing")
            hint()
        return "failed" if final else "retry"
    offer.state, offer.sent_at, offer.respond_by, offer.due_at = Offer.State.SENT, now, respond_by, respond_by
    offer.channel_reference, offer.last_error = reference[:200], ""
    offer.save()
    trail.record(order=order, kind="sent", text=f"The {_what(offer)} went out to {offer.vendor}.", who="Routing")
    return "sent"


@atomic
def _time_out(offer_id: UUID, *, now: datetime) -> str:
    offer = (
        Offer.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("vendor", "work_order")
        .filter(pk=offer_id, state=Offer.State.SENT, due_at__lte=now)
        .first()
    )
    if offer is None:
        return ""
    offer.state, offer.due_at = Offer.State.TIMED_OUT, now if offer.kind == Offer.Kind.JOB else None
    offer.save(update_fields=["state", "due_at", "updated_at"])
    text = f"{offer.vendor} did not answer in time."
    trail.record(order=offer.work_order, kind="timed_out", tone="warn", text=text, who="Routing")
    hint()
    return "timed_out"


@atomic
def _pass_on(offer_id: UUID, *, now: datetime) -> str:
    """The next vendor where the rules say so, else the manual lane; nothing when somebody has decided meanwhile."""
    known = Offer.objects.filter(pk=offer_id).values("work_order_id", "organisation_id").get()
    order = trail.locked(work_order_id=known["work_order_id"], organisation_id=known["organisation_id"])
    offer = Offer.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=offer_id)
    if offer.due_at is None or offer.state not in Offer.LOST:
        return ""
    offer.due_at = None
    offer.save(update_fields=["due_at", "updated_at"])
    live = Offer.objects.filter(work_order=order, kind=Offer.Kind.JOB, state__in=Offer.LIVE)
    if offer.kind != Offer.Kind.JOB or order.status in CLOSED or order.vendor_id is not None or live.exists():
        return "settled"
    why = f"{offer.vendor}: {offer.get_state_display().lower()}."
    policy = vendor_selectors.policy_of(organisation=order.organisation)
    tried = Offer.objects.filter(work_order=order, kind=Offer.Kind.JOB, state__in=Offer.LOST).count()
    if offer.is_routed and policy.next_vendor and tried < policy.max_vendors:
        wait = timedelta(minutes=policy.next_wait_minutes)
        return "next" if _offer_to_best(order, user=None, tried=tried, now=now + wait, why=why) else "manual"
    to_manual_lane(order, why)
    return "manual"


def _offer_to_best(order: WorkOrder, *, user: User | None, tried: int, now: datetime, why: str = "") -> Offer | None:
    best = next((verdict for verdict in verdicts_for(order=order) if verdict.eligible), None)
    if best is None:
        to_manual_lane(order, f"{why} No vendor is left who can take it.".strip())
        return None
    vendor = Vendor.objects.get(pk=best.vendor.id, organisation_id=order.organisation_id)
    reasons = [("info", f"Score {best.score} of 100."), *best.reasons]
    return make_offer(order, vendor, kind=Offer.Kind.JOB, user=user, reasons=reasons, is_routed=True, due_at=now)


def to_manual_lane(order: WorkOrder, reason: str) -> None:
    """A person has to find a vendor: the job, locked by the caller, stands in the lane, and who manages is told."""
    now = timezone.now()
    order.manual_since, order.manual_reason = now, reason[:300]
    order.save(update_fields=["manual_since", "manual_reason", "updated_at"])
    trail.record(
        order=order, kind="manual", tone="warn", text=f"Needs a vendor chosen by hand. {reason}", who="Routing"
    )
    managing = members_of(organisation=order.organisation).filter(role__in=MANAGING_ROLES)
    notify(
        organisation=order.organisation,
        users=[membership.user for membership in managing],
        title=f"Choose a vendor: {order.title}",
        body=reason,
        url=reverse("maintenance:assign", args=[order.pk]),
        tone="warn",
        dedupe_key=f"manual-lane:{order.pk}:{now.isoformat()}",
        email=True,
    )


def _check_free(order: WorkOrder) -> None:
    if order.status in CLOSED:
        raise DomainError("closed", "This job is closed. Open it again first.")
    if order.vendor_id is not None:
        raise DomainError("taken", f"{order.vendor} has this job. Take it back first.")
    if Offer.objects.filter(work_order=order, kind=Offer.Kind.JOB, state__in=Offer.LIVE).exists():
        raise DomainError("taken", "A vendor is being asked for this job. Take that offer back first.")
    # Whoever takes it will assign it, so the state must allow that; the vendor comes with the acceptance.
    probe = WorkOrder(status=order.status, supplier_name="?")
    check_move(probe, S.ASSIGNED)
    live_offers.withdraw(order=order, job_only=True)


def _what(offer: Offer) -> str:
    return "job" if offer.kind == Offer.Kind.JOB else "request for a quote"


def link_path(offer: Offer) -> str:
    """The vendor's page for this offer, with its secret."""
    return reverse("maintenance:vendor_link", args=[tokens.secret_of(tokens.OFFER, offer.pk)])


def _assignment(offer: Offer, respond_by: datetime) -> ports.Assignment:
    order, vendor = offer.work_order, offer.vendor
    approved = Quote.objects.filter(work_order=order, vendor=vendor, state=Quote.State.ACCEPTED).first()
    unit = f"Unit {order.unit.label}, " if order.unit is not None and order.unit.label else ""
    return ports.Assignment(
        key=str(offer.pk),
        organisation_id=order.organisation_id,
        agency=order.organisation.name,
        agency_email=offer.created_by.email if offer.created_by else "",
        is_quote=offer.kind == Offer.Kind.QUOTE,
        title=order.title,
        description=order.description,
        category=order.get_category_display(),
        priority=order.get_priority_display() if order.priority != WorkOrder.Priority.NONE else "",
        address=f"{unit}{order.property.full_address}",
        approved_amount=money_text(approved.amount, approved.currency) if approved else "",
        due_on=day_text(order.due_on) if order.due_on else "",
        respond_by=respond_by.astimezone(ZoneInfo(order.organisation.time_zone)),
        link=public_address(link_path(offer)),
        vendor_name=vendor.contact_name or vendor.name,
        vendor_email=vendor.email,
        provider=vendor.provider,
        connection_id=vendor.connection_id,
        provider_id=vendor.provider_id,
        job_provider_id=order.provider_id,
    )
