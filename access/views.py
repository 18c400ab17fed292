from __future__ import annotations

from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import selectors, services
from access.decorators import admin_required, manager_required
from access.forms import FirstRunForm, OrganisationForm, ProfileForm
from access.middleware import SESSION_KEY, OrganisationRequest
from access.models import Membership, User
from core.errors import DomainError

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    """The first organisation and its admin; once there is one, only the sign-in page."""
    if not selectors.is_first_run():
        return redirect(settings.LOGIN_URL)
    form = FirstRunForm(request.POST or None)
    if form.is_valid():
        try:
            membership = services.set_up_first_organisation(**form.cleaned_data)
        except DomainError as error:
            messages.warning(request, error.message)
            return redirect(settings.LOGIN_URL)
        login(request, membership.user, backend=_BACKEND)
        messages.success(request, f"{membership.organisation.name} is ready. Next, connect the software you use today.")
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "access/first_run.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
@require_POST
def switch_organisation(request: HttpRequest) -> HttpResponse:
    """Goes on under another of the person's organisations; anybody else's is not found."""
    try:
        chosen = UUID(request.POST.get("organisation", ""))
        membership = services.choose_organisation(user=cast(User, request.user), organisation_id=chosen)
    except (ValueError, Membership.DoesNotExist) as error:
        raise Http404 from error
    request.session[SESSION_KEY] = str(membership.organisation_id)
    messages.success(request, f"You are now working in {membership.organisation.name}.")
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(target if safe else settings.LOGIN_REDIRECT_URL)


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """The person's own page: for every role, since everybody has a name and a password."""
    user = cast(User, request.user)
    form = ProfileForm(request.POST or None, initial={"full_name": user.full_name})
    if form.is_valid():
        services.update_profile(user=user, full_name=form.cleaned_data["full_name"])
        messages.success(request, "Your name is saved.")
        return redirect("access:profile")
    context = {"form": form, "memberships": selectors.memberships_of(user=user)}
    return render(request, "access/profile.html", context, status=422 if form.is_bound else 200)


@manager_required
@require_safe
def members(request: OrganisationRequest) -> HttpResponse:
    """Who belongs to the organisation, and as what."""
    people = selectors.members_of(organisation=request.organisation)
    return render(request, "access/members.html", {"members": people})


@admin_required
@require_http_methods(["GET", "POST"])
def organisation_settings(request: OrganisationRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None, organisation=request.organisation)
    if form.is_valid():
        services.update_organisation(organisation=request.organisation, **form.cleaned_data)
        messages.success(request, "The organisation's settings are saved.")
        return redirect("access:organisation")
    return render(request, "access/organisation.html", {"form": form}, status=422 if form.is_bound else 200)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page instead of a bare 403: says why this person may not, and who can help."""
    membership = getattr(request, "membership", None)
    context = {"membership": membership, "manages": bool(membership and membership.role in selectors.MANAGING_ROLES)}
    if membership is not None:
        context["admins"] = selectors.admins_of(organisation=membership.organisation)
    return render(request, "403.html", context, status=403)
