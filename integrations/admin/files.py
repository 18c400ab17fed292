from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import StaffAdmin, state_column
from integrations.models import FileLayout, FileUpload


@admin.register(FileUpload)
class FileUploadAdmin(StaffAdmin):
    """Spreadsheets on their way: what was found in each, and who works on it. Their contents stay with the people."""

    exclude = ("samples", "problems", "profile")
    status_word = state_column("status", accepted="success", checked="warning", columns="warning", failed="danger")
    list_display = ("__str__", "kind", "organisation", "connection", "status_word", "good", "bad", "created_at")
    list_filter = ("status", "kind", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation", "connection")
    autocomplete_fields = ("organisation", "connection", "uploaded_by")
    search_fields = ("name", "=id", "organisation__name")
    ordering = ("-id",)


@admin.register(FileLayout)
class FileLayoutAdmin(StaffAdmin):
    list_display = ("kind", "organisation", "connection", "updated_at")
    list_filter = ("kind", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation", "connection")
    autocomplete_fields = ("organisation", "connection")
    search_fields = ("=id", "organisation__name")
    ordering = ("-id",)
