"""How a job may move. One table; the board, the forms, vendors' links and the API all ask it."""

from __future__ import annotations

from core.errors import DomainError
from maintenance.models import WorkOrder

S = WorkOrder.Status

# A job goes on from left to right; it goes back where work falls through, and is closed from any open state but
# `quoted`, in which the cost still has to be decided. A provider's report is taken as it is: it says what is so.
MOVES: dict[str, tuple[str, ...]] = {
    S.NEW: (S.TRIAGED, S.QUOTED, S.APPROVED, S.ASSIGNED, S.DONE, S.CANCELLED),
    S.TRIAGED: (S.NEW, S.QUOTED, S.APPROVED, S.ASSIGNED, S.DONE, S.CANCELLED),
    S.QUOTED: (S.TRIAGED, S.APPROVED, S.CANCELLED),
    S.APPROVED: (S.TRIAGED, S.QUOTED, S.ASSIGNED, S.DONE, S.CANCELLED),
    S.ASSIGNED: (S.TRIAGED, S.QUOTED, S.APPROVED, S.SCHEDULED, S.IN_PROGRESS, S.DONE, S.CANCELLED),
    S.SCHEDULED: (S.TRIAGED, S.APPROVED, S.ASSIGNED, S.IN_PROGRESS, S.DONE, S.CANCELLED),
    S.IN_PROGRESS: (S.APPROVED, S.ASSIGNED, S.SCHEDULED, S.DONE, S.CANCELLED),
    S.DONE: (S.ASSIGNED, S.IN_PROGRESS, S.BILLED, S.CANCELLED),
    S.BILLED: (S.DONE,),
    S.CANCELLED: (S.NEW, S.TRIAGED, S.DONE),
}
CLOSED = (S.DONE, S.BILLED, S.CANCELLED)
# What a person should do first, where the plain refusal would leave them guessing.
_FIRST = {
    (S.QUOTED, S.ASSIGNED): "Accept a quote first, or go back to triaged.",
    (S.QUOTED, S.DONE): "Decide on the quote first: accept it, or cancel the job.",
    (S.NEW, S.SCHEDULED): "Assign it to a vendor first.",
    (S.TRIAGED, S.SCHEDULED): "Assign it to a vendor first.",
    (S.APPROVED, S.SCHEDULED): "Assign it to a vendor first.",
    (S.NEW, S.IN_PROGRESS): "Assign it to a vendor first.",
    (S.TRIAGED, S.IN_PROGRESS): "Assign it to a vendor first.",
    (S.APPROVED, S.IN_PROGRESS): "Assign it to a vendor first.",
}


def targets(order: WorkOrder) -> list[tuple[str, str]]:
    """(state, its name) of each state that the job may move to now."""
    return [(state, str(S(state).label)) for state in MOVES[order.status]]


def check_move(order: WorkOrder, to: str) -> None:
    """Raises DomainError `unknown_state`, `move_refused`, `no_vendor` or `no_time`, with the reason and what helps."""
    if to not in S.values:
        raise DomainError("unknown_state", "There is no such state. Choose one from the list.")
    if to == order.status:
        return
    was, wanted = S(order.status), S(to)
    if to not in MOVES[order.status]:
        allowed = ", ".join(str(S(state).label).lower() for state in MOVES[order.status])
        hint = _FIRST.get((was, wanted)) or f"From here it can become {allowed}."
        raise DomainError(
            "move_refused", f"A job that is {was.label.lower()} cannot become {wanted.label.lower()}. {hint}"
        )
    if wanted in (S.ASSIGNED, S.SCHEDULED, S.IN_PROGRESS) and order.vendor_id is None and not order.supplier_name:
        raise DomainError("no_vendor", "Nobody has this job yet. Choose a vendor, or write who does it as supplier.")
    if wanted == S.SCHEDULED and order.scheduled_for is None:
        raise DomainError("no_time", "Say when first: open the job, choose Edit and fill in “Scheduled for”.")
