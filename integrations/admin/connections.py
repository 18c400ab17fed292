from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import StaffAdmin, list_link, state_column
from integrations.admin.actions import CONNECTION_ACTIONS
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncRun


@admin.register(Connection)
class ConnectionAdmin(StaffAdmin):
    """Grants at providers. Tokens are encrypted fields, which the desk never shows."""

    status_word = state_column("status", active="success", expired="warning", revoked="danger")
    list_display = (
        "__str__",
        "provider",
        "organisation",
        "status_word",
        "status_since",
        "last_sync_at",
        "next_sync_at",
    )
    list_filter = ("status", "provider", "auto_sync", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation", "connected_by")
    search_fields = ("account_name", "=account_id", "=id", "organisation__name")
    staff_actions = CONNECTION_ACTIONS
    ordering = ("-id",)
    extra_fields = ("runs_link", "mappings_link", "records_link")

    @admin.display(description="runs")
    def runs_link(self, connection: Connection) -> SafeString:
        return list_link(SyncRun, "Show its syncs", connection__id__exact=connection.pk)

    @admin.display(description="mappings")
    def mappings_link(self, connection: Connection) -> SafeString:
        return list_link(PropertyMapping, "Show its mappings", connection__id__exact=connection.pk)

    @admin.display(description="remote records")
    def records_link(self, connection: Connection) -> SafeString:
        return list_link(ProviderRecord, "Show its records", connection__id__exact=connection.pk)


@admin.register(PropertyMapping)
class PropertyMappingAdmin(StaffAdmin):
    state_word = state_column("state", mapped="success", unmapped="warning")
    list_display = ("__str__", "state_word", "property", "suggested_property", "suggestion_score", "connection")
    list_filter = (
        "state",
        "auto_sync",
        ("organisation", AutocompleteSelectFilter),
        ("connection", AutocompleteSelectFilter),
    )
    list_select_related = ("property", "suggested_property", "connection")
    autocomplete_fields = ("organisation", "connection", "property", "unit", "suggested_property", "mapped_by")
    search_fields = ("provider_property_address", "=provider_property_id", "property__name")
    ordering = ("-id",)
    extra_fields = ("records_link",)

    @admin.display(description="its remote records")
    def records_link(self, mapping: PropertyMapping) -> Any:
        return list_link(
            ProviderRecord,
            "Show the records",
            connection__id__exact=mapping.connection_id,
            property_ref=mapping.provider_property_id,
        )
