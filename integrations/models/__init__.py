from __future__ import annotations

from integrations.models.calls import CallPart
from integrations.models.connection import Connection, OAuthState
from integrations.models.files import FileLayout, FileUpload
from integrations.models.inbox import InboxEvent, WebhookEndpoint
from integrations.models.ledger import Conflict
from integrations.models.mapping import PropertyMapping
from integrations.models.mirror import ProviderRecord, Verdict
from integrations.models.sync import SyncChange, SyncCursor, SyncPlan, SyncPlanLine, SyncRun

__all__ = [
    "CallPart",
    "Conflict",
    "Connection",
    "FileLayout",
    "FileUpload",
    "InboxEvent",
    "OAuthState",
    "PropertyMapping",
    "ProviderRecord",
    "SyncChange",
    "SyncCursor",
    "SyncPlan",
    "SyncPlanLine",
    "SyncRun",
    "Verdict",
    "WebhookEndpoint",
]
