from __future__ import annotations

from django.db.models import QuerySet

from access.models import Organisation, User
from communications.models import Notification


def notices_of(*, user: User, organisation: Organisation) -> QuerySet[Notification]:
    """The person's notices in this organisation; newest first is descending id."""
    return Notification.objects.filter(user=user, organisation=organisation)


def unread_count(user: User, organisation: Organisation) -> int:
    """The figure on the bell."""
    return notices_of(user=user, organisation=organisation).filter(read_at=None).count()
