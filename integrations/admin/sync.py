from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from accounting.models import Transaction
from core.admin import StaffAdmin, list_link, record_link, state_column
from integrations.admin.actions import RUN_ACTIONS
from integrations.models import ProviderRecord, SyncChange, SyncCursor, SyncPlan, SyncPlanLine, SyncRun


@admin.register(SyncRun)
class SyncRunAdmin(StaffAdmin):
    status_word = state_column(
        "status", completed="success", running="info", queued="info", held="warning", failed="danger", lost="danger"
    )
    list_display = (
        "created_at",
        "connection",
        "sync_type",
        "status_word",
        "trigger",
        "transactions_created",
        "attempt",
        "started_at",
        "finished_at",
    )
    list_filter = (
        "status",
        "sync_type",
        "trigger",
        ("connection", AutocompleteSelectFilter),
        ("organisation", AutocompleteSelectFilter),
    )
    list_select_related = ("connection",)
    autocomplete_fields = ("organisation", "connection", "requested_by", "undoes", "plan")
    search_fields = ("=id", "connection__account_name")
    staff_actions = RUN_ACTIONS
    ordering = ("-id",)
    extra_fields = ("changes_link",)

    @admin.display(description="undo log")
    def changes_link(self, run: SyncRun) -> SafeString:
        return list_link(SyncChange, "Show what it changed", run__id__exact=run.pk)


@admin.register(SyncCursor)
class SyncCursorAdmin(StaffAdmin):
    list_display = ("connection", "resource", "value", "position", "last_read_at", "last_sweep_at")
    list_filter = ("resource", ("connection", AutocompleteSelectFilter))
    list_select_related = ("connection",)
    autocomplete_fields = ("connection",)
    search_fields = ("connection__account_name",)
    ordering = ("-id",)


@admin.register(SyncPlan)
class SyncPlanAdmin(StaffAdmin):
    list_display = ("created_at", "connection", "kind", "status", "requested_by")
    list_filter = (
        "status",
        "kind",
        ("connection", AutocompleteSelectFilter),
        ("organisation", AutocompleteSelectFilter),
    )
    list_select_related = ("connection", "requested_by")
    autocomplete_fields = ("organisation", "connection", "requested_by")
    search_fields = ("=id",)
    ordering = ("-id",)
    extra_fields = ("lines_link",)

    @admin.display(description="lines")
    def lines_link(self, plan: SyncPlan) -> SafeString:
        return list_link(SyncPlanLine, "Show its lines", plan__id__exact=plan.pk)


@admin.register(SyncPlanLine)
class SyncPlanLineAdmin(StaffAdmin):
    list_display = ("label", "action", "resource", "verdict", "reason", "amount", "state", "plan")
    list_filter = (
        "action",
        "state",
        "resource",
        ("plan", AutocompleteSelectFilter),
        ("organisation", AutocompleteSelectFilter),
    )
    list_select_related = ("plan",)
    autocomplete_fields = ("organisation", "plan")
    search_fields = ("=record_id", "label")
    ordering = ("-id",)
    extra_fields = ("record_page",)

    @admin.display(description="remote record")
    def record_page(self, line: SyncPlanLine) -> str:
        return record_link(ProviderRecord, line.record_id, "Show the remote record")


@admin.register(SyncChange)
class SyncChangeAdmin(StaffAdmin):
    list_display = ("at", "action", "target", "run")
    list_filter = ("action", "target", ("run", AutocompleteSelectFilter), ("organisation", AutocompleteSelectFilter))
    list_select_related = ("run",)
    autocomplete_fields = ("organisation", "run")
    search_fields = ("=target_id", "=record_id")
    ordering = ("-id",)
    extra_fields = ("record_page", "target_page")

    @admin.display(description="remote record")
    def record_page(self, change: SyncChange) -> str:
        return record_link(ProviderRecord, change.record_id, "Show the remote record")

    @admin.display(description="changed record")
    def target_page(self, change: SyncChange) -> str:
        if change.target != "transaction":
            return f"{change.target} {change.target_id}"
        return record_link(Transaction, change.target_id, "Show the transaction")
