from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from core import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

app = Celery("propertytracker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def settle_memory(**_: Any) -> None:
    """Celery's own signal: a pool process has loaded everything and begins its long life."""
    memory.settle()
