from __future__ import annotations

from django.db.models import Case, IntegerField, QuerySet, Value, When

from access.models import Membership, Organisation, User

MANAGING_ROLES = (Membership.Role.ADMIN, Membership.Role.AGENT)


def is_first_run() -> bool:
    """Whether nobody can sign in yet."""
    return not User.objects.exists()


def memberships_of(*, user: User) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(user=user, is_active=True)
        .select_related("organisation")
        .order_by("organisation__name", "id")
    )


def current_membership(*, user: User, organisation_id: str | None) -> Membership | None:
    """The membership the person works under: the one they switched to, else their first."""
    memberships = list(memberships_of(user=user))
    chosen = next((item for item in memberships if str(item.organisation_id) == organisation_id), None)
    return chosen or (memberships[0] if memberships else None)


def members_of(*, organisation: Organisation) -> QuerySet[Membership]:
    """Everybody with access today, those who manage first, then by name."""
    return (
        Membership.objects.filter(organisation=organisation, is_active=True, user__is_active=True)
        .select_related("user")
        .annotate(
            rank=Case(
                *(When(role=role, then=Value(place)) for place, role in enumerate(Membership.Role.values)),
                output_field=IntegerField(),
            )
        )
        .order_by("rank", "user__full_name", "id")
    )


def admins_of(*, organisation: Organisation) -> QuerySet[User]:
    """The people told when something needs the organisation's attention."""
    return User.objects.filter(
        memberships__organisation=organisation,
        memberships__role=Membership.Role.ADMIN,
        memberships__is_active=True,
        is_active=True,
    ).order_by("id")
