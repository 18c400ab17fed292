"""What the staff desk's pages share: records are looked at there, and changed only by actions that call services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import JSONField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display as labelled

from core.errors import DomainError
from core.fields import EncryptedTextField

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    BaseAdmin: TypeAlias = ModelAdmin[Any]
    BasePaginator: TypeAlias = Paginator[Any]
else:
    from unfold.admin import ModelAdmin as BaseAdmin

    BasePaginator = Paginator

admin.site.index_title = "Staff desk"
admin.site.site_title = "PropertyTracker"

# What fits in an address, and what a person can mean by "these".
MOST_AT_ONCE = 100
MOST_COUNTED = 10_000


class CappedPaginator(BasePaginator):
    """Counts no further than MOST_COUNTED rows: behind that, a filter finds a record sooner than paging."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows.order_by()[:MOST_COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


@dataclass(frozen=True, slots=True)
class StaffAction:
    """Something staff may do to records: it calls one service, and is written into the records' history.

    `run` takes a record and the staff member, and may return a sentence about the outcome; a DomainError is shown.
    `effects` say what happens and what stays, on the page that asks before a dangerous action.
    """

    name: str
    label: str
    question: str
    run: Callable[[Any, Any], str | None]
    effects: tuple[str, ...] = ()
    dangerous: bool = True
    applies: Callable[[Any], bool] = lambda record: True


def record_link(model: type[Model], pk: object, text: str) -> SafeString | str:
    """A link to a record's page on the staff desk; the text alone when there is no record or no such page."""
    if not pk:
        return text
    options = model._meta
    try:
        address = reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[pk])
    except NoReverseMatch:
        return text
    return format_html('<a class="text-link" href="{}">{}</a>', address, text)


def list_link(model: type[Model] | str, text: str, **filters: UUID | str) -> SafeString:
    """A link to the staff desk's list of a model, filtered; a model of a higher layer is named as `app_model`."""
    name = model if isinstance(model, str) else f"{model._meta.app_label}_{model._meta.model_name}"
    address = reverse(f"admin:{name}_changelist")
    return format_html(
        '<a class="text-link" href="{}?{}">{}</a>',
        address,
        urlencode({key: str(value) for key, value in filters.items()}),
        text,
    )


def _pretty(name: str, label: str) -> Callable[[Model], SafeString]:
    @admin.display(description=label)
    def show(record: Model) -> SafeString:
        text = json.dumps(getattr(record, name), indent=2, ensure_ascii=False, sort_keys=True)
        return format_html('<pre class="staff-json">{}</pre>', text)

    return show


class _Tones(dict[str, str]):
    """Tone of each value; a value without one is shown plain."""

    def __missing__(self, value: str) -> str:
        return ""


def state_column(name: str, description: str = "", **tones: str) -> Callable[[Any, Model], tuple[str, str]]:
    """A list column that shows a field with choices as a coloured word: tones are success, info, warning, danger."""

    def show(self: Any, record: Model) -> tuple[str, str]:
        return getattr(record, name), getattr(record, f"get_{name}_display")()

    decorate = labelled(description=description or name.replace("_", " "), ordering=name, label=_Tones(tones))
    return cast(Callable[[Any, Model], tuple[str, str]], decorate(show))


class StaffAdmin(BaseAdmin):
    """A model on the staff desk, for every organisation: lists, searches and shows, and offers `staff_actions`.

    Adding, changing and deleting by form are off for every model: they would pass by the services. Encrypted fields
    and those in `hidden` are never shown.
    """

    staff_actions: Sequence[StaffAction] = ()
    hidden: Sequence[str] = ()
    extra_fields: Sequence[str] = ()

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    compressed_fields = True
    change_form_before_template = "admin/staff_actions.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*self.extra_fields, *self._shown()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def _shown(self) -> Iterable[Any]:
        for field in self.model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField) or field.name in self.hidden:
                continue
            yield _pretty(field.name, str(field.verbose_name)) if isinstance(field, JSONField) else field.name

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {action.name: (partial(_from_list, action), action.name, action.label) for action in self.staff_actions}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.staff_action_view)
        return [path("staff-action/<slug:name>/", view, name=self._action_url_name), *super().get_urls()]

    @property
    def _action_url_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_staff_action"

    def action_address(self, action: StaffAction, ids: Iterable[object]) -> str:
        """The page that asks before doing `action` to the records with these ids."""
        query = urlencode({"id": [str(pk) for pk in ids]}, doseq=True)
        return f"{reverse(f'admin:{self._action_url_name}', args=[action.name])}?{query}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        record = self.get_object(request, object_id)
        links = [
            {"label": action.label, "url": self.action_address(action, [object_id])}
            for action in self.staff_actions
            if record is not None and action.applies(record)
        ]
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "staff_links": links})

    def staff_action_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Asks on GET, acts on POST."""
        action = next((item for item in self.staff_actions if item.name == name), None)
        values = (request.POST if request.method == "POST" else request.GET).getlist("id")
        records = self._records(request, values)
        if action is None or not records:
            raise Http404
        if request.method == "POST":
            self.perform(request, action, records)
            return redirect(self._address_after(records))
        context = {
            **self.admin_site.each_context(request),
            "title": action.label,
            "opts": self.opts,
            "action": action,
            "records": records,
            "back": self._address_after(records),
        }
        return TemplateResponse(request, "admin/staff_action.html", context)

    def _records(self, request: HttpRequest, values: Sequence[str]) -> list[Model]:
        try:
            ids = [UUID(value) for value in values[:MOST_AT_ONCE]]
        except ValueError as error:
            raise Http404 from error
        return list(self.get_queryset(request).filter(pk__in=ids))

    def _address_after(self, records: Sequence[Model]) -> str:
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{base}_change", args=[records[0].pk]) if len(records) == 1 else reverse(f"{base}_changelist")

    def perform(self, request: HttpRequest, action: StaffAction, records: Iterable[Model]) -> None:
        """Runs the action record by record: one that is refused says why and stops none of the others."""
        done = 0
        for record in records:
            try:
                outcome = action.run(record, request.user)
            except DomainError as error:
                messages.error(request, f"{record}: {error.message}")
                continue
            self.log_change(request, record, f"{action.label}. {outcome or ''}".strip())
            done += 1
            if outcome:
                messages.success(request, f"{record}: {outcome}")
        if done:
            messages.success(request, f"{action.label}: done for {done} {'record' if done == 1 else 'records'}.")


class SourcedAdmin(StaffAdmin):
    """Adds the way back from a record that a sync made to the remote record it was made of."""

    # Our key of a remote record imported more than once ends in "~2"; the provider's own id does not.
    provider_id_field = "provider_id"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["remote_record", *super().get_fields(request, obj)]

    @admin.display(description="remote record")
    def remote_record(self, record: Any) -> SafeString | str:
        if record.connection_id is None:
            return "Entered here"
        provider_id = getattr(record, self.provider_id_field).partition("~")[0]
        return list_link(
            "integrations_providerrecord",
            "Show what the provider sent",
            connection__id__exact=record.connection_id,
            q=provider_id,
        )


def _from_list(
    action: StaffAction, model_admin: StaffAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """The action as the list's menu starts it."""
    records = list(queryset[: MOST_AT_ONCE + 1])
    if len(records) > MOST_AT_ONCE:
        messages.error(request, f"Choose at most {MOST_AT_ONCE} records at a time. Nothing was done.")
        return None
    if action.dangerous:
        return redirect(model_admin.action_address(action, [record.pk for record in records]))
    model_admin.perform(request, action, records)
    return None
