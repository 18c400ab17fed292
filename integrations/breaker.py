"""Circuit breakers shared by all processes in Redis: closed, open, half-open.

Closed lets every call through and counts failures in a row. Open lets none through until `retry_at`. Half-open lets one
call at a time through, over all processes: `recovery` good ones in a row close it, one bad one opens it for longer. A
probe whose process died is forgotten after `probe_seconds`. Without Redis every call is let through.

Each change of state that people care about (opened, closed) is left in Redis as an event with its own id, which
services/calls.py writes down as an audit entry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from core.ids import uuid7
from integrations.shared import Script, Shared

EVENTS = "pt:breaker:events"
# More than this many events that nobody wrote down: beat has been away for weeks.
MOST_EVENTS = 10_000


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Rules:
    """`failures` in a row open it for `open_seconds`, twice as long after each probe that fails, `longest` at most.

    `recovery` good probes in a row close it. Failures further apart than `memory` seconds are not "in a row".
    """

    failures: int = 6
    open_seconds: float = 30.0
    longest: float = 1800.0
    recovery: int = 2
    probe_seconds: float = 150.0
    memory: float = 900.0


# Six: two reads in a row that failed on each of the HTTP client's three attempts.
CONNECTION = Rules()
# One property is asked for less often, and waiting costs nobody else anything.
PROPERTY = Rules(failures=3, open_seconds=600.0, longest=6 * 3600.0, recovery=1, memory=7 * 86_400.0)

_ASK = Script("""
local state, retry_at, probe_until = unpack(redis.call('HMGET', KEYS[1], 'state', 'retry_at', 'probe_until'))
if not state or state == 'closed' then return {'go', '0'} end
if state == 'open' then
  if now < tonumber(retry_at) then return {'stop', retry_at} end
  redis.call('HSET', KEYS[1], 'state', 'half_open', 'successes', 0)
  probe_until = false
end
if probe_until and tonumber(probe_until) > now then return {'busy', probe_until} end
redis.call('HSET', KEYS[1], 'probe', ARGV[2], 'probe_until', text(now + tonumber(ARGV[3])))
return {'probe', '0'}
""")
_TELL = Script(f"""
local token, outcome, reason, scope, event_id = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local limit, open_seconds, longest = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local recovery, memory = tonumber(ARGV[10]), tonumber(ARGV[11])
local function happened(what, retry_at)
  redis.call('LPUSH', KEYS[3], event_id .. '\\n' .. what .. '\\n' .. scope .. '\\n' .. text(now) .. '\\n' ..
    retry_at .. '\\n' .. reason)
  redis.call('LTRIM', KEYS[3], 0, {MOST_EVENTS - 1})
end
local function keep() redis.call('PEXPIRE', KEYS[1], math.ceil((memory + longest) * 1000)) end
local found = redis.call('HMGET', KEYS[1], 'state', 'retry_at', 'probe', 'successes', 'opens')
local state, retry_at = found[1] or 'closed', found[2] or '0'
if state == 'closed' then
  if outcome == 'good' then
    redis.call('DEL', KEYS[1])
    redis.call('SREM', KEYS[2], scope)
    return {{'closed', '0'}}
  end
  if outcome ~= 'bad' then return {{'closed', '0'}} end
  local failures = redis.call('HINCRBY', KEYS[1], 'failures', 1)
  redis.call('HSET', KEYS[1], 'state', 'closed', 'reason', reason)
  redis.call('PEXPIRE', KEYS[1], math.ceil(memory * 1000))
  redis.call('SADD', KEYS[2], scope)
  if failures < limit then return {{'closed', '0'}} end
  retry_at = text(now + open_seconds)
  redis.call('HSET', KEYS[1], 'state', 'open', 'since', text(now), 'retry_at', retry_at, 'opens', 1)
  keep()
  happened('opened', retry_at)
  return {{'open', retry_at}}
end
if state == 'open' or found[3] ~= token or token == '' then return {{state, retry_at}} end
redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
if outcome == 'good' then
  local successes = redis.call('HINCRBY', KEYS[1], 'successes', 1)
  if successes < recovery then return {{'half_open', retry_at}} end
  redis.call('DEL', KEYS[1])
  redis.call('SREM', KEYS[2], scope)
  happened('closed', '0')
  return {{'closed', '0'}}
end
if outcome ~= 'bad' then return {{'half_open', retry_at}} end
local opens = tonumber(found[5] or '1') + 1
local pause = math.min(longest, open_seconds * 2 ^ (opens - 1))
retry_at = text(now + pause)
redis.call('HSET', KEYS[1], 'state', 'open', 'retry_at', retry_at, 'opens', opens, 'reason', reason)
keep()
return {{'open', retry_at}}
""")


class Verdict(StrEnum):
    GO = "go"
    PROBE = "probe"
    STOP = "stop"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a call may go. STOP and BUSY (somebody else is probing) name the moment until which, in seconds."""

    verdict: Verdict
    until: float = 0.0
    token: str = ""

    @property
    def may_call(self) -> bool:
        return self.verdict in (Verdict.GO, Verdict.PROBE)


@dataclass(frozen=True, slots=True)
class Told:
    """The state after an outcome was told."""

    state: State
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A breaker as pages show it. `failures` in a row while closed; `since` it has been open."""

    scope: str
    state: State
    failures: int = 0
    reason: str = ""
    since: datetime | None = None
    retry_at: datetime | None = None


class Breaker:
    """One breaker. `scope` is the connection's id, or `connection:property` for one property of it."""

    def __init__(
        self, shared: Shared, scope: str, rules: Rules = CONNECTION, *, clock: Callable[[], float] | None = None
    ) -> None:
        self.scope, self.rules = scope, rules
        self._shared, self._clock = shared, clock
        self._key, self._watched = state_key(scope), watched_key(scope)

    def ask(self) -> Answer:
        """Whether a call may begin now. A PROBE must be followed by `tell` with its token."""
        token = str(uuid7())
        found = self._shared.run(_ASK, [self._key], [self._now(), token, self.rules.probe_seconds])
        if found is None:
            return Answer(Verdict.GO)
        verdict = Verdict(found[0])
        return Answer(verdict, float(found[1]), token if verdict == Verdict.PROBE else "")

    def tell(self, outcome: str, *, token: str = "", reason: str = "") -> Told:
        """How a call ended: `good`, `bad`, or `none` when it says nothing (told to slow down, cancelled)."""
        rules = self.rules
        found = self._shared.run(
            _TELL,
            [self._key, self._watched, EVENTS],
            [
                self._now(), token, outcome, reason.replace("\n", " ")[:300], self.scope, str(uuid7()), rules.failures,
                rules.open_seconds, rules.longest, rules.recovery, rules.memory,
            ],
        )  # fmt: skip
        if found is None:
            return Told(State.CLOSED)
        return Told(State(found[0]), float(found[1]))

    def _now(self) -> float | str:
        return "" if self._clock is None else self._clock()


def state_key(scope: str) -> str:
    return f"pt:breaker:{{{scope.partition(':')[0]}}}:{scope}"


def watched_key(scope: str) -> str:
    """The set of a connection's breakers that have counted a failure: the only ones that need to be asked."""
    return f"pt:breaker:{{{scope.partition(':')[0]}}}:watched"


def watched(shared: Shared, connection_id: str) -> frozenset[str] | None:
    """Scopes of the connection's breakers that are open or have counted a failure; None while Redis is away."""
    found = shared.ask(lambda client: client.smembers(watched_key(connection_id)))
    return None if found is None else frozenset(found)


def standings(shared: Shared, connection_ids: Sequence[UUID | str]) -> dict[str, list[Standing]] | None:
    """Breakers that are open or have counted failures, by connection: its own first; None while Redis is away.

    Two round trips, however many connections there are.
    """
    ids = [str(item) for item in connection_ids]
    if not ids:
        return {}

    def members(client: object) -> list[set[str]]:
        with client.pipeline(transaction=False) as pipe:  # type: ignore[attr-defined]
            for ident in ids:
                pipe.smembers(watched_key(ident))
            found: list[set[str]] = pipe.execute()
            return found

    sets = shared.ask(members)
    if sets is None:
        return None
    scopes = [sorted(found, key=lambda scope: (":" in scope, scope)) for found in sets]

    def states(client: object) -> list[dict[str, str]]:
        with client.pipeline(transaction=False) as pipe:  # type: ignore[attr-defined]
            for scope in (scope for group in scopes for scope in group):
                pipe.hgetall(state_key(scope))
            found: list[dict[str, str]] = pipe.execute()
            return found

    rows = shared.ask(states) if any(scopes) else []
    if rows is None:
        return None
    values = iter(rows)
    result: dict[str, list[Standing]] = {}
    for ident, group in zip(ids, scopes, strict=True):
        # One that was forgotten meanwhile (its failures are too old) has no fields.
        pairs = [(scope, next(values)) for scope in group]
        result[ident] = [_standing(scope, fields) for scope, fields in pairs if fields]
    return result


def _standing(scope: str, fields: dict[str, str]) -> Standing:
    return Standing(
        scope=scope,
        state=State(fields.get("state", "closed")),
        failures=int(fields.get("failures", 0)),
        reason=fields.get("reason", ""),
        since=_moment(fields.get("since")),
        retry_at=_moment(fields.get("retry_at")),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromtimestamp(float(text), UTC) if text else None
