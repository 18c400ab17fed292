"""Small pages and chunks, so that a read of a few hundred rows has many of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from integrations.paging import OffsetList


def make_pages_small(put: Callable[[str, Any], None], *, rows: int) -> None:
    """Pages and chunks of `rows` rows; `put` sets an attribute by its dotted path (pytest's monkeypatch.setattr)."""
    put("integrations.providers.propertyme.ledger.OffsetList", partial(OffsetList, limit=rows))
    put("integrations.providers.propertyme.ledger.CHUNK", rows)
    put("integrations.providers.propertyme.jobs.CHUNK", rows)
    put("integrations.sync.pull.CHUNK_ROWS", rows)
    put("integrations.sync.replay.CHUNK_ROWS", rows)
