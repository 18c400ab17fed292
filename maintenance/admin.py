from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import SourcedAdmin, StaffAdmin
from maintenance.models import MaintenancePolicy, MaintenanceRequest, Offer, OwnerApproval, Quote, Vendor, WorkOrder

_ORGANISATION = ("organisation", AutocompleteSelectFilter)


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
    autocomplete_fields = ("organisation", "property", "unit", "vendor")
    search_fields = ("title", "=number", "supplier_name", "property__name", "=provider_id")
    ordering = ("-id",)


@admin.register(Vendor)
class VendorAdmin(SourcedAdmin):
    list_display = ("name", "email", "is_active", "insurance_expires_on", "licence_expires_on", "organisation")
    list_filter = ("is_active", "channel", _ORGANISATION)
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    search_fields = ("name", "email", "=provider_id")
    ordering = ("-id",)


@admin.register(Offer)
class OfferAdmin(StaffAdmin):
    list_display = ("work_order", "vendor", "kind", "state", "attempts", "due_at", "last_error", "organisation")
    list_filter = ("state", "kind", "channel", _ORGANISATION)
    list_select_related = ("work_order", "vendor", "organisation")
    search_fields = ("work_order__title", "vendor__name", "=channel_reference")
    exclude = ("token_hash",)
    ordering = ("-id",)


@admin.register(Quote)
class QuoteAdmin(StaffAdmin):
    list_display = ("work_order", "vendor", "amount", "currency", "state", "decided_by_name", "organisation")
    list_filter = ("state", _ORGANISATION)
    list_select_related = ("work_order", "vendor", "organisation")
    search_fields = ("work_order__title", "vendor__name")
    ordering = ("-id",)


@admin.register(OwnerApproval)
class OwnerApprovalAdmin(StaffAdmin):
    list_display = ("owner_name", "quote", "state", "attempts", "last_error", "organisation")
    list_filter = ("state", _ORGANISATION)
    list_select_related = ("quote", "organisation")
    search_fields = ("owner_name", "owner_email")
    exclude = ("token_hash",)
    ordering = ("-id",)


@admin.register(MaintenanceRequest)
class MaintenanceRequestAdmin(StaffAdmin):
    list_display = ("title", "property", "state", "priority", "reporter_name", "organisation")
    list_filter = ("state", "priority", _ORGANISATION)
    list_select_related = ("property", "organisation")
    search_fields = ("title", "reporter_name", "property__name")
    ordering = ("-id",)


@admin.register(MaintenancePolicy)
class MaintenancePolicyAdmin(StaffAdmin):
    list_display = ("organisation", "next_vendor", "max_vendors", "agent_limit", "admin_limit")
    list_select_related = ("organisation",)
    search_fields = ("organisation__name",)
    ordering = ("-id",)
