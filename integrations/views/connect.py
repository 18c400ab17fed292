"""Signing in at a provider and leaving it again."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import admin_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from integrations.errors import IntegrationError
from integrations.forms import DisconnectForm, KeysForm
from integrations.models import Connection, OAuthState
from integrations.selectors.connections import connections_of, find_tried
from integrations.selectors.disconnecting import what_disconnecting_does
from integrations.services import connections as connection_services
from integrations.specs import Auth, ProviderSpec
from integrations.views.files import connect_files
from integrations.views.overview import connect_page
from integrations.views.page import address, connection_or_404, connection_page, say_error, spec_or_404, uuid_list


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: OrganisationRequest, slug: str) -> HttpResponse:
    """GET explains what will be read; POST leaves for the provider's consent page, or takes keys."""
    spec = spec_or_404(slug)
    if spec.auth == Auth.KEYS and spec.is_live:
        return _with_keys(request, spec)
    if spec.auth == Auth.FILE:
        return connect_files(request, spec)
    if request.method != "POST":
        return connect_page(request, spec)
    reconnects = _reconnected(request, slug)
    try:
        target = connection_services.begin_connect(
            organisation=request.organisation,
            user=request.user,
            session_key=_session_key(request),
            provider=slug,
            reconnects=reconnects,
        )
    except (DomainError, IntegrationError) as error:
        say_error(request, error)
        return redirect("integrations:detail", slug)
    return _see(target)


def _with_keys(request: OrganisationRequest, spec: ProviderSpec) -> HttpResponse:
    """Keys are tried first. The test's answer is an address of its own, so that no secret has to be sent back."""
    session_key = _session_key(request)
    if request.method != "POST":
        tried = find_tried(
            organisation=request.organisation,
            user=request.user,
            session_key=session_key,
            chosen=request.GET.get("tried", ""),
        )
        return connect_page(request, spec, tried=tried)
    here = reverse("integrations:connect", args=[spec.slug])
    reconnects = _reconnected(request, spec.slug)
    chosen = next(iter(uuid_list([request.POST.get("tried", "")])), None)
    if chosen is None:
        form = KeysForm(request.POST, spec=spec)
        if not form.is_valid():
            return connect_page(request, spec, form=form, status=422)
        try:
            chosen = connection_services.try_keys(
                organisation=request.organisation,
                user=request.user,
                session_key=session_key,
                provider=spec.slug,
                keys=form.cleaned_data,
                reconnects=reconnects,
            ).id
        except (DomainError, IntegrationError) as error:
            form.add_error(None, error.message if isinstance(error, DomainError) else error.safe_message)
            return connect_page(request, spec, form=form, status=422)
        if request.POST.get("do") == "test":
            query = urlencode({"tried": chosen} | ({"reconnects": reconnects.id} if reconnects else {}))
            return _see(f"{here}?{query}")
    try:
        result = connection_services.connect_tried(
            organisation=request.organisation, user=request.user, session_key=session_key, state_id=chosen
        )
    except (DomainError, IntegrationError) as error:
        say_error(request, error)
        return _see(here)
    if result.needs_confirmation is not None:
        return _see(reverse("integrations:confirm_account", args=[spec.slug, result.needs_confirmation]))
    return _connected(request, spec, cast(Connection, result.connection))


def _see(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


@admin_required
@never_cache
@require_safe
def callback(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Where the provider sends the person back to: with a code, or with the reason why not."""
    spec = spec_or_404(slug)
    state = request.GET.get("state", "")
    refused = request.GET.get("error", "")
    if refused:
        return _refused(request, spec, state=state, error=refused)
    try:
        result = connection_services.finish_connect(
            organisation=request.organisation,
            user=request.user,
            session_key=_session_key(request),
            provider=slug,
            state=state,
            code=request.GET.get("code", ""),
        )
    except (DomainError, IntegrationError) as error:
        return _failed(request, spec, error)
    if result.needs_confirmation is not None:
        return redirect("integrations:confirm_account", slug, result.needs_confirmation)
    if result.connection is None:
        raise RuntimeError("finish_connect gave neither a connection nor a question.")
    return _connected(request, spec, result.connection)


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_account(request: OrganisationRequest, slug: str, state_id: UUID) -> HttpResponse:
    """The sign-in was for another agency than before: a person says whether that is meant."""
    spec = spec_or_404(slug)
    state = (
        OAuthState.objects.filter(organisation=request.organisation, provider=slug, id=state_id, user=request.user)
        .select_related("reconnects")
        .first()
    )
    if state is None or state.pending_account is None:
        raise Http404("There is no sign-in that waits for you.")
    if request.method == "POST":
        try:
            connection = connection_services.confirm_other_account(
                organisation=request.organisation,
                user=request.user,
                session_key=_session_key(request),
                state_id=state.id,
            )
        except (DomainError, IntegrationError) as error:
            return _failed(request, spec, error)
        return _connected(request, spec, connection)
    context = {"spec": spec, "state": state, "before": state.reconnects, "account": state.pending_account}
    return render(request, "integrations/confirm_account.html", context)


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Asks whether what was imported stays, with the numbers of each choice; then revokes the grant."""
    connection = connection_or_404(request, slug)
    if connection.status == Connection.Status.DISCONNECTED:
        return redirect(address(connection, "detail"))
    numbers = what_disconnecting_does(connection)
    form = DisconnectForm(request.POST if request.method == "POST" else None, numbers=numbers)
    if request.method == "POST" and form.is_valid():
        keep = form.cleaned_data["imported"] == DisconnectForm.KEEP
        try:
            connection_services.disconnect(connection=connection, user=request.user, keep_data=keep)
        except (DomainError, IntegrationError) as error:
            say_error(request, error)
            return redirect(address(connection, "settings"))
        stays = "Everything imported stays." if keep else "What was imported is being reversed."
        messages.success(request, f"{connection} is disconnected. {stays} You can reconnect at any time.")
        return redirect("integrations:index")
    context = connection_page(request, connection, "settings") | {"form": form, "numbers": numbers}
    return render(request, "integrations/disconnect.html", context, status=422 if form.errors else 200)


def _reconnected(request: OrganisationRequest, slug: str) -> Connection | None:
    asked = uuid_list([request.POST.get("reconnects", "")])
    if not asked:
        return None
    found = connections_of(request.organisation).filter(provider=slug, id=asked[0]).first()
    if found is None:
        raise Http404("This organisation has no such connection.")
    return found


def _session_key(request: OrganisationRequest) -> str:
    if request.session.session_key is None:
        request.session.save()
    return str(request.session.session_key)


def _connected(request: OrganisationRequest, spec: ProviderSpec, connection: Connection) -> HttpResponse:
    messages.success(request, f"{connection} is connected. Next: say which of your properties each of theirs is.")
    return redirect(address(connection, "mapping"))


def _refused(request: OrganisationRequest, spec: ProviderSpec, *, state: str, error: str) -> HttpResponse:
    try:
        connection_services.refuse_consent(
            organisation=request.organisation, user=request.user, session_key=_session_key(request), state=state
        )
    except (DomainError, IntegrationError) as problem:
        return _failed(request, spec, problem)
    said_no = error in ("access_denied", "consent_required", "interaction_required")
    context = {
        "spec": spec,
        "what": f"You did not give access at {spec.label}"
        if said_no
        else f"{spec.label} did not let the sign-in through",
        "why": "Nothing was stored and nothing was read. Start again when you are ready; PropertyTracker only reads.",
        "code": error if error.isidentifier() else "",
    }
    return render(request, "integrations/connect_failed.html", context, status=403 if said_no else 502)


def _failed(request: OrganisationRequest, spec: ProviderSpec, error: DomainError | IntegrationError) -> HttpResponse:
    if isinstance(error, DomainError):
        why, status = error.message, 400
    else:
        why, status = error.safe_message, 502
    context = {
        "spec": spec,
        "what": f"{spec.label} is not connected",
        "why": why,
        "code": error.code,
    }
    return render(request, "integrations/connect_failed.html", context, status=status)
