from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from communications.models import Notification
from core.errors import DomainError
from maintenance import ports, tokens
from maintenance.models import Offer, WorkOrder
from maintenance.services import answers, offers
from maintenance.services.vendors import save_policy
from maintenance.tasks import sweep_due
from tests.factories.maintenance import OfferFactory, VendorFactory, WorkOrderFactory


class FaultyChannel:
    """A channel whose other side behaves as the test says, and which keeps what it was sent."""

    label = "Faulty"
    errors: ClassVar[list[Exception]] = []
    jobs: ClassVar[dict[str, int]] = {}

    def send(self, assignment: ports.Assignment) -> str:
        # The other side takes the job before it fails to answer: the key makes it one job.
        self.jobs[assignment.key] = self.jobs.get(assignment.key, 0) + 1
        if self.errors:
            raise self.errors.pop(0)
        return f"ext-{len(self.jobs)}"

    def problem_with(self, *, email: str, provider_id: str) -> str:
        return ""


@pytest.fixture
def faulty(settings: Settings) -> Iterator[type[FaultyChannel]]:
    path = f"{FaultyChannel.__module__}.FaultyChannel"
    settings.ASSIGNMENT_CHANNELS = {**settings.ASSIGNMENT_CHANNELS, "faulty": path}
    ports._resolved.cache_clear()
    FaultyChannel.errors, FaultyChannel.jobs = [], {}
    instance = FaultyChannel()
    original = ports._resolved
    ports._resolved = lambda asked: instance if asked == path else original(asked)  # type: ignore[assignment]
    yield FaultyChannel
    ports._resolved = original


@pytest.fixture
def job(organisation: Organisation) -> WorkOrder:
    return WorkOrderFactory(organisation=organisation, category="plumbing", title="Burst pipe", priority="urgent")


def later(offer: Offer, **delta: int) -> str:
    return offers.work_due(offer_id=offer.pk, now=timezone.now() + timedelta(**delta))


def test_the_best_vendor_gets_an_email_with_a_link(job: WorkOrder, admin_user: User) -> None:
    VendorFactory(organisation=job.organisation, name="Sparks", trades=["electrical"])
    flow = VendorFactory(organisation=job.organisation, name="Flow", regions=["newtown"])
    VendorFactory(organisation=job.organisation, name="Anywhere")
    offer = offers.route_job(work_order=job, user=admin_user)
    assert offer is not None
    assert (offer.vendor, offer.state, offer.is_routed) == (flow, "queued", True)
    assert ["good", "Works in Newtown."] in offer.reasons
    assert sweep_due() == 1
    offer.refresh_from_db()
    assert (offer.state, offer.attempts, offer.due_at) == ("sent", 1, offer.respond_by)
    (message,) = mail.outbox
    assert message.to == [flow.email]
    assert message.reply_to == [admin_user.email]
    secret = tokens.secret_of(tokens.OFFER, offer.pk)
    assert f"/jobs/{secret}/" in str(message.body)
    assert secret not in str(Offer.objects.values().get())
    assert offer.token_hash == tokens.fingerprint(secret)
    assert sweep_due() == 0
    assert job.events.order_by("id").values_list("kind", flat=True)[0] == "offered"


def test_sent_again_after_a_kill_it_is_the_same_message(job: WorkOrder) -> None:
    VendorFactory(organisation=job.organisation)
    offer = offers.route_job(work_order=job)
    assert offer is not None
    assert later(offer) == "sent"
    # The e-mail went out, but the worker died before its row was written.
    Offer.objects.filter(pk=offer.pk).update(state="queued", due_at=timezone.now())
    assert later(offer) == "sent"
    first, second = mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert first.body.partition("/jobs/")[2][:43] == second.body.partition("/jobs/")[2][:43]


def test_silence_and_refusal_pass_the_job_on_and_end_in_the_manual_lane(
    job: WorkOrder, admin_user: User, agent_user: User, tenant_user: User
) -> None:
    for name in ("A", "B"):
        VendorFactory(organisation=job.organisation, name=name)
    first = offers.route_job(work_order=job)
    assert first is not None
    assert later(first) == "sent"
    assert later(first, minutes=59) == ""
    assert later(first, minutes=61) == "timed_out"
    assert later(first, minutes=61) == "next"
    second = Offer.objects.get(state="queued")
    assert (first.vendor.name, second.vendor.name) == ("A", "B")
    assert later(second, minutes=62) == "sent"
    answers.decline(offer=second, reason="On holiday")
    assert later(second) == "manual"
    job.refresh_from_db()
    assert job.manual_since is not None
    assert job.manual_reason == "B: declined. No vendor is left who can take it."
    told = Notification.objects.filter(title="Choose a vendor: Burst pipe")
    assert {notice.user for notice in told} == {admin_user, agent_user}
    assert {notice.url for notice in told} == {f"/work-orders/{job.pk}/assign/"}
    assert later(second) == ""
    # Somebody chooses one by hand: the lane is left.
    offers.offer_job(work_order=job, vendor=VendorFactory(organisation=job.organisation))
    job.refresh_from_db()
    assert job.manual_since is None


@pytest.mark.parametrize(("rules", "outcome"), [({"next_vendor": False}, "manual"), ({"max_vendors": 1}, "manual")])
def test_the_rules_say_when_a_person_takes_over(job: WorkOrder, rules: dict[str, int], outcome: str) -> None:
    save_policy(organisation=job.organisation, **rules)  # type: ignore[arg-type]
    VendorFactory.create_batch(2, organisation=job.organisation)
    offer = offers.route_job(work_order=job)
    assert offer is not None
    later(offer)
    assert (later(offer, minutes=61), later(offer, minutes=61)) == ("timed_out", outcome)


def test_without_anybody_suitable_the_job_is_manual_at_once(job: WorkOrder) -> None:
    assert offers.route_job(work_order=job) is None
    job.refresh_from_db()
    assert job.manual_reason == "No vendor is left who can take it."


def test_a_channel_that_takes_the_job_and_times_out_has_one_job(job: WorkOrder, faulty: type[FaultyChannel]) -> None:
    VendorFactory(organisation=job.organisation, channel="faulty")
    faulty.errors.extend([ports.ChannelUnavailable("time-out"), ports.ChannelUnavailable("time-out")])
    offer = offers.route_job(work_order=job)
    assert offer is not None
    assert later(offer) == "retry"
    offer.refresh_from_db()
    assert (offer.state, offer.attempts, offer.last_error) == ("queued", 1, "time-out")
    assert later(offer) == ""
    assert later(offer, minutes=2) == "retry"
    assert later(offer, minutes=8) == "sent"
    offer.refresh_from_db()
    assert (offer.channel_reference, list(faulty.jobs.values())) == ("ext-1", [3])


def test_a_channel_that_stays_away_costs_the_vendor_the_job(job: WorkOrder, faulty: type[FaultyChannel]) -> None:
    save_policy(organisation=job.organisation, retry_minutes=[1])
    VendorFactory(organisation=job.organisation, channel="faulty")
    faulty.errors.extend([ports.ChannelUnavailable("time-out")] * 2)
    offer = offers.route_job(work_order=job)
    assert offer is not None
    assert (later(offer), later(offer, minutes=2), later(offer, minutes=2)) == ("retry", "failed", "manual")
    faulty.errors.extend([ZeroDivisionError("a fault of the channel"), ports.ChannelRefused("Unknown vendor.")])
    other = VendorFactory(organisation=job.organisation, channel="faulty")
    offer = offers.offer_job(work_order=job, vendor=other)
    assert (later(offer), later(offer, minutes=2), later(offer, minutes=2)) == ("retry", "failed", "manual")


def test_never_two_vendors_for_one_job(job: WorkOrder) -> None:
    one, two = VendorFactory.create_batch(2, organisation=job.organisation)
    offers.offer_job(work_order=job, vendor=one)
    with pytest.raises(DomainError) as refused:
        offers.offer_job(work_order=job, vendor=two)
    assert refused.value.code == "taken"
    with pytest.raises(IntegrityError, match="offer_one_live_job"):
        OfferFactory(work_order=job, vendor=two)


def test_a_late_answer_is_refused_once_the_job_went_on(job: WorkOrder) -> None:
    VendorFactory.create_batch(2, organisation=job.organisation)
    first = offers.route_job(work_order=job)
    assert first is not None
    later(first)
    later(first, minutes=61)
    later(first, minutes=61)
    with pytest.raises(DomainError) as refused:
        answers.accept(offer=first)
    assert refused.value.code == "ended"


def test_decided_by_hand_meanwhile_a_lost_offer_goes_nowhere(job: WorkOrder) -> None:
    one, two = VendorFactory.create_batch(2, organisation=job.organisation)
    offer = offers.offer_job(work_order=job, vendor=one)
    answers.decline(offer=offer, reason="Busy")
    chosen = offers.offer_job(work_order=job, vendor=two)
    assert later(offer) == ""
    assert Offer.objects.filter(state="queued").get() == chosen


def test_taking_an_offer_back_and_refusals(job: WorkOrder) -> None:
    vendor = VendorFactory(organisation=job.organisation)
    offer = offers.offer_job(work_order=job, vendor=vendor)
    answers.accept(offer=offer)
    offers.withdraw_offer(offer=offer)
    job.refresh_from_db()
    assert (job.status, job.vendor, job.supplier_name) == ("approved", None, "")
    with pytest.raises(DomainError) as refused:
        offers.withdraw_offer(offer=offer)
    assert refused.value.code == "ended"
    mute = VendorFactory(organisation=job.organisation, email="")
    with pytest.raises(DomainError) as refused:
        offers.offer_job(work_order=job, vendor=mute)
    assert refused.value.code == "unreachable"
    WorkOrder.objects.filter(pk=job.pk).update(status="quoted")
    with pytest.raises(DomainError) as refused:
        offers.offer_job(work_order=job, vendor=vendor)
    assert refused.value.code == "move_refused"
    with pytest.raises(DomainError) as refused:
        offers.ask_for_quotes(work_order=job, vendors=[])
    assert refused.value.code == "no_vendor"


@pytest.mark.django_db(transaction=True)
def test_two_people_offer_one_job_at_the_same_moment() -> None:
    job = WorkOrderFactory()
    vendors = VendorFactory.create_batch(2, organisation=job.organisation)
    gate = threading.Barrier(2)
    refused: list[str] = []

    def press(vendor: object) -> None:
        gate.wait()
        try:
            offers.offer_job(work_order=job, vendor=vendor)  # type: ignore[arg-type]
        except DomainError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(vendor,)) for vendor in vendors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["taken"]
    assert Offer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_an_offer_once() -> None:
    job = WorkOrderFactory()
    offer = offers.offer_job(work_order=job, vendor=VendorFactory(organisation=job.organisation))
    gate = threading.Barrier(2)
    done: list[str] = []

    def work() -> None:
        gate.wait()
        done.append(offers.work_due(offer_id=offer.pk, now=timezone.now()))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["", "sent"]
    assert len(mail.outbox) == 1
