from __future__ import annotations

from integrations.models.connection import Connection, OAuthState
from integrations.models.ledger import Conflict
from integrations.models.mapping import PropertyMapping
from integrations.models.mirror import ProviderRecord, Verdict
from integrations.models.sync import SyncChange, SyncCursor, SyncPlan, SyncPlanLine, SyncRun

__all__ = [
    "Conflict",
    "Connection",
    "OAuthState",
    "PropertyMapping",
    "ProviderRecord",
    "SyncChange",
    "SyncCursor",
    "SyncPlan",
    "SyncPlanLine",
    "SyncRun",
    "Verdict",
]
