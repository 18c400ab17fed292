"""Closing and reopening the books."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import admin_required, manager_required
from access.middleware import OrganisationRequest
from access.models import Membership
from accounting import selectors
from accounting.forms import CloseForm, ReopenForm
from accounting.services import periods
from core.errors import DomainError
from core.formatting import day_text, money_text


@manager_required
@require_safe
def period_list(request: OrganisationRequest) -> HttpResponse:
    """How far the books are closed, and what that means; admins find the forms here."""
    lock = selectors.books_lock(organisation=request.organisation)
    month_end = timezone.localdate().replace(day=1) - timedelta(days=1)
    later = lock is None or lock.closed_through < month_end
    context = {
        "lock": lock,
        "is_admin": request.membership.role == Membership.Role.ADMIN,
        "close_form": CloseForm(initial={"through": month_end if later else timezone.localdate()}),
        "reopen_form": ReopenForm(),
    }
    return render(request, "accounting/periods.html", context)


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def period_close(request: OrganisationRequest) -> HttpResponse:
    """Says what closing through `?through=` locks; POST does it."""
    form = CloseForm(request.GET if request.method != "POST" else request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the day through which the books are to be closed.")
        return redirect("accounting:periods")
    through: date = form.cleaned_data["through"]
    if request.method == "POST":
        try:
            periods.close_books(organisation=request.organisation, through=through, user=request.user)
            messages.success(request, f"The books are closed through {day_text(through)}.")
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("accounting:periods")
    closed = periods.closed_through(request.organisation)
    totals = selectors.totals_between(organisation=request.organisation, after=closed, through=through)
    since = f" since {day_text(closed)}" if closed else ""
    effects = [
        (
            "warn",
            f"{totals.lines:,} more {'transaction' if totals.lines == 1 else 'transactions'}{since} can no longer be "
            f"changed: {money_text(totals.income)} of income, {money_text(totals.expense)} of expense.",
        ),
        ("warn", "A sync adds nothing dated in the closed period. Late and changed records wait as conflicts for you."),
        ("good", "Nothing is deleted, and an admin can reopen the books."),
    ]
    return render(request, "accounting/period_close.html", {"through": through, "effects": effects})


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def period_reopen(request: OrganisationRequest) -> HttpResponse:
    """Says what reopening unlocks; POST does it. A blank `through` opens everything."""
    lock = selectors.books_lock(organisation=request.organisation)
    if lock is None:
        messages.info(request, "The books are open: there is nothing to reopen.")
        return redirect("accounting:periods")
    given = (request.POST if request.method == "POST" else request.GET).get("through", "")
    through = _day_or_none(given)
    if given and through is None:
        messages.error(request, "This is not a day. Leave the field blank to open every period.")
        return redirect("accounting:periods")
    if request.method == "POST":
        try:
            periods.reopen_books(organisation=request.organisation, through=through, user=request.user)
            still = f"closed through {day_text(through)} only" if through else "open altogether"
            messages.success(request, f"The books are {still}.")
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("accounting:periods")
    totals = selectors.totals_between(organisation=request.organisation, after=through, through=lock.closed_through)
    effects = [
        (
            "warn",
            f"{totals.lines:,} {'transaction' if totals.lines == 1 else 'transactions'} through "
            f"{day_text(lock.closed_through)} can be changed again, by people and by syncs.",
        ),
        ("good", f"Through {day_text(through)} the books stay closed." if through else "Exported lines stay locked."),
    ]
    context = {"through": through, "given": given, "effects": effects, "lock": lock}
    return render(request, "accounting/period_reopen.html", context)


def _day_or_none(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
