from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from access.models import Organisation, User
from accounting.services import periods
from core.errors import DomainError


def test_books_close_forward_and_reopen_by_name(
    organisation: Organisation, other_organisation: Organisation, admin_user: User
) -> None:
    assert periods.closed_through(organisation) is None
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    lock = periods.close_books(organisation=organisation, through=date(2025, 9, 30), user=admin_user)
    assert (lock.closed_through, lock.closed_by) == (date(2025, 9, 30), admin_user)
    assert periods.closed_through(organisation) == date(2025, 9, 30)
    assert periods.closed_through(other_organisation) is None
    periods.reopen_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    assert periods.closed_through(organisation) == date(2025, 6, 30)
    periods.reopen_books(organisation=organisation, through=None, user=admin_user)
    assert periods.closed_through(organisation) is None


def test_refusals(organisation: Organisation, admin_user: User) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(DomainError, match="still to come") as refused:
        periods.close_books(organisation=organisation, through=tomorrow, user=admin_user)
    assert refused.value.code == "close_future"
    with pytest.raises(DomainError) as refused:
        periods.reopen_books(organisation=organisation, through=None, user=admin_user)
    assert refused.value.code == "not_closed"
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    with pytest.raises(DomainError) as refused:
        periods.close_books(organisation=organisation, through=date(2025, 6, 29), user=admin_user)
    assert refused.value.code == "close_earlier"
    with pytest.raises(DomainError) as refused:
        periods.reopen_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    assert refused.value.code == "reopen_later"
    assert periods.closed_through(organisation) == date(2025, 6, 30)


def test_require_open_names_the_closed_day(organisation: Organisation, admin_user: User) -> None:
    periods.require_open(organisation, date(2020, 1, 1))
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    periods.require_open(organisation, date(2025, 7, 1))
    with pytest.raises(DomainError) as refused:
        periods.require_open(organisation, date(2025, 7, 1), date(2025, 6, 30))
    assert refused.value.code == "period_closed"
    assert refused.value.message.startswith("30\u00a0Jun\u00a02025 lies in a closed period")
