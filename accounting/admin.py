from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from accounting.models import BooksLock, Category, CategoryRule, Transaction, TransactionRevision
from core.admin import SourcedAdmin, StaffAdmin, list_link, record_link, state_column


@admin.register(Category)
class CategoryAdmin(StaffAdmin):
    list_display = ("name", "code", "kind", "position", "organisation")
    list_filter = ("kind", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation",)
    autocomplete_fields = ("organisation",)
    search_fields = ("name", "code")
    ordering = ("organisation", "position", "id")


@admin.register(CategoryRule)
class CategoryRuleAdmin(StaffAdmin):
    list_display = ("__str__", "category", "position", "is_enabled", "organisation")
    list_filter = ("is_enabled", "job_link", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation", "category")
    autocomplete_fields = ("organisation", "category")
    search_fields = ("supplier", "category__name")
    ordering = ("organisation", "position", "id")


@admin.register(BooksLock)
class BooksLockAdmin(StaffAdmin):
    list_display = ("organisation", "closed_through", "closed_by", "updated_at")
    list_select_related = ("organisation", "closed_by")
    autocomplete_fields = ("organisation", "closed_by")
    search_fields = ("organisation__name",)
    ordering = ("-id",)


@admin.register(Transaction)
class TransactionAdmin(SourcedAdmin):
    """Lines of the books. By the million: newest first by key, no date drill-down, no full counts."""

    status_word = state_column("status", confirmed="success", reversed="warning", reversal="info")
    list_display = (
        "occurred_on",
        "description",
        "kind",
        "amount",
        "currency",
        "category",
        "property",
        "status_word",
        "provider",
        "organisation",
    )
    list_display_links = ("occurred_on", "description")
    list_filter = (
        "kind",
        "status",
        "provider",
        "is_derived",
        ("organisation", AutocompleteSelectFilter),
        ("property", AutocompleteSelectFilter),
        ("category", AutocompleteSelectFilter),
    )
    list_select_related = ("category", "property", "organisation")
    autocomplete_fields = ("organisation", "property", "lease", "category", "reverses", "edited_by")
    search_fields = ("=id", "=provider_transaction_id", "=reference", "description")
    ordering = ("-id",)
    extra_fields = ("history_link", "opposite")
    provider_id_field = "provider_transaction_id"

    @admin.display(description="history")
    def history_link(self, record: Transaction) -> SafeString:
        return list_link(TransactionRevision, "What it said before", transaction__id__exact=record.pk)

    @admin.display(description="counterpart")
    def opposite(self, record: Transaction) -> str:
        other = record.reverses or Transaction.objects.filter(reverses=record).first()
        return record_link(Transaction, other.pk, str(other)) if other else "–"


@admin.register(TransactionRevision)
class TransactionRevisionAdmin(StaffAdmin):
    list_display = ("created_at", "reason", "transaction", "changed_by", "organisation")
    list_filter = (("organisation", AutocompleteSelectFilter), ("changed_by", AutocompleteSelectFilter))
    list_select_related = ("transaction", "changed_by", "organisation")
    autocomplete_fields = ("organisation", "transaction", "changed_by")
    search_fields = ("=transaction__id", "reason")
    ordering = ("-id",)
