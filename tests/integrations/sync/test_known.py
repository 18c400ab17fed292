from __future__ import annotations

import uuid
from array import array
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.models import Connection
from integrations.records import Resource
from integrations.sync.known import Known
from tests.factories.integrations import ConnectionFactory, ProviderRecordFactory


def digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def number(text: str) -> int:
    return int.from_bytes(digest(text)[:8], "big")


def known(*texts: str) -> Known:
    return Known(array("Q", sorted(map(number, texts))), is_empty=not texts)


def sift(mirror: Known, *rows: str) -> tuple[list[int], list[int]]:
    """Rows are written id:content."""
    return mirror.sift([row.split(":")[0] for row in rows], [digest(row) for row in rows])


def test_a_row_that_the_mirror_holds_is_left_out_and_seen() -> None:
    mirror = known("a:1", "b:1")
    assert sift(mirror, "a:1", "b:2", "c:1") == ([1, 2], [1, 2])
    assert [value % 2**64 for value in mirror.unseen()] == [number("b:1")]


def test_what_was_replaced_is_not_missing() -> None:
    mirror = known("a:1", "b:1")
    sift(mirror, "a:1", "b:2")
    mirror.note_replaced([uuid.UUID(bytes=digest("b:1")), uuid.UUID(bytes=digest("never there"))])
    assert mirror.unseen() == []


def test_a_mirror_that_never_had_a_record_knows_no_id() -> None:
    mirror = known()
    assert sift(mirror, "a:1", "b:1") == ([0, 1], [])
    assert mirror.unseen() == []


def test_an_id_that_comes_again_is_looked_up_so_that_the_last_one_counts() -> None:
    mirror = known()
    assert sift(mirror, "a:1", "b:1", "a:2") == ([0, 1, 2], [2])
    # On another page too.
    assert sift(mirror, "c:1", "b:1") == ([0, 1], [1])


def test_what_the_mirror_holds_is_passed_on_after_another_version_of_it() -> None:
    mirror = known("a:1")
    assert sift(mirror, "a:2", "a:1") == ([0, 1], [0, 1])
    assert mirror.unseen() == []


@given(held=st.sets(st.integers(0, 400)), shown=st.lists(st.integers(0, 400)))
def test_it_tells_what_a_plain_set_would_tell(held: set[int], shown: list[int]) -> None:
    mirror = known(*(f"{name}:1" for name in held))
    rest, doubtful = sift(mirror, *(f"{name}:1" for name in shown))
    again = {place for place, name in enumerate(shown) if name in shown[:place]}
    assert set(rest) == {place for place, name in enumerate(shown) if name not in held}
    assert set(doubtful) == (set(rest) if held else again)
    assert {value % 2**64 for value in mirror.unseen()} == {number(f"{name}:1") for name in held - set(shown)}


@pytest.mark.django_db
def test_it_is_loaded_with_what_is_there_and_not_with_what_is_missing() -> None:
    source = ConnectionFactory()
    hashes = {name: uuid.UUID(bytes=digest(f"{name}:1")) for name in ("a", "b", "gone", "other")}
    for name in ("a", "b"):
        ProviderRecordFactory(
            organisation=source.organisation, connection=source, provider_id=name, content_hash=hashes[name]
        )
    ProviderRecordFactory(
        organisation=source.organisation, connection=source, provider_id="gone", content_hash=hashes["gone"],
        missing_since="2026-01-01T00:00:00Z",
    )  # fmt: skip
    ProviderRecordFactory(
        organisation=source.organisation, connection=source, resource="bill", provider_id="other",
        content_hash=hashes["other"],
    )  # fmt: skip
    mirror = Known.load(source, Resource.PAYMENT)
    assert not mirror.is_empty
    assert sift(mirror, "a:1", "gone:1", "other:1") == ([1, 2], [1, 2])
    assert [value % 2**64 for value in mirror.unseen()] == [number("b:1")]


@pytest.mark.django_db
def test_a_mirror_of_missing_records_alone_is_not_empty(organisation: object) -> None:
    source: Connection = ConnectionFactory(organisation=organisation)
    assert Known.load(source, Resource.PAYMENT).is_empty
    ProviderRecordFactory(
        organisation=organisation, connection=source, provider_id="a", missing_since="2026-01-01T00:00:00Z"
    )
    assert not Known.load(source, Resource.PAYMENT).is_empty
