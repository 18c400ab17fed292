from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone as django_timezone

from core.templatetags import ui

ROOT = Path(__file__).resolve().parents[2]
SPRITE = ROOT / "static" / "img" / "icons.svg"
EVIL = '"><script>alert(1)</script>'


def render(source: str, path: str = "/", **context: Any) -> str:
    return Template(source).render(Context({"request": RequestFactory().get(path), **context}))


def test_money_filters() -> None:
    assert render("{{ x|money }}", x=Decimal("1234.5")) == "$1,234.50"
    assert render("{{ x|signed_money }} {{ x|whole_money }}", x=Decimal("5")) == "+$5.00 $5"
    assert render("{{ missing|money }} {{ x|money }}", x=None) == "– –"


def test_number_and_percent_of_a_missing_variable_are_unknown() -> None:
    assert render("{{ missing|number }} {{ missing|percent }}") == "– –"


def test_day_carries_the_full_time() -> None:
    when = datetime(2026, 12, 4, 3, 2, tzinfo=UTC)
    with django_timezone.override("Australia/Sydney"):
        html = render("{{ x|day }}", x=when)
    assert html == (
        '<time datetime="2026-12-04T03:02:00+00:00" title="Fri 4 Dec 2026, 14:02 AEDT">4\u00a0Dec\u00a02026</time>'
    )
    assert render("{{ x|day }}", x=None) == "–"
    assert 'datetime="2026-02-28"' in render("{{ x|day }}", x=date(2026, 2, 28))


def test_when_shows_the_clock_of_the_active_zone() -> None:
    with django_timezone.override("Australia/Perth"):
        html = render("{{ x|when }}", x=datetime(2026, 12, 4, 3, 2, tzinfo=UTC))
    assert html.endswith(">4\u00a0Dec\u00a02026, 11:02</time>")


def test_age_is_never_for_nothing() -> None:
    assert render("{{ x|age }}", x=None) == "never"
    assert render("{{ x|age }}", x=django_timezone.now()).endswith(">just now</time>")


def test_chip_is_a_known_tone_and_escapes_its_words() -> None:
    assert render('{% chip "warn" "Needs you" %}') == '<span class="chip warn">Needs you</span>'
    assert render('{% chip tone "x" live=True %}', tone='" onclick="x') == '<span class="chip neutral live">x</span>'
    assert "<script>" not in render('{% chip "bad" word title=word %}', word=EVIL)


def test_icon_is_silent_or_labelled() -> None:
    silent = render('{% icon "home" %}')
    assert 'aria-hidden="true"' in silent
    assert "img/icons.svg#home" in silent
    labelled = render('{% icon "bell" label %}', label=EVIL)
    assert 'role="img"' in labelled
    assert "<script>" not in labelled


def test_every_icon_in_a_template_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text(encoding="utf-8")))
    used: dict[str, str] = {}
    for template in ROOT.glob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        for name in re.findall(r'{% icon "([\w-]+)"', text) + re.findall(r'empty\.html"[^%]* icon="([\w-]+)"', text):
            used[name] = str(template.relative_to(ROOT))
    assert used
    assert {name: where for name, where in used.items() if name not in drawn} == {}


def test_score_says_none_in_words() -> None:
    assert 'value="96"' in render("{% score 96 %}")
    assert ">Match score: none</span>" in render("{% score None %}")


def test_diff_escapes_both_sides_and_names_an_empty_one() -> None:
    html = render("{% diff old new %}", old=EVIL, new=None)
    assert "<script>" not in html
    assert "empty</span>" in html
    assert "<del>0</del>" in render("{% diff 0 1 %}")


@pytest.mark.parametrize(
    ("path", "state", "link"),
    [
        ("/?q=a&after=x", "", "?q=a&amp;sort=due"),
        ("/?sort=due", ' aria-sort="ascending"', "?sort=-due"),
        ("/?sort=-due", ' aria-sort="descending"', "?sort=due"),
        ("/?sort=rent", "", "?sort=due"),
    ],
)
def test_sort_header_turns_and_drops_the_cursor(path: str, state: str, link: str) -> None:
    html = render('{% sort_header "due" "Due" "num" %}', path)
    assert html.startswith(f'<th scope="col" class="num"{state}><a href="{link}" rel="nofollow">Due')


def test_query_without_removes_one_value_or_all() -> None:
    path = "/?tag=a&tag=b&status=open&before=x"
    assert render('{% query_without tag="a" as url %}{{ url|safe }}', path) == "?tag=b&status=open"
    assert render('{% query_without "tag" as url %}{{ url|safe }}', path) == "?status=open"
    assert render('{% query_without "tag" "status" %}', path) == "?"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "no properties are"), (1, "1 property is"), (1200, "1,200 properties are")],
)
def test_sentence(count: int, text: str) -> None:
    assert ui.sentence(count, "property is,properties are") == text


def test_sentence_start_spells_small_numbers_and_adds_a_plural() -> None:
    assert ui.sentence_start(6, "property,properties") == "Six properties"
    assert ui.sentence_start(0, "lease") == "No leases"
    assert ui.sentence_start(13, "lease") == "13 leases"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Mara Kowalczyk", "MK"), ("Anna Maria van Dyk", "AD"), ("mara@x.example", "M"), ("", "")],
)
def test_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_lookup_of_nothing_is_none() -> None:
    assert ui.lookup(None, "a") is None
    assert ui.lookup({"a": 1}, "b") is None
    assert ui.lookup({"a": 1}, "a") == 1
