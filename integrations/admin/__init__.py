from __future__ import annotations

from integrations.admin import connections, mirror, schedule, sync

__all__ = ["connections", "mirror", "schedule", "sync"]
