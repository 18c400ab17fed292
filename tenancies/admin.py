from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import SourcedAdmin, StaffAdmin, list_link
from tenancies.models import Lease, LeaseTenant, Tenant


@admin.register(Tenant)
class TenantAdmin(SourcedAdmin):
    list_display = ("name", "email", "phone", "organisation", "provider")
    list_filter = ("provider", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    search_fields = ("name", "email", "=provider_id")
    ordering = ("-id",)
    extra_fields = ("leases_link",)

    @admin.display(description="leases")
    def leases_link(self, tenant: Tenant) -> str:
        return list_link(LeaseTenant, "Show the leases", tenant__id__exact=tenant.pk)


@admin.register(Lease)
class LeaseAdmin(SourcedAdmin):
    list_display = ("__str__", "property", "unit", "status", "rent_amount", "ends_on", "arrears_amount", "organisation")
    list_filter = (
        "status",
        "is_periodic",
        "provider",
        ("organisation", AutocompleteSelectFilter),
        ("property", AutocompleteSelectFilter),
    )
    list_select_related = ("property", "unit", "organisation")
    autocomplete_fields = ("organisation", "property", "unit")
    search_fields = ("tenant_names", "property__name", "=provider_id")
    ordering = ("-id",)
    extra_fields = ("people",)

    @admin.display(description="tenants on it")
    def people(self, lease: Lease) -> str:
        return list_link(LeaseTenant, "Show the tenants", lease__id__exact=lease.pk)


@admin.register(LeaseTenant)
class LeaseTenantAdmin(StaffAdmin):
    list_display = ("tenant", "lease", "is_primary")
    list_filter = ("is_primary", ("lease", AutocompleteSelectFilter), ("tenant", AutocompleteSelectFilter))
    list_select_related = ("tenant", "lease")
    autocomplete_fields = ("tenant", "lease")
    search_fields = ("tenant__name", "lease__tenant_names")
    ordering = ("-id",)
