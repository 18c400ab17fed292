from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import StaffAdmin
from integrations.models import CallPart


@admin.register(CallPart)
class CallPartAdmin(StaffAdmin):
    """Calls of each connection, five minutes a row."""

    list_display = ("begins_at", "connection", "calls", "failed", "refused", "waits", "wait_ms", "top_use")
    list_filter = (("connection", AutocompleteSelectFilter), ("organisation", AutocompleteSelectFilter))
    list_select_related = ("connection",)
    autocomplete_fields = ("organisation", "connection")
    search_fields = ("connection__account_name",)
    ordering = ("-begins_at", "-id")
