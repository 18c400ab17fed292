"""Which of ours a provider's property is: parts that a person can read, vetoes, and nothing by name alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.models import User
from core.errors import DomainError
from core.ids import uuid7
from integrations.models import Connection, PropertyMapping
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.sync import suggest
from integrations.sync.suggest import Candidate, Suggestion, best_matches, candidate, score
from properties.models import Property, Unit
from properties.services import archive_property, create_property
from tests.integrations.sync.conftest import live, mapping_of, owed, sync, work_waiting

HOME = {"number": "12", "street": "Acacia Street", "suburb": "Newtown", "postcode": "2042"}
MORE = {"latitude": "-33.898", "longitude": "151.178", "tenants": "Mei Ng"}


def one(**parts: Any) -> Candidate:
    return candidate(text="", **parts)


def ours(**parts: Any) -> Candidate:
    return candidate(text="", key=uuid7(), **parts)


def compare(theirs: dict[str, Any], mine: dict[str, Any]) -> Suggestion | None:
    return score(one(**theirs), ours(**mine))


def test_all_parts_agreeing_is_a_hundred_and_each_part_says_so() -> None:
    found = compare({**HOME, **MORE, "unit": "3"}, {**HOME, **MORE, "unit": "Unit 3"})
    assert found is not None
    assert (found.score, found.veto) == (100, "")
    assert {part["part"]: (part["points"], part["of"]) for part in found.parts} == {
        "number": (25, 25), "street": (25, 25), "suburb": (15, 15), "postcode": (15, 15), "unit": (10, 10),
        "distance": (5, 5), "tenant": (5, 5),
    }  # fmt: skip
    assert all(part["words"] for part in found.parts)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"suburb": "Erskineville"}, 81),
        ({"postcode": "2043"}, 81),
        ({"suburb": "Erskineville", "postcode": "2043"}, 62),
        ({"suburb": "", "postcode": ""}, 89),
        ({"suburb": "Newtwon"}, 98),
        ({"street": "Acaccia Street"}, 89),
        ({"street": "Acacia"}, 89),
        ({"unit": "3"}, 89),
    ],
)
def test_what_disagrees_or_is_unknown_costs_points(changed: dict[str, str], expected: int) -> None:
    found = compare({**HOME, **changed}, HOME)
    assert found is not None
    assert (found.score, found.veto) == (expected, "")


@pytest.mark.parametrize(
    ("theirs", "mine", "veto"),
    [
        ({"number": "12A"}, {}, "building numbers differ: 12a there, 12 here"),
        ({"number": "12-14"}, {}, "building numbers differ: 12-14 there, 12 here"),
        ({"unit": "3"}, {"unit": "4"}, "units differ: 3 there, 4 here"),
    ],
)
def test_another_unit_or_building_number_vetoes_whatever_else_agrees(
    theirs: dict[str, str], mine: dict[str, str], veto: str
) -> None:
    found = compare({**HOME, **MORE, **theirs}, {**HOME, **MORE, **mine})
    assert found is not None
    assert (found.veto, found.score <= suggest.VETO_CAP) == (veto, True)


@pytest.mark.parametrize(
    "theirs",
    [
        {"number": "13"},
        {"street": "Banksia Street"},
        {"street": "Acacia Lane"},
        {"number": "", "street": ""},
        {"number": ""},
    ],
)
def test_without_number_and_street_agreeing_nothing_is_suggested(theirs: dict[str, str]) -> None:
    assert compare({**HOME, **MORE, **theirs}, {**HOME, **MORE}) is None


def test_streets_of_one_name_and_another_type_or_direction_are_different_streets() -> None:
    for theirs, mine in (("Wellington Rd", "Wellington St"), ("North St", "South St"), ("Park Rd", "Park Ln")):
        assert compare({**HOME, "street": theirs}, {**HOME, "street": mine}) is None


def test_a_name_alone_is_never_enough() -> None:
    named = candidate(text="The Old Mill", suburb="Newtown", postcode="2042", tenants="Mei Ng")
    same = candidate(text="The Old Mill", suburb="Newtown", postcode="2042", tenants="Mei Ng", key=uuid7())
    assert score(named, same) is None
    assert best_matches({uuid7(): named}, [same]) == {}


@pytest.mark.parametrize(
    ("text", "unit", "number", "street"),
    [
        ("12 Acacia St, Newtown NSW 2042", "", "12", "acacia street"),
        ("3/12 Acacia Street", "3", "12", "acacia street"),
        ("Unit 3/12 Acacia St.", "3", "12", "acacia street"),
        ("unit 3, 12 ACACIA STREET", "3", "12", "acacia street"),
        ("Flat 2, 7A St Kilda Rd", "2", "7a", "saint kilda road"),
        ("12–14 Mt Eliza Wy", "", "12-14", "mount eliza way"),  # as people type it
        ("1 Ocean Bvd", "", "1", "ocean boulevard"),
        ("The Old Mill", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_one_line_addresses_and_abbreviations_are_read(text: str, unit: str, number: str, street: str) -> None:
    found = candidate(text=text)
    assert (found.unit, found.number, found.street) == (unit, number, street)


@pytest.mark.parametrize(
    ("written", "form"),
    [("Unit 3", "3"), ("U3", "3"), ("u 3", "3"), ("#3", "3"), ("Apt. 3b", "3b"), ("03", "3"), ("Upper", "upper")],
)
def test_units_are_compared_by_what_tells_them_apart(written: str, form: str) -> None:
    assert suggest.unit_form(written) == form


def test_surnames_are_found_however_names_are_written() -> None:
    assert suggest.surnames_of("Mei Ng & Tom Okafor") == {"ng", "okafor"}
    assert suggest.surnames_of("Ng, Mei; Okafor, Tom") == {"ng", "okafor"}
    assert suggest.surnames_of("") == frozenset()


def test_two_of_ours_that_agree_alike_are_for_a_person() -> None:
    key = uuid7()
    (found,) = best_matches({key: one(**HOME)}, [ours(**HOME), ours(**HOME)]).values()
    assert (found.score, found.parts[-1]["words"]) == (89, "another of yours agrees as well")
    better = ours(**HOME, tenants="Mei Ng")
    found = best_matches({key: one(**HOME, tenants="Mei Ng")}, [better, ours(**HOME, tenants="Tom Okafor")])[key]
    assert (found.property_id, found.score) == (better.key, 100)


def test_thousands_find_their_own() -> None:
    homes = [
        {"number": str(number), "street": f"{name} Street", "suburb": "Newtown", "postcode": "2042", "unit": unit}
        for number in range(1, 101)
        for name in ("Acacia", "Banksia", "Cedar", "Denison", "Erskine")
        for unit in ("", "1", "2", "3")
    ]
    mine = [ours(**home) for home in homes]
    theirs = {uuid7(): one(**home) for home in homes}
    found = best_matches(theirs, mine)
    assert len(found) == 2_000
    for key, other in zip(theirs, mine, strict=True):
        assert (found[key].property_id, found[key].score, found[key].veto) == (other.key, 100, "")


_WORDS = st.sampled_from(["", "Acacia Street", "Acacia St", "Banksia Rd", "Ōtara Lane", "St Kilda Rd", "x"])
_PARTS = st.fixed_dictionaries(
    {
        "number": st.sampled_from(["", "1", "1A", "12", "12-14", "Lot 5"]) | st.text(max_size=6),
        "street": _WORDS | st.text(max_size=20),
        "unit": st.sampled_from(["", "1", "Unit 1", "2"]) | st.text(max_size=4),
        "suburb": st.sampled_from(["", "Newtown", "Newtwon", "Coogee"]),
        "postcode": st.sampled_from(["", "2042", "2034"]),
        "tenants": st.sampled_from(["", "Mei Ng", "Okafor, Tom"]) | st.text(max_size=10),
        "latitude": st.none() | st.floats(-90, 90),
        "longitude": st.none() | st.floats(-180, 180),
    }
)


@given(theirs=_PARTS, mine=_PARTS)
def test_scores_are_the_same_from_both_sides_and_within_bounds(theirs: dict[str, Any], mine: dict[str, Any]) -> None:
    found, back = compare(theirs, mine), compare(mine, theirs)
    assert (found is None) == (back is None)
    if found is None or back is None:
        return
    assert (found.score, bool(found.veto)) == (back.score, bool(back.veto))
    assert 0 <= found.score <= 100
    assert sum(part["points"] for part in found.parts) <= sum(part["of"] for part in found.parts)
    if found.veto:
        assert found.score <= suggest.VETO_CAP
    if found.score >= suggest.BULK_MINIMUM:
        assert one(**theirs).number == one(**mine).number
        assert one(**theirs).unit == one(**mine).unit
        assert one(**theirs).street == one(**mine).street


@given(parts=_PARTS)
def test_an_address_matches_itself_best(parts: dict[str, Any]) -> None:
    found = compare(parts, parts)
    asked = one(**parts)
    if not (asked.number and asked.street):
        assert found is None
    else:
        assert found is not None
        assert (found.score, found.veto) == (100 if asked.suburb or asked.postcode else 89, "")


@pytest.fixture
def listed(source: Connection, vendor: SandboxServer) -> list[PropertyMapping]:
    sync(source)
    return list(source.mappings.order_by("provider_property_address"))


def _copy(mapping: PropertyMapping, **changed: str) -> Property:
    """One of ours with the address of a provider's property."""
    address = {**mapping.facts["address"], **changed}
    return create_property(
        organisation=mapping.connection.organisation,
        name=address["text"],
        unit_number=address["unit"],
        street_number=address["number"],
        street=address["street"],
        suburb=address["suburb"],
        postcode=address["postcode"],
    )


def _score(mapping: PropertyMapping) -> tuple[UUID | None, int | None]:
    mapping.refresh_from_db()
    return mapping.suggested_property_id, mapping.suggestion_score


@pytest.mark.django_db(transaction=True)
def test_sure_suggestions_are_accepted_together_and_bring_their_history(
    source: Connection, vendor: SandboxServer, admin_user: User, listed: list[PropertyMapping]
) -> None:
    # Those without a neighbour in the list last, so that a vetoed neighbour is not what is suggested for them.
    listed.sort(key=lambda mapping: mapping.provider_property_address.startswith(("1/192", "123 ", "214 ")))
    sure = [_copy(mapping) for mapping in listed[:5]]
    vetoed = _copy(listed[5], number=f"{listed[5].facts['address']['number']}A")
    unsure = _copy(listed[6], suburb="Elsewhere", postcode="9999")
    gone = _copy(listed[7])
    archive_property(property=gone, user=admin_user)
    assert mapping_services.refresh_suggestions(connection=source) == 7
    assert [_score(mapping)[0] for mapping in listed] == [*(home.pk for home in sure), vetoed.pk, unsure.pk, None]
    assert all((_score(mapping)[1] or 0) >= 90 for mapping in listed[:5])
    assert "veto" in listed[5].suggestion_parts[-1]
    with pytest.raises(DomainError) as refused:
        mapping_services.accept_suggestions(connection=source, user=admin_user, minimum=89)
    assert refused.value.code == "minimum"
    chosen = [mapping.pk for mapping in listed[:2]]
    assert mapping_services.accept_suggestions(connection=source, user=admin_user, ids=chosen) == 2
    assert mapping_services.accept_suggestions(connection=source, user=admin_user) == 3
    assert mapping_services.accept_suggestions(connection=source, user=admin_user) == 0
    work_waiting(source)
    lots = {mapping.provider_property_id for mapping in listed[:5]}
    rows = [*vendor.vendor.records("receipts", limit=1000), *vendor.vendor.records("bills", limit=1000)]
    wanted = {row["Id"] for row in rows if row["LotId"] in lots}
    assert live(source) == {name: line for name, line in owed(vendor).items() if name in wanted}


@pytest.mark.django_db(transaction=True)
def test_a_changed_address_is_suggested_anew_by_the_sync(
    source: Connection, vendor: SandboxServer, admin_user: User, listed: list[PropertyMapping]
) -> None:
    home = create_property(
        organisation=source.organisation, name="9 Quiet St", street_number="9", street="Quiet St", suburb="Newtown"
    )
    lot = listed[0].provider_property_id
    vendor.vendor.edit("rename_address", record=lot, unit="", number="9", street="Quiet Street", suburb="Newtown")
    sync(source)
    assert _score(mapping_of(source, lot)) == (home.pk, 100)


@pytest.mark.django_db(transaction=True)
def test_the_unit_of_a_building_is_found_by_its_number(
    source: Connection, vendor: SandboxServer, admin_user: User, listed: list[PropertyMapping]
) -> None:
    lot = listed[0].provider_property_id
    vendor.vendor.edit("rename_address", record=lot, unit="2")
    sync(source)
    home = _copy(mapping_of(source, lot), unit="")
    second = Unit.objects.create(organisation=home.organisation, property=home, label="Unit 2")
    mapping = mapping_services.map_property(mapping=mapping_of(source, lot), property=home, user=admin_user)
    assert mapping.unit == second
