"""A worker process for events of the throwaway provider: does what beat and a worker do, until it is killed."""

from __future__ import annotations

import os
import sys
import time

# Small runs, so that a kill meets one of many.
EVENTS_A_RUN = 20
LOOK_SECONDS = 0.02


def main(address: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from integrations import registry, tasks
    from integrations.inbox import work
    from integrations.services import inbox, sync
    from tests.integrations.throwaway import SPEC

    registry.PROVIDERS[SPEC.slug] = SPEC
    settings.COTTAGE_API_URL = settings.COTTAGE_AUTH_URL = address
    settings.COTTAGE_CLIENT_ID, settings.COTTAGE_CLIENT_SECRET = "cottage-id", "cottage-secret"
    settings.COTTAGE_CLIENT_AUTH = "post"
    work.MOST_EVENTS = EVENTS_A_RUN
    parent = os.getppid()
    while os.getppid() == parent:
        for run_id in sync.recover_lost(now=timezone.now()):
            tasks.run_sync(str(run_id))
        for connection_id in inbox.sweep(now=timezone.now()):
            tasks.work_events(str(connection_id))
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
