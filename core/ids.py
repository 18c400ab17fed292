from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A time-ordered key (RFC 9562): new rows land at the right edge of every index."""
    return _uuid7()
