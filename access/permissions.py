from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from access.selectors import MANAGING_ROLES

if TYPE_CHECKING:
    # The framework loads this module while it loads its own views.
    from rest_framework.request import Request
    from rest_framework.views import APIView


class IsOrganisationMember(BasePermission):
    """Deny by default: an endpoint answers only people who manage the current organisation."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        membership = getattr(request._request, "membership", None)
        return membership is not None and membership.role in MANAGING_ROLES
