from __future__ import annotations

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A time-ordered key (RFC 9562): new rows land at the right edge of every index."""
    return _uuid7()


def uuid7_texts(number: int) -> list[str]:
    """So many keys as text, for rows that go to the database in bulk: four times as fast as by way of UUID objects."""
    return [str(uuid_utils.uuid7()) for _ in range(number)]
