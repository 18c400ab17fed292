from __future__ import annotations

from django.db import models

from access.models import Organisation, OrganisationOwned, User
from core.ids import uuid7
from core.models import BaseModel
from integrations.models.connection import Connection


class SyncCursor(BaseModel):
    """How far a resource of a connection has been read, and where an interrupted sweep goes on."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    resource = models.CharField(max_length=20)
    # The provider's own cursor as text: opaque int64, date-time, or date. Blank: nothing read yet.
    value = models.CharField(max_length=200, blank=True, default="")
    # Rows read in the sweep under way (offset paging); None when no sweep is under way.
    position = models.BigIntegerField(null=True, blank=True)
    sweep_run_id = models.UUIDField(null=True, blank=True)
    last_read_at = models.DateTimeField(null=True, blank=True, help_text="End of the last complete read.")
    last_sweep_at = models.DateTimeField(null=True, blank=True, help_text="End of the last complete full read.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "resource"], name="cursor_once")]

    def __str__(self) -> str:
        return f"{self.resource} at {self.value or 'the beginning'}"


class SyncRun(OrganisationOwned, BaseModel):
    """One sync: what asked for it, how far it is, what it did. The history that people read and undo."""

    class Type(models.TextChoices):
        FULL = "full", "Full"
        INCREMENTAL = "incremental", "Changes only"
        MANUAL = "manual", "Manual"
        PREVIEW = "preview", "Preview"
        APPLY = "apply", "From what was read"
        UNDO = "undo", "Undo"
        EVENTS = "events", "Events"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        HELD = "held", "Held for you"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        LOST = "lost", "Presumed lost"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    sync_type = models.CharField(max_length=12, choices=Type)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    trigger = models.CharField(max_length=20, default="schedule", help_text="schedule, person, shell, mapping, retry")
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    full = models.BooleanField(default=False, help_text="Reads everything again instead of changes only.")
    force = models.BooleanField(default=False, help_text="A person looked at the held run and let it go on.")
    # {resource: {seen, created, updated, unchanged, skipped, conflicted, failed, unmapped, missing}}
    counts = models.JSONField(default=dict, blank=True)
    # {"income": "1234.50", "expense": "..."}: money of the transactions this run created.
    totals = models.JSONField(default=dict, blank=True)
    transactions_created = models.PositiveIntegerField(default=0)
    # [{"code", "message", "resource", "provider_id", "detail"}], the first hundred; counts has the rest.
    errors = models.JSONField(default=list, blank=True)
    stage = models.CharField(max_length=40, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    expected = models.PositiveIntegerField(null=True, blank=True)
    waited_seconds = models.PositiveIntegerField(default=0, help_text="Spent waiting because the provider asked.")
    cancel_requested = models.BooleanField(default=False)
    held_reason = models.CharField(max_length=300, blank=True, default="")
    attempt = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    undoes = models.OneToOneField("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="undone_by")
    plan = models.ForeignKey("SyncPlan", on_delete=models.SET_NULL, null=True, blank=True, related_name="runs")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=models.Q(status="running"), name="one_running_sync"
            )
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="run_connection")]

    def __str__(self) -> str:
        return f"{self.get_sync_type_display()} sync, {self.get_status_display().lower()}"

    FINISHED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.LOST)


class SyncPlan(OrganisationOwned, BaseModel):
    """A preview that was stored: apply executes exactly these lines."""

    class Kind(models.TextChoices):
        SYNC = "sync", "Sync"
        RULES = "rules", "Changed rules"

    class Status(models.TextChoices):
        BUILDING = "building", "Being worked out"
        READY = "ready", "Ready"
        APPLIED = "applied", "Applied"
        DISCARDED = "discarded", "Discarded"
        FAILED = "failed", "Failed"

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="plans")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.SYNC)
    status = models.CharField(max_length=10, choices=Status, default=Status.BUILDING)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    counts = models.JSONField(default=dict, blank=True, help_text="{action: lines}")
    error = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} preview"


class SyncPlanLine(models.Model):
    """One change of a preview. Void when its remote record changed before it was applied."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        APPLIED = "applied", "Applied"
        VOID = "void", "Void: the record changed meanwhile"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    plan = models.ForeignKey(SyncPlan, on_delete=models.CASCADE, related_name="lines", db_constraint=False)
    record_id = models.UUIDField()
    resource = models.CharField(max_length=20)
    action = models.CharField(max_length=10, help_text="create, update, void, skip, conflict, missing, reject")
    verdict = models.CharField(max_length=10)
    reason = models.CharField(max_length=300, blank=True, default="")
    content_hash = models.UUIDField()
    target_id = models.UUIDField(null=True, blank=True)
    property_id = models.UUIDField(null=True, blank=True)
    label = models.CharField(max_length=300, blank=True, default="")
    kind = models.CharField(max_length=8, blank=True, default="")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    changes = models.JSONField(default=dict, blank=True, help_text="{field: [old, new]}")
    state = models.CharField(max_length=8, choices=State, default=State.PLANNED)

    class Meta:
        indexes = [models.Index(fields=["plan", "action", "id"], name="plan_line_action")]

    def __str__(self) -> str:
        return f"{self.action} {self.label}"


class SyncChange(models.Model):
    """The undo log: what a run changed beside the transactions it created (those carry `sync_run_id` themselves)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes")
    record_id = models.UUIDField()
    action = models.CharField(max_length=12, help_text="create, update, void, recategorise, missing")
    target = models.CharField(max_length=20, help_text="transaction, lease, tenant, unit, work_order, mapping")
    target_id = models.UUIDField()
    changes = models.JSONField(default=dict, help_text="{field: [old, new]}")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["record_id"], name="change_record"),
            models.Index(fields=["target_id"], name="change_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
