from __future__ import annotations

import orjson
from django.db import models

from access.models import OrganisationOwned, User
from core.fields import EncryptedTextField
from core.models import BaseModel


class Connection(OrganisationOwned, BaseModel):
    """An organisation's grant at a provider: one account there, its tokens, its rhythm and its health."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Connected"
        EXPIRED = "expired", "Sign in again"
        REVOKED = "revoked", "Access withdrawn"
        DISCONNECTED = "disconnected", "Disconnected"

    class LedgerMode(models.TextChoices):
        UNKNOWN = "unknown", "Not asked yet"
        LINE = "line", "Line by line"
        DERIVED = "derived", "Derived from balances"

    provider = models.CharField(max_length=40)
    account_id = models.CharField(max_length=128, blank=True, default="", help_text="The account's id at the provider.")
    account_name = models.CharField(max_length=200, blank=True, default="")
    status = models.CharField(max_length=14, choices=Status, default=Status.ACTIVE)
    status_reason = models.CharField(max_length=300, blank=True, default="")
    status_since = models.DateTimeField()
    access_token = EncryptedTextField(null=True)
    refresh_token = EncryptedTextField(null=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    # What was typed into the connect form of a provider without sign-in page: a JSON object of its key fields.
    keys = EncryptedTextField(null=True)
    scopes = models.JSONField(default=list, blank=True)
    ledger_mode = models.CharField(max_length=8, choices=LedgerMode, default=LedgerMode.UNKNOWN)
    auto_sync = models.BooleanField(default=True)
    sync_every_minutes = models.PositiveIntegerField(default=24 * 60)
    next_sync_at = models.DateTimeField(null=True, blank=True)
    last_sync_at = models.DateTimeField(null=True, blank=True, help_text="When a sync last finished without error.")
    # Consecutive failures since the last good sync, and when the first of them happened: pages say "down since …".
    failing_since = models.DateTimeField(null=True, blank=True)
    connected_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            # The same remote account twice in one organisation would import everything twice.
            models.UniqueConstraint(
                fields=["organisation", "provider", "account_id"],
                condition=~models.Q(account_id=""),
                name="connection_account_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_sync_at"], name="connection_due", condition=models.Q(status="active", auto_sync=True)
            )
        ]

    def __str__(self) -> str:
        return self.account_name or self.provider

    def read_keys(self) -> dict[str, str]:
        """The stored keys by field name; empty where there are none."""
        return dict(orjson.loads(str(self.keys))) if self.keys else {}


class OAuthState(OrganisationOwned, BaseModel):
    """A sign-in at a provider that has begun: used once, by the same person in the same session."""

    provider = models.CharField(max_length=40)
    # Only the hash is stored, so that a leaked database row cannot finish someone's sign-in.
    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    code_verifier = EncryptedTextField()
    reconnects = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    # Tokens of a different agency wait here until the person confirms the change.
    pending_tokens = EncryptedTextField(null=True)
    pending_account = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.provider} sign-in by {self.user_id}"
