from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """People are added by an organisation's admin or on the first-run page, never by signing themselves up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
