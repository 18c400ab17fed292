from __future__ import annotations

from integrations.admin import connections, files, mirror, schedule, sync

__all__ = ["connections", "files", "mirror", "schedule", "sync"]
