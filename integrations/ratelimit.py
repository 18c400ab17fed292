"""Vendors' limits, kept by all processes together: several sliding windows at once, and slots for calls under way.

The books are in Redis and are kept by one script, so that no two processes take the last place. A call counts in a
window from when it surely reached the vendor: when it ended, or `ARRIVES_WITHIN` after it began, whichever is earlier.
Counting from its beginning would let a call that was slow on its way meet the next second's calls at the vendor.

A slot is a lease: its holder renews it while the call lasts, and one whose holder died is free when the lease ends.
Without Redis each process keeps the limits for what it does itself.
"""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.ids import uuid7
from integrations.shared import Script, Shared
from integrations.specs import RateLimit

# Seconds after which a call that was begun has reached the vendor, if it ever does.
ARRIVES_WITHIN = 2.0
LEASE_SECONDS = 10.0
# A slot may become free at any moment, so its wait is a guess: short, so that it is not left empty.
SLOT_WAIT = 0.05

_TAKE = Script("""
local id, lease, arrival, slots = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local wait, longest, most = (tonumber(redis.call('GET', KEYS[3]) or '0') - now), 0, 0
if wait < 0 then wait = 0 end
for place = 6, #ARGV - 1, 2 do
  local calls, seconds = tonumber(ARGV[place]), tonumber(ARGV[place + 1])
  if seconds > longest then longest = seconds end
  local oldest = redis.call('ZRANGE', KEYS[1], -calls, -calls, 'WITHSCORES')
  if oldest[2] then
    local counted = tonumber(oldest[2])
    if counted > now then counted = now end
    if counted + seconds - now > wait then wait = counted + seconds - now end
  end
end
if slots > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
  if wait <= 0 and redis.call('ZCARD', KEYS[2]) >= slots then wait = tonumber(ARGV[#ARGV]) end
end
if wait > 0 then return {'0', text(wait), '0'} end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - longest))
if longest > 0 then
  redis.call('ZADD', KEYS[1], text(now + arrival), id)
  redis.call('PEXPIRE', KEYS[1], math.ceil((longest + arrival) * 1000) + 1000)
end
if slots > 0 then
  redis.call('ZADD', KEYS[2], text(now + lease), id)
  redis.call('PEXPIRE', KEYS[2], math.ceil(lease * 1000) + 1000)
  most = redis.call('ZCARD', KEYS[2]) / slots
end
for place = 6, #ARGV - 1, 2 do
  local used = redis.call('ZCOUNT', KEYS[1], '(' .. text(now - tonumber(ARGV[place + 1])), '+inf')
  if used / tonumber(ARGV[place]) > most then most = used / tonumber(ARGV[place]) end
end
return {'1', '0', text(most)}
""")
_GIVE_BACK = Script("""
redis.call('ZREM', KEYS[2], ARGV[2])
local counted = redis.call('ZSCORE', KEYS[1], ARGV[2])
if counted and tonumber(counted) > now then redis.call('ZADD', KEYS[1], text(now), ARGV[2]) end
""")
_RENEW = Script("""
if redis.call('ZSCORE', KEYS[1], ARGV[2]) then
  redis.call('ZADD', KEYS[1], text(now + tonumber(ARGV[3])), ARGV[2])
  redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[3]) * 1000) + 1000)
end
""")
_HOLD_BACK = Script("""
local ends = now + tonumber(ARGV[2])
if ends > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], text(ends), 'PX', math.ceil(tonumber(ARGV[2]) * 1000) + 1000)
end
return text(ends)
""")
_USE = Script("""
local found = {}
for place = 2, #ARGV do
  found[#found + 1] = redis.call('ZCOUNT', KEYS[1], '(' .. text(now - tonumber(ARGV[place])), '+inf')
end
found[#found + 1] = redis.call('ZCOUNT', KEYS[2], '(' .. text(now), '+inf')
return found
""")


@dataclass(frozen=True, slots=True)
class Place:
    """A place among the vendor's allowed calls. `use` is the share of the fullest limit taken, itself included."""

    ident: str
    use: float = 0.0


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a limit is taken now."""

    limit: RateLimit
    used: int


class Limiter:
    """The limits of one credential. Safe to use from many threads and processes.

    `clock` replaces the server's clock (seconds) in tests; `arrives_within` is how long a call may be on its way.
    """

    def __init__(
        self,
        shared: Shared,
        scope: str,
        limits: Sequence[RateLimit],
        *,
        lease: float = LEASE_SECONDS,
        arrives_within: float = ARRIVES_WITHIN,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.limits = tuple(limits)
        self._shared = shared
        base = f"pt:limit:{{{scope}}}"
        self._calls, self._slots, self.held_key = f"{base}:calls", f"{base}:slots", held_key(scope)
        self._lease, self._arrival, self._clock = lease, arrives_within, clock
        self._slot_count = min((limit.calls for limit in self.limits if limit.concurrent), default=0)
        self._pairs: list[float] = []
        for limit in self.limits:
            self._pairs += [limit.calls, limit.seconds]
        self._own = OwnWindows(self.limits, clock or time.monotonic, arrives_within)
        self._renewals = Renewals(self._renew, lease / 3)

    def take(self) -> Place | float:
        """A place for a call that begins now, or the seconds to wait before asking again (never too many).

        What this process knows by itself is asked first: it spares Redis the question, and keeps the limits from the
        first moment that Redis is away, or is back and has forgotten everything.
        """
        ident = str(uuid7())
        wait = self._own.take(ident)
        if wait > 0:
            return wait
        arguments = [self._now(), ident, self._lease, self._arrival, self._slot_count, *self._pairs, SLOT_WAIT]
        answer = self._shared.run(_TAKE, [self._calls, self._slots, self.held_key], arguments)
        if answer is None:
            return Place(ident)
        if answer[0] == "0":
            self._own.forget(ident)
            return float(answer[1])
        if self._slot_count:
            self._renewals.add(ident)
        return Place(ident, float(answer[2]))

    def give_back(self, place: Place) -> None:
        """The call has ended: its slot is free, and the vendor has surely counted it by now."""
        if self._slot_count:
            self._renewals.remove(place.ident)
        self._own.ended(place.ident)
        self._shared.run(_GIVE_BACK, [self._calls, self._slots], [self._now(), place.ident])

    def hold_back(self, seconds: float) -> float:
        """The vendor said 429: no process begins a call for so long. Answers until when, by Redis's clock, else 0."""
        self._own.hold_back(seconds)
        return float(self._shared.run(_HOLD_BACK, [self.held_key], [self._now(), seconds]) or 0)

    def use(self) -> list[Use] | None:
        """How much of each limit is taken now, the concurrent ones by calls under way; None while Redis is away."""
        windows = [limit.seconds for limit in self.limits]
        found = self._shared.run(_USE, [self._calls, self._slots], [self._now(), *windows])
        if found is None:
            return None
        return [
            Use(limit, int(found[-1]) if limit.concurrent else int(found[place]))
            for place, limit in enumerate(self.limits)
        ]

    def _renew(self, ident: str) -> None:
        self._shared.run(_RENEW, [self._slots], [self._now(), ident, self._lease])

    def _now(self) -> float | str:
        return "" if self._clock is None else self._clock()


def held_key(scope: str) -> str:
    """Where it is written until when a vendor asked everybody to wait."""
    return f"pt:limit:{{{scope}}}:held"


class OwnWindows:
    """The same limits kept by one process for what it did itself."""

    def __init__(self, limits: Sequence[RateLimit], clock: Callable[[], float], arrives_within: float) -> None:
        self._limits = limits
        self._clock, self._arrival = clock, arrives_within
        self._lock = threading.Lock()
        self._most = max((limit.calls for limit in limits), default=1)
        # When calls that have ended are counted, in order; when those under way began.
        self._counted: list[float] = []
        self._under_way: dict[str, float] = {}
        self._held_until = 0.0

    def take(self, ident: str) -> float:
        """0 for a call that begins now, else the seconds to wait."""
        with self._lock:
            now = self._clock()
            wait = max(0.0, self._held_until - now)
            open_calls = [min(now, began + self._arrival) for began in self._under_way.values()]
            for limit in self._limits:
                counted = sorted(self._counted[-limit.calls :] + open_calls)
                if len(counted) >= limit.calls:
                    wait = max(wait, counted[-limit.calls] + limit.seconds - now)
                if limit.concurrent and len(open_calls) >= limit.calls:
                    wait = max(wait, SLOT_WAIT)
            if wait <= 0:
                self._under_way[ident] = now
            return wait

    def ended(self, ident: str) -> None:
        with self._lock:
            began = self._under_way.pop(ident, None)
            if began is not None:
                insort(self._counted, min(self._clock(), began + self._arrival))
                del self._counted[: -self._most]

    def forget(self, ident: str) -> None:
        """The call did not begin after all."""
        with self._lock:
            self._under_way.pop(ident, None)

    def hold_back(self, seconds: float) -> None:
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)


class Renewals:
    """Keeps the leases of this process's calls alive: one thread, which ends when no call has been under way."""

    def __init__(self, renew: Callable[[str], None], every: float) -> None:
        self._renew, self._every = renew, every
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, ident: str) -> None:
        with self._lock:
            self._held.add(ident)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="leases", daemon=True)
                self._thread.start()

    def remove(self, ident: str) -> None:
        with self._lock:
            self._held.discard(ident)

    def _work(self) -> None:
        while True:
            time.sleep(self._every)
            with self._lock:
                held = list(self._held)
                if not held:
                    self._thread = None
                    return
            for ident in held:
                self._renew(ident)
