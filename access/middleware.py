"""Puts the current organisation on the request, its zone on the clock and its currency on amounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from access import selectors
from access.models import Membership, Organisation, User
from core.formatting import home_currency

SESSION_KEY = "organisation_id"


class OrganisationRequest(HttpRequest):
    """A request inside an organisation, for type checkers: views behind `manager_required` receive one."""

    user: User
    organisation: Organisation
    membership: Membership


class OrganisationMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        scoped = cast(OrganisationRequest, request)
        membership = None
        if request.user.is_authenticated:
            membership = selectors.current_membership(
                user=request.user, organisation_id=request.session.get(SESSION_KEY)
            )
        elif request.path == reverse("account_login") and selectors.is_first_run():
            return redirect("access:first_run")
        if membership is None:
            scoped.membership = None  # type: ignore[assignment]
            scoped.organisation = None  # type: ignore[assignment]
            return self.get_response(request)
        scoped.membership = membership
        scoped.organisation = membership.organisation
        organisation = membership.organisation
        with timezone.override(ZoneInfo(organisation.time_zone)), home_currency(organisation.currency):
            return self.get_response(request)
