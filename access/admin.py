from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from access import services
from access.models import AuditEntry, Membership, Organisation, User
from core.admin import StaffAction, StaffAdmin, list_link

# Rights come from memberships, and people sign in with the one address of their account.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    list_display = ("name", "region", "currency", "time_zone", "is_demo", "created_at")
    list_filter = ("is_demo", "region", "currency")
    search_fields = ("name", "=id")
    ordering = ("name", "id")
    extra_fields = ("people",)

    @admin.display(description="members")
    def people(self, organisation: Organisation) -> str:
        return list_link(Membership, "Show its members", organisation__id__exact=organisation.pk)


@admin.register(User)
class UserAdmin(StaffAdmin):
    list_display = ("email", "full_name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "full_name")
    ordering = ("email",)
    hidden = ("password",)
    extra_fields = ("works_in",)

    @admin.display(description="memberships")
    def works_in(self, user: User) -> str:
        return list_link(Membership, "Show the organisations", user__id__exact=user.pk)


def _end(membership: Membership, staff: User) -> str:
    services.set_member_active(membership=membership, active=False)
    return "access ended"


def _restore(membership: Membership, staff: User) -> str:
    services.set_member_active(membership=membership, active=True)
    return "access restored"


@admin.register(Membership)
class MembershipAdmin(StaffAdmin):
    list_display = ("user", "organisation", "role", "is_active", "created_at")
    list_filter = ("role", "is_active", ("organisation", AutocompleteSelectFilter), ("user", AutocompleteSelectFilter))
    list_select_related = ("user", "organisation")
    autocomplete_fields = ("user", "organisation")
    search_fields = ("user__email", "user__full_name", "organisation__name")
    ordering = ("-id",)
    staff_actions = (
        StaffAction(
            name="end",
            label="End access",
            question="End this access to the organisation?",
            effects=(
                "From the next page on, the person no longer sees the organisation.",
                "Their account stays, and so does everything they entered. Access can be restored here.",
            ),
            run=_end,
            applies=lambda membership: membership.is_active,
        ),
        StaffAction(
            name="restore",
            label="Restore access",
            question="Give the access back, with the same role?",
            run=_restore,
            dangerous=False,
            applies=lambda membership: not membership.is_active,
        ),
    )


@admin.register(LogEntry)
class LogEntryAdmin(StaffAdmin):
    """What staff did on the desk."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_filter = (("user", AutocompleteSelectFilter), "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "=object_id")
    ordering = ("-id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(StaffAdmin):
    """What happened in an organisation and must stay known."""

    list_display = ("at", "organisation", "action", "summary", "actor")
    list_filter = ("action", ("organisation", AutocompleteSelectFilter))
    list_select_related = ("organisation", "actor")
    autocomplete_fields = ("organisation", "actor")
    search_fields = ("summary", "=subject_id", "=id")
    ordering = ("-at", "-id")
