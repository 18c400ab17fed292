"""Tells a worker that a connection has events. The rows are the truth; what is sent here saves waiting for beat."""

from __future__ import annotations

import logging
import threading
import time
from uuid import UUID

from celery import current_app

logger = logging.getLogger(__name__)

# In a storm of deliveries a worker is told this often (seconds), not once a delivery.
GAP = 0.5
# A message is counted on only while it is this far from being worked: the row committed now must be seen then.
MARGIN = 0.1
MOST_KEPT = 10_000

_lock = threading.Lock()
_last: dict[UUID, float] = {}
_coming: dict[UUID, float] = {}


def ring(connection_id: UUID) -> None:
    """Called after the commit. Never fails: without a broker, beat's sweep finds the rows."""
    wait = _claim(connection_id, time.monotonic())
    if wait is None:
        return
    try:
        current_app.send_task(
            "integrations.tasks.work_events", args=[str(connection_id)], countdown=wait or None, retry=False
        )
    except Exception as error:  # noqa: BLE001  # whatever the broker's client raises, the event is stored
        logger.warning("No worker could be told of new events: %s", type(error).__name__)


def _claim(connection_id: UUID, now: float) -> float | None:
    """Seconds until the worker is to look; None when a message that is still to come covers this event too."""
    with _lock:
        if _coming.get(connection_id, 0.0) > now + MARGIN:
            return None
        if len(_last) > MOST_KEPT:
            _last.clear()
            _coming.clear()
        quiet = now - _last.get(connection_id, -GAP) >= GAP
        _last[connection_id] = now
        if quiet:
            return 0.0
        _coming[connection_id] = now + GAP
        return GAP
