from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone

from access.models import Membership, Organisation, User
from core.errors import DomainError
from maintenance import tokens
from maintenance.models import Offer, OwnerApproval, Quote, WorkOrder
from maintenance.services import answers, offers, quotes
from maintenance.tasks import sweep_due
from tests.factories.maintenance import VendorFactory, WorkOrderFactory
from tests.factories.properties import OwnerFactory, PropertyFactory


@pytest.fixture
def job(organisation: Organisation) -> WorkOrder:
    """A job for which two vendors have sent a price: 400 and 900."""
    owner = OwnerFactory(organisation=organisation, name="Olga Owner", email="olga@owner.example")
    home = PropertyFactory(organisation=organisation, owner=owner)
    order = WorkOrderFactory(organisation=organisation, property=home, status="triaged", title="Roof")
    vendors = [VendorFactory(organisation=organisation, name=name) for name in ("Cheap", "Dear")]
    for asked, amount in zip(offers.ask_for_quotes(work_order=order, vendors=vendors), ("400", "900"), strict=True):
        answers.quote(offer=asked, amount=Decimal(amount))
    order.refresh_from_db()
    assert order.status == "quoted"
    return order


def quote_of(name: str) -> Quote:
    return Quote.objects.get(vendor__name=name)


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def test_within_the_limit_a_quote_is_taken_and_the_job_goes_out(job: WorkOrder, agent_user: User) -> None:
    offer = quotes.accept_quote(quote=quote_of("Cheap"), membership=membership(agent_user))
    job.refresh_from_db()
    assert (job.status, job.quoted_amount) == ("approved", Decimal("400.00"))
    assert [(quote.vendor.name, quote.state) for quote in Quote.objects.order_by("amount")] == [
        ("Cheap", "accepted"), ("Dear", "rejected"),
    ]  # fmt: skip
    assert (offer.kind, offer.state, offer.vendor.name) == ("job", "queued", "Cheap")
    assert Offer.objects.filter(kind="quote", state="withdrawn").count() == 2
    sweep_due()
    assert "Approved at $400.00" in str(mail.outbox[-1].body)
    answers.accept(offer=offer)
    job.refresh_from_db()
    assert (job.status, job.vendor) == ("assigned", offer.vendor)
    with pytest.raises(DomainError) as refused:
        quotes.accept_quote(quote=quote_of("Cheap"), membership=membership(agent_user))
    assert refused.value.code == "decided"


def test_limits_by_role(job: WorkOrder, agent_user: User, admin_user: User) -> None:
    with pytest.raises(DomainError) as refused:
        quotes.accept_quote(quote=quote_of("Dear"), membership=membership(agent_user))
    assert refused.value.code == "over_limit"
    assert "above what you may approve ($500.00)" in refused.value.message
    assert quotes.accept_quote(quote=quote_of("Dear"), membership=membership(admin_user)).vendor.name == "Dear"


def test_the_owner_approves_by_link(job: WorkOrder, agent_user: User) -> None:
    approval = quotes.ask_owner(quote=quote_of("Dear"), user=agent_user)
    assert quotes.ask_owner(quote=quote_of("Dear"), user=agent_user) == approval
    sweep_due()
    message = next(item for item in mail.outbox if item.to == ["olga@owner.example"])
    assert f"/approvals/{tokens.secret_of(tokens.APPROVAL, approval.pk)}/" in str(message.body)
    assert "$900.00" in str(message.body)
    sent = len(mail.outbox)
    assert sweep_due() == 0
    assert len(mail.outbox) == sent
    quotes.owner_answers(approval=approval, approve=True)
    job.refresh_from_db()
    assert (job.status, quote_of("Dear").state, quote_of("Dear").decided_by_name) == (
        "approved", "accepted", "Olga Owner (owner)",
    )  # fmt: skip
    with pytest.raises(DomainError) as refused:
        quotes.owner_answers(approval=approval, approve=False, reason="x")
    assert refused.value.code == "ended"


def test_the_owner_refuses_with_a_reason(job: WorkOrder, agent_user: User) -> None:
    approval = quotes.ask_owner(quote=quote_of("Dear"), user=agent_user)
    with pytest.raises(DomainError) as refused:
        quotes.owner_answers(approval=approval, approve=False)
    assert refused.value.code == "reason"
    quotes.owner_answers(approval=approval, approve=False, reason="Too much")
    assert (quote_of("Dear").state, quote_of("Cheap").state) == ("rejected", "submitted")
    quotes.reject_quote(quote=quote_of("Cheap"), user=agent_user)
    job.refresh_from_db()
    assert job.status == "triaged"


def test_deciding_otherwise_takes_the_question_back(job: WorkOrder, agent_user: User) -> None:
    approval = quotes.ask_owner(quote=quote_of("Dear"), user=agent_user)
    quotes.accept_quote(quote=quote_of("Cheap"), membership=membership(agent_user))
    approval.refresh_from_db()
    assert approval.state == OwnerApproval.State.WITHDRAWN


def test_refusals(job: WorkOrder, agent_user: User) -> None:
    job.property.owner.delete()  # type: ignore[union-attr]
    with pytest.raises(DomainError) as refused:
        quotes.ask_owner(quote=quote_of("Dear"), user=agent_user)
    assert refused.value.code == "no_owner"
    Quote.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    with pytest.raises(DomainError) as refused:
        quotes.accept_quote(quote=quote_of("Cheap"), membership=membership(agent_user))
    assert refused.value.code == "expired"


def test_an_address_that_does_not_work_is_given_up(
    job: WorkOrder, agent_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = quotes.ask_owner(quote=quote_of("Dear"), user=agent_user)
    monkeypatch.setattr("django.conf.settings.EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr("django.conf.settings.EMAIL_PORT", 1)
    now = timezone.now()
    outcomes = []
    for minutes in (0, 2, 10, 60):
        later = now + timedelta(minutes=minutes)
        outcomes.append(quotes.send_approval(approval_id=approval.pk, now=later))
    assert outcomes == ["retry", "retry", "retry", "failed"]
    approval.refresh_from_db()
    assert (approval.state, approval.attempts, approval.due_at) == ("failed", 4, None)
