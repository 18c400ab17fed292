"""What the mirror holds of a listing, so small that it fits in memory: an unchanged row costs no query.

A full listing of a million rows takes about 12 MB: eight bytes a row in order, one byte that says whether the row was
seen, and one bit pattern for the ids that this read has passed on to the writer.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from integrations.models import Connection
from integrations.records import Resource

# The first eight bytes of a digest stand for it: two of a million rows share them once in forty million listings, and
# then a change of one of the two would be noticed with its next one.
_PRINT = 8
_BUCKET = 8
_FILTER_BITS = 1 << 24
_HAS_ANY = "SELECT EXISTS (SELECT 1 FROM integrations_providerrecord WHERE connection_id = %s AND resource = %s)"
# In 256 pieces, so that neither side ever holds the whole of it as one value.
_PRINTS = """
SELECT string_agg(substring(uuid_send(content_hash) FOR 8), ''::bytea ORDER BY content_hash)
FROM integrations_providerrecord
WHERE connection_id = %s AND resource = %s AND missing_since IS NULL
GROUP BY get_byte(uuid_send(content_hash), 0) ORDER BY get_byte(uuid_send(content_hash), 0)
"""


class Known:
    """The digests that the mirror holds of one resource of a connection, and which of them a listing has shown.

    `is_empty` says that the mirror has never had a record of the resource, not even one that is missing now.
    """

    def __init__(self, prints: array[int], *, is_empty: bool) -> None:
        self.is_empty = is_empty
        self._prints = prints
        self._seen = bytearray(len(prints))
        self._shift = max(0, 64 - max(1, len(prints) // _BUCKET).bit_length())
        buckets = (1 << (64 - self._shift)) if self._shift < 64 else 1
        self._starts = array("L", [bisect_left(prints, number << self._shift) for number in range(buckets)])
        self._starts.append(len(prints))
        self._passed = bytearray(_FILTER_BITS // 8)
        self._any_passed = False

    @classmethod
    def load(cls, source: Connection, resource: Resource) -> Known:
        """Reads them in one walk of the table."""
        prints: array[int] = array("Q")
        params = [source.id, resource.value]
        with connection.cursor() as cursor:
            cursor.execute(_HAS_ANY, params)
            is_empty = not cursor.fetchone()[0]
            if not is_empty:
                for (piece,) in cursor.cursor.stream(_PRINTS, params):
                    prints.frombytes(piece)
        if sys.byteorder == "little":
            prints.byteswap()
        return cls(prints, is_empty=is_empty)

    def sift(self, ids: Sequence[str], digests: Sequence[bytes]) -> tuple[list[int], list[int]]:
        """The places of the rows that the writer must look at, and those among them whose id may be known.

        A row whose content the mirror holds is left out, unless this read has passed on a row of the same id: then the
        later one counts, whatever the mirror held before.
        """
        prints, seen, starts, shift = self._prints, self._seen, self._starts, self._shift
        values = array("Q", b"".join([digest[:_PRINT] for digest in digests]))
        if sys.byteorder == "little":
            values.byteswap()
        rest: list[int] = []
        doubtful: list[int] = []
        for place, value in enumerate(values):
            bucket = value >> shift
            last = starts[bucket + 1]
            at = bisect_left(prints, value, starts[bucket], last)
            if at < last and prints[at] == value:
                seen[at] = 1
                if not self._any_passed or not self._was_passed(ids[place]):
                    continue
                doubtful.append(place)
            elif not self.is_empty or self._was_passed(ids[place]):
                doubtful.append(place)
            rest.append(place)
            self._pass(ids[place])
        return rest, doubtful

    def note_replaced(self, digests: Iterable[UUID]) -> None:
        """The mirror does not hold these any more: their records changed, so that they are not missing."""
        for digest in digests:
            value = int.from_bytes(digest.bytes[:_PRINT], "big")
            at = bisect_left(self._prints, value)
            if at < len(self._prints) and self._prints[at] == value:
                self._seen[at] = 1

    def unseen(self) -> list[int]:
        """The digests, shortened to signed eight-byte numbers, of what the listing has not shown."""
        seen, prints = self._seen, self._prints
        found = []
        at = seen.find(0)
        while at >= 0:
            value = prints[at]
            found.append(value - (1 << 64) if value >> 63 else value)
            at = seen.find(0, at + 1)
        return found

    def _was_passed(self, name: str) -> bool:
        mark = hash(name)
        passed, one, two = self._passed, mark & (_FILTER_BITS - 1), (mark >> 32) & (_FILTER_BITS - 1)
        return bool(passed[one >> 3] >> (one & 7) & 1 and passed[two >> 3] >> (two & 7) & 1)

    def _pass(self, name: str) -> None:
        self._any_passed = True
        mark = hash(name)
        passed, one, two = self._passed, mark & (_FILTER_BITS - 1), (mark >> 32) & (_FILTER_BITS - 1)
        passed[one >> 3] |= 1 << (one & 7)
        passed[two >> 3] |= 1 << (two & 7)
