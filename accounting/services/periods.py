"""Closing the books: nothing dated on or before the closing day may change, whoever or whatever asks."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from access.models import Organisation, User
from accounting.models import BooksLock
from core.errors import DomainError
from core.formatting import day_text


def closed_through(organisation: Organisation) -> date | None:
    """The last day that is closed; None while nothing is."""
    return BooksLock.objects.filter(organisation=organisation).values_list("closed_through", flat=True).first()


def close_books(*, organisation: Organisation, through: date, user: User) -> BooksLock:
    """Close every day up to and including `through`.

    Raises DomainError `close_future` for a day still to come and `close_earlier` for one before the present lock:
    going back is reopening, which is asked for by name.
    """
    if through > timezone.localdate():
        raise DomainError(
            "close_future", f"{day_text(through)} is still to come. Close the books through today or an earlier day."
        )
    with transaction.atomic():
        lock = BooksLock.objects.select_for_update().filter(organisation=organisation).first()
        if lock is None:
            return BooksLock.objects.create(organisation=organisation, closed_through=through, closed_by=user)
        if through < lock.closed_through:
            raise DomainError(
                "close_earlier",
                f"The books are already closed through {day_text(lock.closed_through)}. Reopen them to go back.",
            )
        lock.closed_through = through
        lock.closed_by = user
        lock.save(update_fields=["closed_through", "closed_by", "updated_at"])
        return lock


def reopen_books(*, organisation: Organisation, through: date | None, user: User) -> None:
    """Keep the books closed through an earlier day only, or (`None`) open them altogether.

    Raises DomainError `not_closed` when nothing is closed, `reopen_later` when `through` is not before the lock.
    """
    with transaction.atomic():
        lock = BooksLock.objects.select_for_update().filter(organisation=organisation).first()
        if lock is None:
            raise DomainError("not_closed", "The books are open: there is nothing to reopen.")
        if through is None:
            lock.delete()
            return
        if through >= lock.closed_through:
            raise DomainError(
                "reopen_later",
                f"Choose a day before {day_text(lock.closed_through)}, through which the books are closed.",
            )
        lock.closed_through = through
        lock.closed_by = user
        lock.save(update_fields=["closed_through", "closed_by", "updated_at"])


def require_open(organisation: Organisation, *days: date) -> None:
    """Raise DomainError `period_closed` when any of the days lies in a closed period."""
    limit = closed_through(organisation)
    closed = [day for day in days if limit is not None and day <= limit]
    if limit is not None and closed:
        raise DomainError(
            "period_closed",
            f"{day_text(min(closed))} lies in a closed period: the books are closed through {day_text(limit)}. "
            "Ask an admin to reopen them, or enter a correction dated after that day.",
        )
