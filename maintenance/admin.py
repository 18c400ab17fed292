from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import SourcedAdmin
from maintenance.models import WorkOrder


@admin.register(WorkOrder)
class WorkOrderAdmin(SourcedAdmin):
    list_display = ("title", "number", "property", "category", "status", "priority", "supplier_name", "organisation")
    list_filter = (
        "status",
        "priority",
        "category",
        "provider",
        ("organisation", AutocompleteSelectFilter),
        ("property", AutocompleteSelectFilter),
    )
    list_select_related = ("property", "organisation")
    autocomplete_fields = ("organisation", "property", "unit")
    search_fields = ("title", "=number", "supplier_name", "property__name", "=provider_id")
    ordering = ("-id",)
