from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection, transaction
from django.utils import timezone

from access import selectors
from access.models import AuditEntry, Membership, Organisation, User
from core.errors import DomainError
from core.ids import uuid7

# One number for "somebody is being made the first user": advisory locks share one space of integers per database.
_FIRST_RUN_LOCK = 7_204_001


def _checked_zone(time_zone: str) -> str:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DomainError(
            "unknown_time_zone", f"There is no time zone called “{time_zone}”. Pick one from the list."
        ) from error
    return time_zone


def _checked_currency(currency: str) -> str:
    code = currency.upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise DomainError("unknown_currency", f"“{currency}” is not a currency code. Use three letters, such as AUD.")
    return code


def create_organisation(
    *, name: str, currency: str = "AUD", time_zone: str = "Australia/Sydney", region: str = "AU", is_demo: bool = False
) -> Organisation:
    """A new organisation without members.

    `currency` is ISO 4217, `time_zone` an IANA name, `region` an ISO 3166 country. Raises DomainError
    (unknown_currency, unknown_time_zone).
    """
    return Organisation.objects.create(
        name=name.strip(),
        currency=_checked_currency(currency),
        time_zone=_checked_zone(time_zone),
        region=region.upper(),
        is_demo=is_demo,
    )


@transaction.atomic
def create_member(
    *,
    organisation: Organisation,
    email: str,
    full_name: str,
    role: str,
    password: str | None = None,
    is_staff: bool = False,
) -> Membership:
    """Gives a person a role in an organisation, and an account when the address has none yet.

    An account that exists keeps its name and password: only its owner changes those. Without a password the person
    sets one through "Forgot your password?". Raises DomainError (already_member).
    """
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        extra: dict[str, Any] = {"is_staff": True, "is_superuser": True} if is_staff else {}
        user = User.objects.create_user(email.strip(), password, full_name=full_name.strip(), **extra)
    membership, created = Membership.objects.get_or_create(
        organisation=organisation, user=user, defaults={"role": role}
    )
    if not created:
        raise DomainError("already_member", f"{user.email} already belongs to {organisation.name}.")
    return membership


@transaction.atomic
def set_up_first_organisation(
    *, organisation_name: str, currency: str, time_zone: str, region: str, full_name: str, email: str, password: str
) -> Membership:
    """The first organisation and its admin, who is also staff, all or nothing.

    Raises DomainError (already_set_up) once anybody can sign in: two people on the page at once cannot both pass.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_RUN_LOCK])
    if not selectors.is_first_run():
        raise DomainError("already_set_up", "This installation already has its first organisation. Sign in instead.")
    organisation = create_organisation(name=organisation_name, currency=currency, time_zone=time_zone, region=region)
    return create_member(
        organisation=organisation,
        email=email,
        full_name=full_name,
        role=Membership.Role.ADMIN,
        password=password,
        is_staff=True,
    )


def choose_organisation(*, user: User, organisation_id: UUID) -> Membership:
    """The membership under which the person goes on. Raises Membership.DoesNotExist when it is not theirs."""
    return selectors.memberships_of(user=user).get(organisation_id=organisation_id)


def update_organisation(*, organisation: Organisation, name: str, currency: str, time_zone: str) -> Organisation:
    """Changes what pages are written in; amounts already in the books keep the currency they were entered in.

    Raises DomainError (unknown_currency, unknown_time_zone).
    """
    organisation.name = name.strip()
    organisation.currency = _checked_currency(currency)
    organisation.time_zone = _checked_zone(time_zone)
    organisation.save(update_fields=["name", "currency", "time_zone", "updated_at"])
    return organisation


def update_profile(*, user: User, full_name: str) -> User:
    user.full_name = full_name.strip()
    user.save(update_fields=["full_name"])
    return user


@transaction.atomic
def set_member_active(*, membership: Membership, active: bool) -> Membership:
    """Ends or restores a person's access to an organisation; their account and what they did stay.

    Raises DomainError (last_admin): an organisation without an admin could never be managed again.
    """
    # Locks the organisation, so that two admins cannot end each other's access at the same moment.
    Organisation.objects.select_for_update().get(pk=membership.organisation_id)
    is_admin = membership.role == Membership.Role.ADMIN
    others = selectors.admins_of(organisation=membership.organisation).exclude(pk=membership.user_id)
    if not active and is_admin and not others.exists():
        raise DomainError(
            "last_admin",
            f"{membership.user} is the only admin of {membership.organisation.name}. Make somebody else admin first.",
        )
    membership.is_active = active
    membership.save(update_fields=["is_active", "updated_at"])
    return membership


def record_audit(
    *,
    organisation_id: UUID,
    action: str,
    summary: str,
    subject_type: str = "",
    subject_id: str = "",
    actor: User | None = None,
    details: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    entry_id: UUID | None = None,
) -> bool:
    """Writes down that something happened, for good; answers whether this call wrote it.

    `entry_id` makes repeating harmless: the same entry is written once, however often it is handed in. `at` is when it
    happened, now by default.
    """
    entry = AuditEntry(
        id=entry_id or uuid7(),
        organisation_id=organisation_id,
        at=at or timezone.now(),
        actor=actor,
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        summary=summary[:300],
        details=dict(details or {}),
    )
    if entry_id is not None and AuditEntry.objects.filter(pk=entry_id).exists():
        return False
    AuditEntry.objects.bulk_create([entry], ignore_conflicts=True)
    return True
