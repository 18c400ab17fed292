"""Everything that is done to a connection, under one name for views, tasks and the admin."""

from __future__ import annotations

from integrations.services.granting import ConnectResult, confirm_other_account
from integrations.services.keys import connect_tried, connect_with_keys, try_keys
from integrations.services.lifecycle import disconnect, update_settings
from integrations.services.signin import begin_connect, finish_connect, refuse_consent
from integrations.services.tokens import fresh_access_token, mark_reauth

__all__ = [
    "ConnectResult",
    "begin_connect",
    "confirm_other_account",
    "connect_tried",
    "connect_with_keys",
    "disconnect",
    "finish_connect",
    "fresh_access_token",
    "mark_reauth",
    "refuse_consent",
    "try_keys",
    "update_settings",
]
