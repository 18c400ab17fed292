from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from access.models import User
from core.admin import StaffAction, StaffAdmin, state_column
from core.errors import DomainError
from integrations.models import InboxEvent, WebhookEndpoint
from integrations.services import inbox

_STILL = (InboxEvent.State.QUEUED, InboxEvent.State.WORKING)


def _replay(event: InboxEvent, staff: User) -> str:
    rows = InboxEvent.objects.filter(pk=event.pk)
    plan = inbox.replay_events(connection=event.connection, user=staff, events=rows)
    if not plan.events:
        raise DomainError("not_replayed", f"It was left out: it {next(iter(plan.skipped), 'is not there any more')}.")
    return "is worked again"


def _dry(event: InboxEvent, staff: User) -> str:
    rows = InboxEvent.objects.filter(pk=event.pk)
    plan = inbox.replay_events(connection=event.connection, user=staff, events=rows, dry_run=True)
    parts = [f"{number} of {name} would be fetched" for name, number in plan.fetches.items()]
    parts += [f"what changed of {name} would be read" for name in plan.reads]
    return "; ".join(parts) or f"nothing: it {next(iter(plan.skipped), 'is not there any more')}"


EVENT_ACTIONS = (
    StaffAction(
        name="replay",
        label="Replay",
        question="Work these events again?",
        effects=("Their records are fetched from the provider anew. What is unchanged there changes nothing here.",),
        run=_replay,
        applies=lambda event: event.state not in _STILL,
    ),
    StaffAction(
        name="replay-dry",
        label="Say what a replay would do",
        question="Say what a replay would fetch?",
        run=_dry,
        dangerous=False,
        applies=lambda event: event.state not in _STILL,
    ),
)


@admin.register(InboxEvent)
class InboxEventAdmin(StaffAdmin):
    state_word = state_column("state", done="success", working="info", queued="info", person="danger")
    list_display = (
        "received_at", "connection", "topic", "resource_ref", "state_word", "attempts", "outcome", "cause",
    )  # fmt: skip
    list_filter = (
        "state",
        "source",
        "resource",
        ("connection", AutocompleteSelectFilter),
        ("organisation", AutocompleteSelectFilter),
    )
    list_select_related = ("connection",)
    autocomplete_fields = ("organisation", "connection", "replayed_by")
    search_fields = ("=id", "=resource_ref", "=event_id", "=topic")
    staff_actions = EVENT_ACTIONS
    ordering = ("-id",)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(StaffAdmin):
    # The address is what keeps strangers out: it is the organisation's own to see.
    hidden = ("token", "previous_token")
    list_display = ("connection", "refused_signatures", "refused_sizes", "last_refused_at", "last_refusal")
    list_filter = (("organisation", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
    autocomplete_fields = ("organisation", "connection")
    search_fields = ("=id", "connection__account_name")
    ordering = ("-id",)
