from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from accounting.models import Transaction
from core.admin import StaffAdmin, list_link, record_link, state_column
from integrations.admin.actions import CONFLICT_ACTIONS, RECORD_ACTIONS
from integrations.models import Conflict, ProviderRecord, SyncRun
from integrations.records import Resource
from maintenance.models import WorkOrder
from properties.models import Owner, Property
from tenancies.models import Lease, Tenant

# What a remote record of each resource becomes.
_BECOMES: dict[str, type[Model]] = {
    Resource.PAYMENT: Transaction,
    Resource.BILL: Transaction,
    Resource.TENANCY: Lease,
    Resource.JOB: WorkOrder,
    Resource.PROPERTY: Property,
}


@admin.register(ProviderRecord)
class ProviderRecordAdmin(StaffAdmin):
    """The mirror, by the million: machine-written, searched by id, amount or the start of its label."""

    verdict_word = state_column(
        "verdict",
        imported="success",
        unmapped="warning",
        conflict="warning",
        rejected="danger",
        pending="info",
        missing="danger",
    )
    list_display = (
        "__str__",
        "resource",
        "verdict_word",
        "reason",
        "amount",
        "occurred_on",
        "connection",
        "changed_at",
    )
    list_filter = (
        "verdict",
        "resource",
        "is_void",
        ("connection", AutocompleteSelectFilter),
        ("organisation", AutocompleteSelectFilter),
    )
    list_select_related = ("connection",)
    autocomplete_fields = ("organisation", "connection", "decided_by")
    search_fields = ("=id", "=provider_id", "label")
    staff_actions = RECORD_ACTIONS
    ordering = ("-id",)
    extra_fields = ("became", "conflicts_link", "run_link")

    def lookup_allowed(self, lookup: str, value: str, request: object = None) -> bool:
        return lookup == "property_ref" or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    @admin.display(description="what it became")
    def became(self, record: ProviderRecord) -> str:
        if record.target_id is None:
            return "–"
        if record.resource == Resource.CONTACT:
            model: type[Model] = Tenant if Tenant.objects.filter(pk=record.target_id).exists() else Owner
        else:
            model = _BECOMES[record.resource]
        return record_link(model, record.target_id, f"Show the {model._meta.verbose_name}")

    @admin.display(description="conflicts")
    def conflicts_link(self, record: ProviderRecord) -> SafeString:
        return list_link(Conflict, "Show its conflicts", record__id__exact=record.pk)

    @admin.display(description="last written by")
    def run_link(self, record: ProviderRecord) -> str:
        return record_link(SyncRun, record.last_run_id, "Show the run") if record.last_run_id else "–"


@admin.register(Conflict)
class ConflictAdmin(StaffAdmin):
    state_word = state_column("state", open="warning", ours="success", theirs="success")
    list_display = ("__str__", "cause", "state_word", "target", "connection", "created_at", "decided_by")
    list_filter = (
        "state",
        "cause",
        ("connection", AutocompleteSelectFilter),
        ("organisation", AutocompleteSelectFilter),
        ("record", AutocompleteSelectFilter),
    )
    list_select_related = ("connection", "decided_by")
    autocomplete_fields = ("organisation", "connection", "record", "decided_by")
    search_fields = ("=id", "=target_id", "record__label")
    staff_actions = CONFLICT_ACTIONS
    ordering = ("-id",)
    extra_fields = ("ours",)

    @admin.display(description="our record")
    def ours(self, conflict: Conflict) -> str:
        model: type[Model] = {"lease": Lease, "work_order": WorkOrder}.get(conflict.target, Transaction)
        return record_link(model, conflict.target_id, f"Show the {model._meta.verbose_name}")
