from __future__ import annotations

from datetime import date

import pytest

from accounting.spans import Span, preset_span


@pytest.mark.parametrize(
    ("key", "today", "start", "end"),
    [
        ("12-months", date(2026, 11, 21), date(2025, 11, 21), None),
        ("12-months", date(2024, 2, 29), date(2023, 3, 1), None),
        ("unheard-of", date(2026, 11, 21), date(2025, 11, 21), None),
        ("this-month", date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29)),
        ("last-month", date(2026, 1, 15), date(2025, 12, 1), date(2025, 12, 31)),
        ("financial-year", date(2026, 6, 30), date(2025, 7, 1), date(2026, 6, 30)),
        ("financial-year", date(2026, 7, 1), date(2026, 7, 1), date(2027, 6, 30)),
        ("last-financial-year", date(2026, 7, 1), date(2025, 7, 1), date(2026, 6, 30)),
        ("all", date(2026, 7, 1), None, None),
    ],
)
def test_presets(key: str, today: date, start: date | None, end: date | None) -> None:
    span = preset_span(key, today)
    assert (span.start, span.end) == (start, end)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span("", date(2025, 7, 1), date(2026, 6, 30)), "1 Jul 2025 to 30 Jun 2026"),
        (Span("", date(2025, 7, 1), date(2025, 7, 1)), "1 Jul 2025"),
        (Span("", date(2025, 7, 1), None), "since 1 Jul 2025"),
        (Span("", None, date(2025, 7, 1)), "up to 1 Jul 2025"),
        (Span("", None, None), "all time"),
    ],
)
def test_words(span: Span, words: str) -> None:
    assert span.words.replace("\u00a0", " ") == words
