from __future__ import annotations

from typing import Any

import pytest

from integrations.providers.propertyme.edge import DROPPED, is_dropped, scrub
from tests.integrations.providers.propertyme.test_mapping import payload


def test_bank_details_identity_and_keys_never_pass() -> None:
    contact = scrub(payload("contact"))
    assert set(contact) == {
        "Id", "Roles", "Reference", "NameText", "ABN", "Email", "CellPhone", "IsTenant", "IsOwner", "IsSupplier",
        "IsArchived", "ContactPersons", "Timestamp",
    }  # fmt: skip
    assert contact["ContactPersons"] == [{"Id": "p1", "FirstName": "Tom", "LastName": "Okafor", "IsPrimary": True}]
    tenancy = scrub(payload("tenancy"))
    assert {"BankReference", "DirectDebit", "DirectDebitFixedAmount"}.isdisjoint(tenancy)
    assert "KeyNumber" not in scrub(payload("lot"))


def test_the_list_is_kept_at_every_depth_and_whatever_the_case() -> None:
    row: dict[str, Any] = {"a": [[{"bsb": 1, "b": {"Account_Number": 2, "c": 3}}]], "DIRECTDEBITFREQUENCY": "Weekly"}
    assert scrub(row) == {"a": [[{"b": {"c": 3}}]]}


@pytest.mark.parametrize("name", sorted(DROPPED))
def test_each_forbidden_name_is_recognised(name: str) -> None:
    assert is_dropped(name)
    assert is_dropped(name.upper())
    assert scrub({name: "secret", "Id": "kept"}) == {"Id": "kept"}


@pytest.mark.parametrize("name", ["Id", "Amount", "ABN", "Email", "Payer", "TransactionDate", "Reference", "PaidTo"])
def test_what_the_books_need_stays(name: str) -> None:
    assert not is_dropped(name)
