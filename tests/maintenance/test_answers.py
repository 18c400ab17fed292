from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from access.models import Organisation
from core.errors import DomainError
from maintenance.models import Offer, Quote
from maintenance.services import answers
from tests.factories.maintenance import OfferFactory, VendorFactory, WorkOrderFactory


@pytest.fixture
def offer(organisation: Organisation) -> Offer:
    """A routed job that a vendor was told of."""
    order = WorkOrderFactory(organisation=organisation, category="plumbing", status="triaged", title="Burst pipe")
    return OfferFactory(work_order=order, vendor=VendorFactory(organisation=organisation, name="Flow"), is_routed=True)


def refused(offer: Offer, name: str, **values: object) -> str:
    with pytest.raises(DomainError) as error:
        getattr(answers, name)(offer=offer, **values)
    return error.value.code


def test_accept_schedule_complete(offer: Offer) -> None:
    order = offer.work_order
    answers.accept(offer=offer)
    answers.accept(offer=offer)
    order.refresh_from_db()
    assert (order.status, order.vendor, order.supplier_name) == ("assigned", offer.vendor, "Flow")
    when = timezone.now() + timedelta(days=1)
    answers.schedule(offer=offer, when=when)
    answers.schedule(offer=offer, when=when + timedelta(hours=1))
    order.refresh_from_db()
    assert (order.status, order.scheduled_for) == ("scheduled", when + timedelta(hours=1))
    assert refused(offer, "schedule", when=timezone.now() - timedelta(days=1)) == "when"
    answers.complete(offer=offer, note="New seal fitted.")
    order.refresh_from_db()
    offer.refresh_from_db()
    assert (order.status, offer.state, order.closed_at is not None) == ("done", "completed", True)
    remark = order.comments.get()
    assert (remark.body, remark.visibility, remark.author_name) == ("New seal fitted.", "public", "Flow")
    assert refused(offer, "complete") == "ended"
    kinds = list(order.events.order_by("id").values_list("kind", flat=True))
    assert kinds == ["accepted", "moved", "edited", "scheduled", "moved", "scheduled", "comment", "moved"]


def test_a_provider_job_keeps_what_the_vendor_did_from_syncs(offer: Offer) -> None:
    order = offer.work_order
    order.provider, order.connection_id, order.provider_id = "propertyme", offer.pk, "job-1"
    order.save()
    answers.accept(offer=offer)
    order.refresh_from_db()
    assert order.edited_fields == ["status", "supplier_name"]


def test_declining_needs_a_reason_and_makes_the_job_due_for_the_next(offer: Offer) -> None:
    assert refused(offer, "decline", reason="  ") == "reason"
    answers.decline(offer=offer, reason="Too far")
    offer.refresh_from_db()
    assert (offer.state, offer.decline_reason, offer.due_at is not None) == ("declined", "Too far", True)
    assert refused(offer, "accept") == "ended"


def test_giving_a_job_back(offer: Offer) -> None:
    answers.accept(offer=offer)
    answers.decline(offer=offer, reason="Broke my arm")
    offer.refresh_from_db()
    order = offer.work_order
    order.refresh_from_db()
    assert (order.status, order.vendor, order.supplier_name) == ("approved", None, "")
    assert (offer.state, offer.due_at is not None) == ("declined", True)


def test_a_price_first_stops_the_clock_and_may_be_changed(offer: Offer) -> None:
    assert refused(offer, "quote", amount=Decimal("0")) == "amount"
    answers.quote(offer=offer, amount=Decimal("300"))
    answers.quote(offer=offer, amount=Decimal("280"), description=" With parts ")
    offer.refresh_from_db()
    assert (offer.state, offer.due_at) == ("quoted", None)
    quote = Quote.objects.get()
    assert (quote.amount, quote.description, quote.currency, quote.state) == (
        Decimal("280"), "With parts", "AUD", "submitted",
    )  # fmt: skip
    order = offer.work_order
    order.refresh_from_db()
    assert order.status == "quoted"
    assert refused(offer, "accept") == "wrong_moment"
    answers.decline(offer=offer, reason="No time after all")
    quote.refresh_from_db()
    assert quote.state == "rejected"


def test_a_request_for_a_quote_is_not_a_job(organisation: Organisation) -> None:
    offer = OfferFactory(work_order=WorkOrderFactory(organisation=organisation), kind="quote")
    assert refused(offer, "accept") == "wrong_moment"
    answers.decline(offer=offer, reason="Not my trade")
    offer.refresh_from_db()
    assert offer.due_at is None
