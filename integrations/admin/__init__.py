from __future__ import annotations

from integrations.admin import calls, connections, files, inbox, mirror, schedule, sync

__all__ = ["calls", "connections", "files", "inbox", "mirror", "schedule", "sync"]
