from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from access.middleware import OrganisationRequest
from access.models import Membership
from access.selectors import MANAGING_ROLES

P = ParamSpec("P")
ManagerView = Callable[Concatenate[OrganisationRequest, P], HttpResponseBase]


def manager_required(view: ManagerView[P]) -> Callable[..., HttpResponseBase]:
    """Lets admins and property managers of the current organisation in; others get 403, strangers the sign-in page."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        scoped = cast(OrganisationRequest, request)
        # The middleware leaves None for people without a membership; the request type speaks of views behind this.
        membership = cast("Membership | None", scoped.membership)
        if membership is None or membership.role not in MANAGING_ROLES:
            raise PermissionDenied
        return view(scoped, *args, **kwargs)

    return login_required(inner)


def admin_required(view: ManagerView[P]) -> Callable[..., HttpResponseBase]:
    """Lets the organisation's admins in: connections, tokens and what moves many records at once."""

    def inner(request: OrganisationRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.membership.role != Membership.Role.ADMIN:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return wraps(view)(manager_required(inner))
