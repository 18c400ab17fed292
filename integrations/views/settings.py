from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access.decorators import admin_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from integrations.forms import ConnectionSettingsForm
from integrations.services import connections as connection_services
from integrations.views.events import endpoint_context
from integrations.views.page import address, allow_sign_in, connection_or_404, connection_page, say_error


@admin_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Rhythm, reconnecting and leaving."""
    connection = connection_or_404(request, slug)
    form = ConnectionSettingsForm(request.POST if request.method == "POST" else None, connection=connection)
    if request.method == "POST" and form.is_valid():
        try:
            connection_services.update_settings(
                connection=connection,
                user=request.user,
                auto_sync=form.cleaned_data["auto_sync"],
                sync_every_minutes=form.cleaned_data["sync_every_minutes"],
            )
        except DomainError as error:
            say_error(request, error)
        else:
            messages.success(request, "The rhythm is saved.")
        return redirect(request.get_full_path())
    context = connection_page(request, connection, "settings") | {
        "form": form,
        "disconnect_url": address(connection, "disconnect"),
    }
    if context["spec"].webhooks is not None:
        context |= endpoint_context(connection)
    response = render(request, "integrations/settings.html", context, status=422 if form.errors else 200)
    return allow_sign_in(response, context["spec"])
