"""Changing a connection's rhythm, and ending it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from access.models import User
from core.errors import DomainError
from integrations import registry
from integrations.errors import IntegrationError
from integrations.models import Connection, SyncRun
from integrations.oauth import OAuthClient
from integrations.services import files, undo
from integrations.services import sync as sync_services
from integrations.specs import Auth

SHORTEST_RHYTHM, LONGEST_RHYTHM = 5, 31 * 24 * 60


def disconnect(*, connection: Connection, user: User, keep_data: bool) -> None:
    """End the connection: tokens are revoked at the provider and deleted here; mappings stay for a later reconnect.

    Keys are deleted here alone: only the organisation can take them back at the provider. Files that were uploaded for
    it are deleted.

    With keep_data=False all that it imported is reversed, except what was changed, exported or closed. The provider
    being out of reach does not keep the connection alive; the reason then says that its grant may still stand. The
    provider's own "disconnect portfolio" call is never used: it cannot be undone there.
    """
    spec = registry.get(connection.provider)
    with transaction.atomic():
        locked = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        token = locked.refresh_token or locked.access_token
        _end(locked, reason="")
        for run in locked.runs.filter(status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]):
            sync_services.cancel_run(run=run, user=user)
        files.delete_files(connection=locked)
        if not keep_data:
            undo.reverse_everything(connection=locked, user=user)
    if token and spec.auth == Auth.OAUTH2:
        try:
            OAuthClient(spec).revoke(str(token))
        except IntegrationError:
            reason = f"{spec.label} could not be reached to withdraw the access; remove it there as well."
            Connection.objects.filter(pk=connection.pk).update(status_reason=reason, updated_at=timezone.now())
    connection.refresh_from_db()


def update_settings(*, connection: Connection, user: User, auto_sync: bool, sync_every_minutes: int) -> Connection:
    """Change the rhythm; the next sync moves with it. Raises DomainError `bad_rhythm`."""
    if not SHORTEST_RHYTHM <= sync_every_minutes <= LONGEST_RHYTHM:
        raise DomainError("bad_rhythm", "Choose a rhythm between five minutes and a month.")
    with transaction.atomic():
        locked = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        locked.auto_sync = auto_sync
        locked.sync_every_minutes = sync_every_minutes
        since = locked.last_sync_at or timezone.now()
        is_due_at = max(since + timedelta(minutes=sync_every_minutes), timezone.now())
        locked.next_sync_at = is_due_at if auto_sync and locked.status == Connection.Status.ACTIVE else None
        locked.save(update_fields=["auto_sync", "sync_every_minutes", "next_sync_at", "updated_at"])
    connection.refresh_from_db()
    return connection


def _end(connection: Connection, *, reason: str) -> None:
    connection.status, connection.status_reason = Connection.Status.DISCONNECTED, reason
    connection.status_since = timezone.now()
    connection.access_token = connection.refresh_token = connection.keys = None
    connection.token_expires_at = connection.next_sync_at = None
    connection.save()
