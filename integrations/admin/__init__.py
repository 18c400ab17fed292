from __future__ import annotations

from integrations.admin import calls, connections, files, mirror, schedule, sync

__all__ = ["calls", "connections", "files", "mirror", "schedule", "sync"]
