"""Tones and words that several pages share."""

from __future__ import annotations

from maintenance.models import Offer, WorkOrder

S = WorkOrder.Status
STATUS_TONES: dict[str, str] = {
    S.NEW.value: "info",
    S.TRIAGED.value: "info",
    S.QUOTED.value: "warn",
    S.APPROVED.value: "info",
    S.ASSIGNED.value: "info",
    S.SCHEDULED.value: "info",
    S.IN_PROGRESS.value: "info",
    S.DONE.value: "good",
    S.BILLED.value: "good",
    S.CANCELLED.value: "neutral",
}
PRIORITY_TONES: dict[str, str] = {WorkOrder.Priority.HIGH.value: "warn", WorkOrder.Priority.URGENT.value: "bad"}
O = Offer.State  # noqa: E741  # as S above
LINK_WORDS: dict[str, str] = {
    O.QUEUED.value: "info",
    O.SENT.value: "info",
    O.QUOTED.value: "warn",
    O.ACCEPTED.value: "good",
    O.COMPLETED.value: "good",
    O.DECLINED.value: "warn",
    O.TIMED_OUT.value: "warn",
    O.FAILED.value: "bad",
    O.WITHDRAWN.value: "neutral",
}
QUOTE_TONES = {"submitted": "warn", "accepted": "good", "rejected": "neutral"}
