from __future__ import annotations

from django.utils import timezone

from core.freshness import badge_html
from core.ports import SourceBadge


def badge(label: str = "PropertyMe", reason: str = "") -> SourceBadge:
    state = "stale" if reason else "fresh"
    return SourceBadge(label=label, state=state, as_of=timezone.now(), reason=reason, url="/here/?a=1&b=2")


def test_each_row_gets_its_badge_as_mark_up() -> None:
    shared = badge()
    found = badge_html({1: shared, 2: shared, 3: badge("AppFolio", "Sign in <again>.")})
    assert list(found) == [1, 2, 3]
    assert found[1] is found[2]
    assert 'href="/here/?a=1&amp;b=2"' in found[1]
    assert "just now" in found[1]
    assert "Sign in &lt;again&gt;." in found[3]
