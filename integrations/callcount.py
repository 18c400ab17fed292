"""What calls cost and how they end, counted: in this process first, then in Redis, from where beat writes it down.

A call adds to a dictionary; about once a second the sums go to Redis in one step, into the five minutes they fall in by
Redis's own clock, so that a part that has ended is never added to. What a process that dies had not sent is lost: at
most a second's counts. The fields of a part are `<connection>|<name>`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from integrations.shared import Script, Shared

PART_SECONDS = 300
KEEP_SECONDS = 2 * 86_400
SEND_EVERY = 1.0
# Upper bounds of the latency histogram in milliseconds; the last place counts what is slower.
BOUNDS = (25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600)
PARTS = "pt:calls:parts"

_ADD = Script(f"""
local part = tostring(math.floor(now / {PART_SECONDS}) * {PART_SECONDS})
local key = 'pt:calls:' .. part
for place = 2, #ARGV, 2 do
  local name, number = ARGV[place], tonumber(ARGV[place + 1])
  if string.find(name, '|top$') then
    if number > tonumber(redis.call('HGET', key, name) or '0') then redis.call('HSET', key, name, number) end
  else
    redis.call('HINCRBY', key, name, number)
  end
end
redis.call('EXPIRE', key, {KEEP_SECONDS})
redis.call('SADD', '{PARTS}', part)
redis.call('EXPIRE', '{PARTS}', {KEEP_SECONDS})
return 1
""")


class CallCount:
    """The counts of one connection in one process. Safe to use from many threads."""

    def __init__(self, shared: Shared, connection_id: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._shared, self._prefix = shared, f"{connection_id}|"
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sums: Counter[str] = Counter()
        self._top = 0
        self._sent_at = monotonic()

    def called(self, seconds: float, *, error: str = "", use: float = 0.0) -> None:
        """A call ended after `seconds`, well or with an error's code; `use` is the share of the fullest limit."""
        with self._lock:
            sums = self._sums
            sums["calls"] += 1
            sums[f"ms{_place(seconds * 1000)}"] += 1
            if error:
                sums[f"error:{error}"] += 1
            if use > 0:
                self._top = max(self._top, round(use * 1000))
        self._send_now_and_then()

    def waited(self, seconds: float) -> None:
        """A call waited for its turn, or because the vendor asked for it."""
        with self._lock:
            self._sums["waits"] += 1
            self._sums["wait_ms"] += round(seconds * 1000)

    def refused(self) -> None:
        """A call was not made because a breaker is open."""
        with self._lock:
            self._sums["refused"] += 1
        self._send_now_and_then()

    def send(self) -> None:
        """Adds what was counted to Redis; keeps it for the next time while Redis is away."""
        with self._lock:
            sums, top = self._sums, self._top
            self._sums, self._top, self._sent_at = Counter(), 0, self._monotonic()
        if not sums and not top:
            return
        fields: list[str | int] = [""]
        for name, number in sums.items():
            fields += [self._prefix + name, number]
        if top:
            fields += [self._prefix + "top", top]
        if self._shared.run(_ADD, [], fields) is None:
            with self._lock:
                self._sums.update(sums)
                self._top = max(self._top, top)

    def _send_now_and_then(self) -> None:
        if self._monotonic() - self._sent_at >= SEND_EVERY:
            self.send()


def _place(milliseconds: float) -> int:
    for place, bound in enumerate(BOUNDS):
        if milliseconds <= bound:
            return place
    return len(BOUNDS)


def parts(shared: Shared) -> tuple[datetime, dict[datetime, dict[str, dict[str, int]]]] | None:
    """(Redis's time, {start of a part: {connection: {name: number}}}) of what waits there; None while Redis is away."""

    def read(client: object) -> tuple[float, list[str], list[dict[str, str]]]:
        seconds, micro = client.time()  # type: ignore[attr-defined]
        names = sorted(client.smembers(PARTS), key=int)  # type: ignore[attr-defined]
        with client.pipeline(transaction=False) as pipe:  # type: ignore[attr-defined]
            for name in names:
                pipe.hgetall(f"pt:calls:{name}")
            return seconds + micro / 1_000_000, names, pipe.execute()

    found = shared.ask(read)
    if found is None:
        return None
    now, names, rows = found
    result: dict[datetime, dict[str, dict[str, int]]] = {}
    for name, fields in zip(names, rows, strict=True):
        of: dict[str, dict[str, int]] = {}
        for field, number in fields.items():
            connection, _, what = field.partition("|")
            of.setdefault(connection, {})[what] = int(number)
        result[datetime.fromtimestamp(int(name), UTC)] = of
    return datetime.fromtimestamp(now, UTC), result


def forget(shared: Shared, part: datetime) -> None:
    """Drops a part that has been written down."""
    name = str(int(part.timestamp()))

    def drop(client: object) -> bool:
        client.delete(f"pt:calls:{name}")  # type: ignore[attr-defined]
        client.srem(PARTS, name)  # type: ignore[attr-defined]
        return True

    shared.ask(drop)
