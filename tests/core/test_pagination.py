from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.http import QueryDict

from access.models import Organisation
from core.pagination import KeysetPage, capped_count, keyset_page, sort_order
from properties.models import Property

pytestmark = pytest.mark.django_db
EXPECTED = [f"{number:03} Vườn Street" for number in range(25)]


@pytest.fixture
def properties() -> Any:
    organisation = Organisation.objects.create(name="Harbour & Co")
    Property.objects.bulk_create(
        # Suburbs repeat, so that pages end in the middle of equal values.
        Property(
            organisation=organisation, name=name, suburb=f"Suburb {index // 7}", state="NSW" if index % 2 else "VIC"
        )
        for index, name in enumerate(EXPECTED)
    )
    return Property.objects.filter(organisation=organisation)


def follow(queryset: Any, order: tuple[str, ...], start: str = "", back: bool = False) -> list[KeysetPage[Any]]:
    pages, query = [], start
    while True:
        page = keyset_page(queryset, order=order, params=QueryDict(query.removeprefix("?")), size=4)
        pages.append(page)
        query = page.newer_url if back else page.older_url
        if not query or len(pages) > 20:
            return pages


@pytest.mark.parametrize(
    "order", [("name",), ("-name",), ("suburb",), ("suburb", "-name"), ("-state", "suburb"), ("created_at",), ()]
)
def test_every_row_is_on_exactly_one_page_in_order(properties: Any, order: tuple[str, ...]) -> None:
    tail = "-id" if order and order[-1].startswith("-") else "id"
    wanted = [row.id for row in properties.order_by(*order, tail)]
    pages = follow(properties, order)
    assert [row.id for page in pages for row in page.items] == wanted
    assert len(pages) == 7


def test_walking_back_shows_the_same_rows(properties: Any) -> None:
    forward = follow(properties, ("suburb",))
    backward = follow(properties, ("suburb",), start=forward[-1].newer_url, back=True)
    assert [[row.name for row in page.items] for page in reversed(backward)] == [
        [row.name for row in page.items] for page in forward[:-1]
    ]
    assert backward[-1].newer_url == ""


def test_a_page_is_one_query_and_a_deep_one_uses_a_row_comparison(
    properties: Any, django_assert_num_queries: Any
) -> None:
    first = keyset_page(properties, order=("name",), params=QueryDict(""), size=10)
    with django_assert_num_queries(1) as queries:
        page = keyset_page(properties, order=("name",), params=QueryDict(first.older_url[1:]), size=10)
    assert [row.name for row in page.items] == EXPECTED[10:20]
    assert '("properties_property"."name", "properties_property"."id") > (' in queries.captured_queries[0]["sql"]


def test_other_parameters_stay_and_the_old_place_goes(properties: Any) -> None:
    first = keyset_page(properties, order=("name",), params=QueryDict("state=NSW&state=VIC"), size=10)
    second = keyset_page(properties, order=("name",), params=QueryDict(first.older_url[1:]), size=10)
    query = QueryDict(second.newer_url[1:])
    assert query.getlist("state") == ["NSW", "VIC"]
    assert set(query) == {"state", "before"}


@pytest.mark.parametrize("token", ["x", "after", "WyJuYW1lLGlkIixbXV0:forged", ""])
def test_a_damaged_token_shows_the_first_page(properties: Any, token: str) -> None:
    page = keyset_page(properties, order=("name",), params=QueryDict(f"after={token}"), size=3)
    assert [row.name for row in page.items] == EXPECTED[:3]
    assert page.newer_url == ""


def test_a_token_of_another_order_shows_the_first_page(properties: Any) -> None:
    token = keyset_page(properties, order=("suburb",), params=QueryDict(""), size=5).older_url
    page = keyset_page(properties, order=("name",), params=QueryDict(token[1:]), size=5)
    assert [row.name for row in page.items] == EXPECTED[:5]


def test_a_token_past_the_end_shows_the_first_page(properties: Any) -> None:
    token = keyset_page(properties, order=("name",), params=QueryDict(""), size=20).older_url
    properties.filter(name__gte=EXPECTED[20]).delete()
    page = keyset_page(properties, order=("name",), params=QueryDict(token[1:]), size=20)
    assert [row.name for row in page.items] == EXPECTED[:20]
    assert page.is_only


def test_going_back_to_a_short_first_page_fills_it(properties: Any) -> None:
    page = keyset_page(properties, order=("name",), params=QueryDict(""), size=10)
    second = keyset_page(properties, order=("name",), params=QueryDict(page.older_url[1:]), size=10)
    properties.filter(name=EXPECTED[0]).delete()
    first = keyset_page(properties, order=("name",), params=QueryDict(second.newer_url[1:]), size=10)
    assert [row.name for row in first.items] == EXPECTED[1:11]
    assert first.newer_url == ""


def test_rows_as_dictionaries(properties: Any) -> None:
    rows = properties.values("id", "name")
    page = keyset_page(rows, order=("name",), params=QueryDict(""), size=10)
    second = keyset_page(rows, order=("name",), params=QueryDict(page.older_url[1:]), size=10)
    assert [row["name"] for row in second.items] == EXPECTED[10:20]


def test_values_of_related_rows(properties: Any) -> None:
    rows = properties.select_related("organisation")
    pages = follow(rows, ("organisation__name", "name"))
    assert [row.name for page in pages for row in page.items] == EXPECTED


def test_no_rows() -> None:
    page = keyset_page(Property.objects.none(), order=("name",), params=QueryDict(""))
    assert (page.items, page.newer_url, page.older_url, page.is_only) == ([], "", "", True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ("-due", "name")),
        ("sort=name", ("name",)),
        ("sort=-name", ("-name",)),
        ("sort=due", ("due", "-name")),
        ("sort=secret", ("-due", "name")),
    ],
)
def test_sort_order(query: str, expected: tuple[str, ...]) -> None:
    allowed = {"name": ("name",), "due": ("due", "-name")}
    assert sort_order(QueryDict(query), allowed, default="-due") == expected


def test_capped_count(properties: Any) -> None:
    assert capped_count(properties.order_by("name"), cap=10) == (10, True)
    assert capped_count(properties, cap=25) == (25, False)


def test_dates_survive_the_token(properties: Any) -> None:
    for index, row in enumerate(properties.order_by("name")):
        properties.filter(pk=row.pk).update(created_at=f"{date(2026, 1, 1) + timedelta(days=index // 3)}T00:00:00Z")
    pages = follow(properties, ("-created_at",))
    assert sum(len(page.items) for page in pages) == 25
