"""Everything that is done to a connection, under one name for views, tasks and the admin."""

from __future__ import annotations

from integrations.services.lifecycle import disconnect, update_settings
from integrations.services.signin import (
    ConnectResult,
    begin_connect,
    confirm_other_account,
    finish_connect,
    refuse_consent,
)
from integrations.services.tokens import fresh_access_token, mark_reauth

__all__ = [
    "ConnectResult",
    "begin_connect",
    "confirm_other_account",
    "disconnect",
    "finish_connect",
    "fresh_access_token",
    "mark_reauth",
    "refuse_consent",
    "update_settings",
]
