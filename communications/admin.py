from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from access.models import User
from communications import services
from communications.models import Notification
from core.admin import StaffAction, StaffAdmin, state_column


def _send_again(notification: Notification, staff: User) -> str:
    services.retry_email(notification=notification)
    return "the e-mail is due now"


@admin.register(Notification)
class NotificationAdmin(StaffAdmin):
    email_state_word = state_column("email_state", due="info", sent="success", failed="danger")
    list_display = (
        "title",
        "user",
        "organisation",
        "tone",
        "email_state_word",
        "email_attempts",
        "created_at",
        "read_at",
    )
    list_filter = (
        "email_state",
        "tone",
        ("organisation", AutocompleteSelectFilter),
        ("user", AutocompleteSelectFilter),
    )
    list_select_related = ("user", "organisation")
    autocomplete_fields = ("user", "organisation")
    search_fields = ("title", "user__email")
    ordering = ("-id",)
    staff_actions = (
        StaffAction(
            name="send-again",
            label="Send the e-mail again",
            question="Try this e-mail again from the start?",
            effects=("It is sent within a minute, with six new attempts.",),
            run=_send_again,
            dangerous=False,
            applies=lambda notice: notice.email_state == Notification.EmailState.FAILED,
        ),
    )
