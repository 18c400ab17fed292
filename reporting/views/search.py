from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.freshness import badge_html
from core.ports import sources
from reporting.selectors.search import search_everything
from tenancies.selectors import current_lease
from tenancies.views import LEASE_TONES


@require_safe
@manager_required
def search(request: OrganisationRequest) -> HttpResponse:
    """What the search box of every page leads to."""
    text = request.GET.get("q", "").strip()[:200]
    results = search_everything(organisation=request.organisation, text=text)
    context = {
        "search_query": text,
        "results": results,
        "tenants": [(tenant, current_lease(tenant)) for tenant in results.tenants],
        "badges": badge_html(sources().for_properties(request.organisation.pk, [row.pk for row in results.properties])),
        "lease_tones": LEASE_TONES,
    }
    return render(request, "reporting/search.html", context)
