from __future__ import annotations

from collections.abc import Mapping

from integrations.http import SignIn
from tests.integrations.throwaway.client import CottageAdapter


class BoathouseAdapter(CottageAdapter):
    """Keys travel as two headers; the further address takes a name and a password."""

    @staticmethod
    def sign_in(keys: Mapping[str, str]) -> SignIn:
        headers = {"x-boat-id": keys["client_id"], "x-boat-secret": keys["client_secret"]}
        return SignIn(headers=headers, elsewhere={"REPORTS_URL": SignIn(basic=(keys["client_id"], "of reports"))})
