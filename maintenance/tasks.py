from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from maintenance.services import offers, quotes


@shared_task(name="maintenance.tasks.sweep_due")
def sweep_due() -> int:
    """Sends, times out and passes on what is due; answers how many rows were worked.

    Beat calls it each minute, and every service that makes something due asks for it at once. What a pass makes due
    (a refusal that goes on to the next vendor) is worked in the same call, so that a job does not wait for the beat.
    """
    worked = 0
    for _ in range(5):
        now = timezone.now()
        done = [key for key in offers.due_offers(now=now) if offers.work_due(offer_id=key, now=now)]
        done += [key for key in quotes.due_approvals(now=now) if quotes.send_approval(approval_id=key, now=now)]
        worked += len(done)
        if not done:
            break
    return worked
