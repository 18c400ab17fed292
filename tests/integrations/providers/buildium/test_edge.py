from __future__ import annotations

import json
from typing import Any

from integrations.providers.buildium.edge import DROPPED, scrub
from integrations.sandbox.buildium import BuildiumVendor
from integrations.sandbox.server import FIXED_TODAY
from tests.integrations.providers.buildium.subject import open_subject

HIDDEN = (
    "219-09-9999", "078-05-1120", "12-3456789", "1985-07-14", "POL-778899", "ACC-55", "Gate code", "Pat Doe",
    "Calls on Sundays",
)  # fmt: skip


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for item in value.values() for name in names_in(item)}
    return {name for item in value for name in names_in(item)} if isinstance(value, list) else set()


def test_what_the_vendor_sends_that_we_must_not_keep_is_really_sent() -> None:
    """So that the test below cannot pass because the sandbox is tame."""
    world = BuildiumVendor(rentals=6, years=0.5, seed=1, today=FIXED_TODAY).world
    sent = json.dumps([world.tables[kind] for kind in world.tables])
    assert [word for word in HIDDEN if word not in sent] == []


def test_no_row_leaves_the_adapter_with_a_secret() -> None:
    with open_subject() as subject:
        rows = [row for resource in subject.resources() for row in subject.rows(resource)]
    kept = json.dumps(rows)
    assert [word for word in HIDDEN if word in kept] == []
    assert names_in(rows) & DROPPED == set()
    assert "Lone Oak" not in kept


def test_at_any_depth_and_in_place() -> None:
    row = {"Id": 1, "A": [{"B": {"TaxId": "1", "C": 2}}, 5], "DateOfBirth": None, "Lines": [{"GLAccount": {"Id": 4,
           "Name": "Rent", "AccountNumber": "4000", "SubAccounts": [{"Id": 5}]}}]}  # fmt: skip
    assert scrub(row) is row
    assert row == {"Id": 1, "A": [{"B": {"C": 2}}, 5], "Lines": [{"GLAccount": {"Id": 4, "Name": "Rent"}}]}
