from __future__ import annotations

from typing import Any

import pytest

from integrations.providers.appfolio.edge import DROPPED, is_dropped, scrub
from tests.integrations.providers.appfolio.test_mapping import payload


def test_identity_numbers_and_dates_of_birth_never_pass() -> None:
    tenant = scrub(payload("tenant"))
    assert "912-34-5678" not in str(tenant)
    assert "1988-04-17" not in str(tenant)
    assert (tenant["Id"], tenant["FirstName"], tenant["CurrentRent"]) == ("t-1", "Priya", "1845.00")
    assert "TaxpayerId" not in scrub(payload("vendor"))


def test_the_list_is_kept_at_every_depth_and_whatever_the_case() -> None:
    row: dict[str, Any] = {"a": [[{"ssn": 1, "b": {"Birth_Date": 2, "c": 3}}]], "TENANT BIRTHDATE": "1988-04-17"}
    assert scrub(row) == {"a": [[{"b": {"c": 3}}]]}


@pytest.mark.parametrize(
    "name", [*sorted(DROPPED), "CoSignerBirthDate", "SocialSecurityNumberLast4", "tenant_birthdate"]
)
def test_each_forbidden_name_is_recognised(name: str) -> None:
    assert is_dropped(name)
    assert is_dropped(name.upper())
    assert scrub({name: "secret", "Id": "kept"}) == {"Id": "kept"}


@pytest.mark.parametrize(
    "name", ["Id", "Amount", "Email", "GlAccountId", "Reference", "MoveInOn", "AccountType", "Link"]
)
def test_what_the_books_need_stays(name: str) -> None:
    assert not is_dropped(name)
