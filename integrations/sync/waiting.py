"""Waits that a provider causes: counted on the run, shown to people, and ended early when the run is cancelled."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from integrations.errors import RunCancelled
from integrations.models import SyncRun

# How long a cancelled run may go on waiting.
SLICE_SECONDS = 2.0
# The clock of this module: tests put their own here, so that no test waits.
sleep: Callable[[float], None] = time.sleep


class Waiting:
    """What the HTTP client is told to wait through, for one run."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        self._short = 0.0

    def announce(self, seconds: float) -> None:
        """Counts a wait on the run before it begins; those below a second are counted once they add up to one."""
        if seconds < 1:
            self._short += seconds
            if self._short < 1:
                return
            seconds, self._short = int(self._short), self._short % 1
        SyncRun.objects.filter(pk=self._run_id).update(
            waited_seconds=F("waited_seconds") + math.ceil(seconds), heartbeat_at=timezone.now()
        )

    def wait(self, seconds: float) -> None:
        """Waits in slices. Raises RunCancelled when a person asked the run to stop."""
        left = seconds
        while left > 0:
            step = min(left, SLICE_SECONDS)
            sleep(step)
            left -= step
            if SyncRun.objects.filter(pk=self._run_id, cancel_requested=True).exists():
                raise RunCancelled("The sync was cancelled. What it had finished is kept.")
