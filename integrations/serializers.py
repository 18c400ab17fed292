from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers

from integrations.models import Connection, SyncRun
from integrations.selectors.runs import progress_of, totals_of


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    """A connection without anything secret."""

    class Meta:
        model = Connection
        fields = (
            "id", "provider", "account_id", "account_name", "status", "status_reason", "status_since", "ledger_mode",
            "scopes", "token_expires_at", "auto_sync", "sync_every_minutes", "next_sync_at", "last_sync_at",
            "failing_since",
        )  # fmt: skip
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer[SyncRun]):
    """A sync's progress and outcome. `rate` is records a second; money is text with two decimals."""

    connection = serializers.UUIDField(source="connection_id", read_only=True)
    undoes = serializers.UUIDField(source="undoes_id", read_only=True)
    is_finished = serializers.SerializerMethodField()
    rate = serializers.SerializerMethodField()
    seconds_left = serializers.SerializerMethodField()
    sums = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField()

    class Meta:
        model = SyncRun
        fields = (
            "id", "connection", "sync_type", "status", "trigger", "full", "stage", "done", "expected", "rate",
            "seconds_left", "counts", "sums", "totals", "transactions_created", "errors", "waited_seconds",
            "held_reason", "attempt", "started_at", "finished_at", "is_finished", "undoes", "url",
        )  # fmt: skip
        read_only_fields = fields

    def get_is_finished(self, run: SyncRun) -> bool:
        return run.status in SyncRun.FINISHED

    def get_rate(self, run: SyncRun) -> int | None:
        return progress_of(run).rate

    def get_seconds_left(self, run: SyncRun) -> int | None:
        return progress_of(run).left

    def get_sums(self, run: SyncRun) -> dict[str, int]:
        return totals_of(run.counts)

    def get_url(self, run: SyncRun) -> str:
        return reverse("integrations:run", args=[run.connection.provider, run.id])


class SyncRequestSerializer(serializers.Serializer[Any]):
    """What a script may ask of a sync."""

    full = serializers.BooleanField(default=False, help_text="Read everything again instead of changes only.")
    force = serializers.BooleanField(default=False, help_text="Let a held amount of change through.")
