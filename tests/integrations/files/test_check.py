from __future__ import annotations

import io
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.files import addresses
from integrations.files.check import Checked, Checker, guarded, unguarded
from integrations.files.columns import Evidence, missing, remembered, settled, suggest, usual_decimal, usual_order
from integrations.files.kinds import KINDS, template_rows
from integrations.files.refs import Refs
from integrations.files.store import RowWriter, rows_in
from integrations.files.tables import find_layout, headings_of, rows_of

HOME = {"Id": "P1", "own_id": "P1", "address": "4/18 Acacia Avenue, Newtown NSW 2042", "short": "4/18 Acacia Avenue",
        "number": "18", "street": "Acacia Avenue"}  # fmt: skip


def refs(*homes: dict[str, Any]) -> Refs:
    found = Refs()
    for home in homes or (HOME,):
        found.add("properties", home)
    return found


BRING_IT = "Import a file of properties that has it first, or correct it."


def check(slug: str, text: str, known: Refs | None = None, **options: str) -> list[Checked]:
    stream = io.BytesIO(text.encode())
    rows = rows_of(stream, find_layout(stream, "csv"))
    headings = headings_of(next(rows)[1])
    kind = KINDS[slug]
    checker = Checker(
        kind, headings, suggest(kind, headings), options.get("order", "dmy"), options.get("decimal", "."),
        known or refs(), "AU",
    )  # fmt: skip
    return list(checker.rows(rows))


def words(rows: list[Checked]) -> list[tuple[int, str, str, str]]:
    return [(item.row, item.column, item.value, item.words) for row in rows for item in row.problems]


def test_each_problem_names_row_column_value_and_what_to_do() -> None:
    rows = check(
        "transactions",
        "Date,Property,Amount,Type\n05/01/2026,P1,640,Rent\n45/01/2026,P9,six,Rnet\n,P1,0,\n05/01/2026,P1,0.00,Rent\n",
    )
    assert rows[0].problems == ()
    assert words(rows) == [
        (3, "Date", "45/01/2026", "is not a date that is read day first. Write it like 31/12/2026 or 2026-12-31."),
        (3, "Amount", "six", "is not an amount of money. Write a number like 1234.50."),
        (3, "Type", "Rnet", "is not known here. Did you mean rent? Write one of: rent, cost."),
        (3, "Property", "P9", f"is the id or address of no property of this source. {BRING_IT}"),
        (4, "Date", "", "is empty. Fill it in."),
        (5, "Amount", "0.00", "is nothing. Correct the amount, or leave the row out."),
    ]


def test_a_property_that_is_not_known_is_an_error_and_not_a_guess() -> None:
    twice = refs(HOME, {**HOME, "Id": "P2", "own_id": "P2"})
    text = "Date,Property,Amount\n2026-01-05,{},640\n"
    assert check("transactions", text.format("p1"))[0].values["property"] == "P1"
    assert check("transactions", text.format('"4/18 ACACIA AVENUE  newtown NSW-2042"'))[0].values["property"] == "P1"
    assert "no property of this source" in words(check("transactions", text.format("9 Elsewhere Street")))[0][3]
    assert "several properties" in words(check("transactions", text.format("4/18 Acacia Avenue"), twice))[0][3]


def test_a_row_without_an_id_keeps_its_own_whatever_the_order() -> None:
    head = "Date,Property,Amount,Tenant\n"
    a, b = "2026-01-05,P1,640.00,Lan\n", "2026-01-12,P1,640.00,Lan\n"
    first = [row.values["Id"] for row in check("transactions", head + a + b)]
    assert [row.values["Id"] for row in check("transactions", head + b + a)] == first[::-1]
    assert len(set(first)) == 2
    again = [row.values["Id"] for row in check("transactions", head + a + a + a)]
    assert again == [first[0], f"{first[0]}-2", f"{first[0]}-3"]
    # Another spelling of the same amount is the same payment; a refund of it is not.
    assert check("transactions", head + "05/01/2026,P1,$640,LAN\n")[0].values["Id"] == first[0]
    refund = "Date,Property,Amount,Tenant,Type\n2026-01-05,P1,-640,Lan,Rent\n"
    assert check("transactions", refund)[0].values["Id"] != first[0]


def test_words_tell_apart_what_nobody_and_no_reference_does() -> None:
    head = "Date,Property,Amount,Description,Reference\n"
    ids = [row.values["Id"] for row in check("bills", head + "2026-01-05,P1,5,Water,\n2026-01-05,P1,5,Gas,\n")]
    assert len(set(ids)) == 2
    ids = [check("bills", head + f"2026-01-05,P1,5,{text},INV-1\n")[0].values["Id"] for text in ("Water", "Waater")]
    assert len(set(ids)) == 1


def test_an_id_that_two_rows_have_is_an_error() -> None:
    rows = check("tenants", "Id,Name\n7,Lan\n8,Ola\n7,Eve\n")
    assert words(rows) == [
        (4, "Id", "7", "is also the id of row 2. Each row needs one of its own: correct one of them.")
    ]


def test_transactions_hold_rent_and_costs() -> None:
    rows = check("transactions", "Id,Date,Property,Amount\n1,2026-01-05,P1,640\n2,2026-01-06,P1,-88.5\n")
    assert [(row.resource, row.values["Id"], row.values["amount"]) for row in rows] == [
        ("payment", "1", "640.00"), ("bill", "transaction:2", "88.50"),
    ]  # fmt: skip
    rows = check("transactions", "Id,Date,Property,Amount,Type\n2,2026-01-06,P1,88.5,Expense\n")
    assert (rows[0].resource, rows[0].values["amount"]) == ("bill", "88.50")


def test_a_unit_stands_as_a_property_with_its_own_address() -> None:
    (row,) = check("units", "Property,Unit\nP1,7\n", refs({**HOME, "address": "18 Acacia Avenue, Newtown"}))
    assert (row.resource, row.values["of"], row.values["address"]) == ("property", "P1", "7/18 Acacia Avenue")
    known = refs()
    known.add("units", {**row.values})
    rent = "Date,Property,Unit,Amount\n2026-01-05,P1,{},640\n"
    assert check("transactions", rent.format("7"), known)[0].values["property"] == row.values["Id"]
    assert "has no such unit" in words(check("transactions", rent.format("8"), known))[0][3]
    # Where no units were ever uploaded, the column says nothing that could be checked.
    assert check("transactions", rent.format("8"))[0].values["property"] == "P1"


def test_leases_find_their_tenant_and_payments_their_lease() -> None:
    known = refs()
    known.add("tenants", {"Id": "T1", "own_id": "T1", "name": "Lan Nguyễn"})
    text = "Id,Property,Tenant,Rent\nL1,P1,{},640\n"
    for written in ("T1", "lan NGUYỄN"):
        (row,) = check("leases", text.format(written), known)
        assert (row.values["tenant_ref"], row.values["tenant"]) == ("T1", "Lan Nguyễn")
    assert check("leases", text.format("Ola"), known)[0].values["tenant"] == "Ola"
    known.add("leases", row.values)
    head = "Date,Property,Amount,Tenant,Lease\n"
    (paid,) = check("transactions", head + "2026-01-05,P1,640,Lan Nguyễn,\n", known)
    assert paid.values["lease"] == "L1"
    assert "id of no lease" in words(check("transactions", head + "2026-01-05,P1,640,,L9\n", known))[0][3]


def test_long_addresses_and_other_scripts_arrive_whole() -> None:
    long = "12/1234 Upper Wollstonecraft-Featherstonehaugh Boulevard East"
    assert len(long) == 61
    text = f'Address\n"{long}, Newtown NSW 2042"\n"9 شارع النيل, Subiaco WA 6008"\n"Nguyễn Huệ 5 😀"\nul. Długa 5\n'
    rows = check("properties", text)
    assert [row.values["address"] for row in rows] == [
        f"{long}, Newtown NSW 2042", "9 شارع النيل, Subiaco WA 6008", "Nguyễn Huệ 5 😀", "ul. Długa 5",
    ]  # fmt: skip
    assert (rows[1].values["number"], rows[1].values["street"], rows[1].values["postcode"]) == (
        "9", "شارع النيل", "6008",
    )  # fmt: skip
    too_long = words(check("properties", f"Address\n{'x' * 401}\n"))
    assert too_long[0][3] == "is longer than 400 characters. Shorten it."


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Unit 4, 18 Acacia Ave, Newtown NSW 2042", ("4", "18", "Acacia Ave", "Newtown", "NSW", "2042")),
        ("500 Main St, Portland, OR 97201", ("", "500", "Main St", "Portland", "OR", "97201")),
        ("21A-23 Cliff Rd", ("", "21A-23", "Cliff Rd", "", "", "")),
        ("The Old Mill", ("", "", "", "", "", "")),
    ],
)
def test_one_line_addresses_are_taken_apart(line: str, parts: tuple[str, ...]) -> None:
    found = addresses.split(line)
    names = ("unit", "number", "street", "suburb", "state", "postcode")
    assert tuple(found.get(name, "") for name in names) == parts


def test_columns_are_suggested_remembered_and_asked_for() -> None:
    kind = KINDS["leases"]
    found = suggest(kind, ["Tenancy ID", "Property Address", "Tenant Name", "Weekly Rent", "Lease Start", "Agent"])
    assert found == {
        "id": "Tenancy ID", "property": "Property Address", "tenant": "Tenant Name", "rent": "Weekly Rent",
        "starts_on": "Lease Start",
    }  # fmt: skip
    assert remembered(found, ["LEASE START", "tenant  name", "Other"]) == {
        "tenant": "tenant  name", "starts_on": "LEASE START",
    }  # fmt: skip
    assert missing(kind, {"property": "a"}) == ["Tenant", "Rent"]
    assert missing(KINDS["properties"], {"id": "a"}) == ["Address in one line or Street"]


def test_templates_are_recognised_whole() -> None:
    for kind in KINDS.values():
        headings = next(template_rows(kind))
        assert suggest(kind, headings) == {field.name: field.label for field in kind.fields}


def test_the_file_says_how_its_dates_and_amounts_are_meant_or_a_person_is_asked() -> None:
    kind, headings = KINDS["transactions"], ["Date", "Property", "Amount"]
    columns = {"date": "Date", "property": "Property", "amount": "Amount"}

    def say(*rows: list[Any]) -> list[str]:
        evidence = Evidence(3)
        for row in rows:
            evidence.look(row)
        return [settled(kind, headings, columns, evidence.as_json(), part=part) for part in ("orders", "marks")]

    assert say(["3/4/2026", "P1", "1,234"], ["4/4/2026", "P1", "5"]) == ["ask", "ask"]
    assert say(["3/4/2026", "P1", "1,234"], ["13/4/2026", "P1", "5.50"]) == ["dmy", "."]
    assert say(["4/13/2026", "P1", "5,50"]) == ["mdy", ","]
    assert say(["2026-04-03", "P1", 5]) == ["", ""]
    assert [(usual_order(region), usual_decimal(region)) for region in ("AU", "US", "PL")] == [
        ("dmy", "."), ("mdy", "."), ("dmy", ","),
    ]  # fmt: skip


def test_downloads_never_hold_a_formula_and_come_back_as_they_were() -> None:
    texts = ["=1+1", "@SUM(A1)", "+cmd", "-5.00", "+61 400 000 000", "-", "plain", "'quoted'"]
    assert [guarded(text) for text in texts] == [
        "'=1+1", "'@SUM(A1)", "'+cmd", "-5.00", "+61 400 000 000", "'-", "plain", "'quoted'",
    ]  # fmt: skip
    assert [unguarded(guarded(text)) for text in texts] == texts


class Counted(list[Any]):
    """A row that can be watched: a plain list takes no weak reference."""

    __hash__ = object.__hash__  # type: ignore[assignment]  # watched by identity


def test_fifty_thousand_rows_pass_through_one_at_a_time() -> None:
    number = 50_000
    living: weakref.WeakSet[Counted] = weakref.WeakSet()
    most = 0

    def rows() -> Iterator[tuple[int, Counted]]:
        nonlocal most
        for place in range(number):
            row = Counted(["05/01/2026", "P1", f"{place}.50", f"Tenant {place}"])
            living.add(row)
            most = max(most, len(living))
            yield place + 2, row
            del row

    kind, headings = KINDS["transactions"], ["Date", "Property", "Amount", "Tenant"]
    checker = Checker(kind, headings, suggest(kind, headings), "dmy", ".", refs(), "AU")
    with RowWriter() as writer:
        for row in checker.rows(rows()):
            writer.write(row.resource, row.values)
        ids = {values["Id"] for _, values in rows_in(writer.finish())}
    assert len(ids) == number
    assert most <= 3
