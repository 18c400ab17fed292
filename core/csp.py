"""The content security policy of the staff desk; every other page keeps the strict one of the settings."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.http import HttpRequest, HttpResponse

# The desk's interface library evaluates expressions that stand in its own mark-up and sets inline styles. Inline
# scripts stay forbidden there too.
STAFF_DESK = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}


class StaffDeskPolicyMiddleware:
    """Relaxes the policy for staff on the staff desk. Stands below django-csp's middleware, which writes the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if request.path.startswith(settings.CSP_ADMIN_PREFIX) and user is not None and user.is_staff:
            response._csp_replace = STAFF_DESK  # type: ignore[attr-defined]
        return response
