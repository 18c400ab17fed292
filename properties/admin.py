from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from core.admin import SourcedAdmin, StaffAdmin, list_link
from properties.models import Owner, Property, Unit


@admin.register(Owner)
class OwnerAdmin(SourcedAdmin):
    list_display = ("name", "email", "organisation", "provider")
    list_filter = ("provider", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    search_fields = ("name", "email", "=provider_id")
    ordering = ("-id",)


@admin.register(Property)
class PropertyAdmin(StaffAdmin):
    list_display = ("name", "suburb", "postcode", "kind", "status", "organisation", "owner")
    list_filter = ("status", "kind", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation", "owner")
    autocomplete_fields = ("organisation", "owner")
    search_fields = ("name", "suburb", "=postcode")
    ordering = ("-id",)
    extra_fields = ("units_link",)

    @admin.display(description="units")
    def units_link(self, record: Property) -> str:
        return list_link(Unit, "Show its units", property__id__exact=record.pk)


@admin.register(Unit)
class UnitAdmin(StaffAdmin):
    list_display = ("__str__", "property", "status", "market_rent", "rent_period", "organisation")
    list_filter = ("status", ("organisation", AutocompleteSelectFilter), ("property", AutocompleteSelectFilter))
    list_select_related = ("organisation", "property")
    autocomplete_fields = ("organisation", "property")
    search_fields = ("label", "property__name")
    ordering = ("-id",)
