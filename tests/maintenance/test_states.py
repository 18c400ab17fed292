from __future__ import annotations

import pytest

from access.models import Organisation, User
from core.errors import DomainError
from maintenance.models import WorkOrder
from maintenance.services.work_orders import edit_work_order, move_work_order, rate_work_order
from maintenance.states import MOVES, check_move, targets
from tests.factories.maintenance import OfferFactory, VendorFactory, WorkOrderFactory


def test_every_state_has_a_row_and_leads_somewhere() -> None:
    assert set(MOVES) == set(WorkOrder.Status.values)
    assert {to for row in MOVES.values() for to in row} == set(WorkOrder.Status.values)
    assert all(row and state not in row for state, row in MOVES.items())


@pytest.mark.parametrize(
    ("was", "to", "code"),
    [
        ("quoted", "done", "move_refused"),
        ("new", "scheduled", "move_refused"),
        ("cancelled", "in_progress", "move_refused"),
        ("billed", "cancelled", "move_refused"),
        ("new", "assigned", "no_vendor"),
        ("new", "lost", "unknown_state"),
    ],
)
def test_refusals_name_the_reason(was: str, to: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_move(WorkOrder(status=was), to)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


def test_a_refusal_says_what_helps() -> None:
    with pytest.raises(DomainError) as refused:
        check_move(WorkOrder(status="quoted"), "done")
    assert refused.value.message == (
        "A job that is quoted cannot become done. Decide on the quote first: accept it, or cancel the job."
    )
    with pytest.raises(DomainError) as refused:
        check_move(WorkOrder(status="assigned", supplier_name="Dan"), "scheduled")
    assert refused.value.code == "no_time"
    assert targets(WorkOrder(status="billed")) == [("done", "Done")]


def test_moves_are_written_into_the_timeline(organisation: Organisation, admin_user: User) -> None:
    order = WorkOrderFactory(organisation=organisation)
    move_work_order(work_order=order, to="triaged", user=admin_user)
    move_work_order(work_order=order, to="triaged", user=admin_user)
    move_work_order(work_order=order, to="done", user=admin_user)
    order.refresh_from_db()
    assert (order.status, order.closed_at is not None) == ("done", True)
    found = order.events.order_by("id").values_list("kind", "text", "actor_name", "tone")
    assert list(found) == [
        ("moved", "New → Triaged", "Mara Kowalska", "info"),
        ("moved", "Triaged → Done", "Mara Kowalska", "good"),
    ]


def test_done_completes_the_offer_and_cancelling_withdraws_it(organisation: Organisation) -> None:
    vendor = VendorFactory(organisation=organisation)
    order = WorkOrderFactory(organisation=organisation, status="assigned", vendor=vendor, supplier_name=vendor.name)
    offer = OfferFactory(work_order=order, vendor=vendor, state="accepted", due_at=None)
    move_work_order(work_order=order, to="done")
    offer.refresh_from_db()
    assert offer.state == "completed"
    other = OfferFactory(work_order=WorkOrderFactory(organisation=organisation))
    move_work_order(work_order=other.work_order, to="cancelled")
    other.refresh_from_db()
    assert (other.state, other.due_at) == ("withdrawn", None)


def test_going_back_takes_the_job_from_the_vendor(organisation: Organisation) -> None:
    vendor = VendorFactory(organisation=organisation)
    order = WorkOrderFactory(organisation=organisation, status="assigned", vendor=vendor, supplier_name=vendor.name)
    offer = OfferFactory(work_order=order, vendor=vendor, state="accepted", due_at=None)
    move_work_order(work_order=order, to="triaged")
    order.refresh_from_db()
    offer.refresh_from_db()
    assert (order.vendor, order.supplier_name, offer.state) == (None, "", "withdrawn")


def test_somebody_else_by_hand_ends_what_was_asked(organisation: Organisation) -> None:
    offer = OfferFactory(work_order=WorkOrderFactory(organisation=organisation))
    edit_work_order(work_order=offer.work_order, supplier_name="The owner’s brother", status="assigned")
    offer.refresh_from_db()
    assert offer.state == "withdrawn"


def test_only_done_jobs_of_a_vendor_are_rated(organisation: Organisation) -> None:
    order = WorkOrderFactory(organisation=organisation)
    for rating, code in ((6, "rating"), (5, "not_done")):
        with pytest.raises(DomainError) as refused:
            rate_work_order(work_order=order, rating=rating)
        assert refused.value.code == code
    vendor = VendorFactory(organisation=organisation, name="Flow")
    WorkOrder.objects.filter(pk=order.pk).update(vendor=vendor, status="done")
    assert rate_work_order(work_order=order, rating=4).rating == 4
    assert order.events.get().text == "Rated Flow: 4 of 5."
