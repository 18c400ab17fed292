"""What each call of a connection passes: the vendor's limits, the connection's breaker, and the counts.

The way of a call while all is well touches Redis about four times a second, however many calls there are (and once a
call where the vendor has limits): which breakers have counted failures, and whether the vendor asked everybody to wait,
is kept for `FRESH_SECONDS`.

Until a provider has answered once, and again after each failure, this process asks it one call at a time: of callers
that start together against a provider that is down, one a process finds out and the others are spared.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from integrations.breaker import CONNECTION, PROPERTY, Breaker, Rules, State, Told, Verdict, watched_key
from integrations.callcount import CallCount
from integrations.errors import (
    IntegrationError,
    NotNow,
    PropertySetAside,
    ProviderDown,
    ProviderPaused,
    RateLimited,
    RemoteGone,
    TransientError,
)
from integrations.http import Outcome, Pause
from integrations.ratelimit import ARRIVES_WITHIN, Limiter, Place, held_key
from integrations.shared import Script, Shared
from integrations.specs import RateLimit

T = TypeVar("T")
FRESH_SECONDS = 0.25
# How long a helper thread waits by itself; whoever reads waits longer, announced and ended early by a cancel.
SHORT_WAIT = 2.0
# Longer than this for one call's turn, and the sync had better end and go on by schedule.
LONGEST_TURN = 900.0
# Somebody else's probe is under way: its outcome is near.
PROBE_WAIT, PROBE_PATIENCE = 0.5, 10.0
# Seconds to hold everybody back after a 429 that names no time.
UNTOLD_HOLD = 1.0

_about: ContextVar[str] = ContextVar("property_of_the_call", default="")
_LOOK = Script("""
return {text(now), redis.call('GET', KEYS[1]) or '0', unpack(redis.call('SMEMBERS', KEYS[2]))}
""")


@dataclass(slots=True)
class _Call:
    """An attempt under way: whether it has the one turn, its probe's token, its place among the allowed calls."""

    has_turn: bool
    token: str
    place: Place | None
    began: float


class CallGate:
    """The gate of one connection in one process; `integrations.http.Gate` for its HTTP clients.

    `limit_scope` names the credential that the limits count for. `time_zone` is the organisation's, for messages.
    """

    def __init__(
        self,
        shared: Shared,
        *,
        connection_id: str,
        label: str = "The provider",
        time_zone: str = "UTC",
        limits: Sequence[RateLimit] = (),
        limit_scope: str = "",
        rules: Rules = CONNECTION,
        arrives_within: float = ARRIVES_WITHIN,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection_id, self.label, self.time_zone = connection_id, label, time_zone
        self.shared = shared
        self.count = CallCount(shared, connection_id)
        scope = limit_scope or connection_id
        self._limiter = Limiter(shared, scope, limits, arrives_within=arrives_within)
        self._is_limited = bool(limits)
        self._breaker = Breaker(shared, connection_id, rules)
        self._look_keys = [held_key(scope), watched_key(connection_id)]
        self._monotonic = monotonic
        self._looked_at = float("-inf")
        # When everybody may call again, by this process's clock; and the last such moment (by Redis's) waited for here.
        self._held_until = self._hold_seen = self._hold_served = float("-inf")
        self._watched: frozenset[str] = frozenset()
        self._failing: set[str] = set()
        self._failed_at = float("-inf")
        self._one_by_one = threading.Condition()
        self._is_proven = self._is_busy = self._is_in_trouble = False
        self._local = threading.local()

    # --- the gate of http.py ----------------------------------------------------------------------------------------
    def before(self, pause: Pause | None) -> None:
        """See `integrations.http.Gate`."""
        has_turn, token = self._take_turn(is_helper=pause is None), ""
        try:
            token = self._pass_breaker(pause)
            place = self._take_place(pause)
        except BaseException:
            self._leave_turn(has_turn=has_turn, outcome="none")
            if token:
                self._breaker.tell("none", token=token)
            raise
        self._local.call = _Call(has_turn, token, place, self._monotonic())

    def after(self, outcome: Outcome) -> None:
        """See `integrations.http.Gate`."""
        call: _Call = self._local.call
        error = outcome.error
        if call.place is not None:
            self._limiter.give_back(call.place)
        if error is None:
            judged = "good"
        elif isinstance(error, ProviderPaused):
            # Hours, and every answer says so again: whoever asks gets the vendor's own reason instead of ours.
            judged = "none"
        elif isinstance(error, RateLimited):
            judged = "none"
            self._hold_back(UNTOLD_HOLD if error.retry_after is None else error.retry_after)
        elif isinstance(error, TransientError):
            judged = "bad"
        else:
            # A refusal is an answer: the provider is there. Only a call that we broke off says nothing.
            judged = "none" if type(error) is IntegrationError else "good"
        counts = self._tell(judged, call, error)
        self._leave_turn(has_turn=call.has_turn, outcome=judged if counts else "none")
        self.count.called(
            outcome.seconds, error=error.code if error else "", use=call.place.use if call.place is not None else 0.0
        )

    def waited(self, seconds: float) -> None:
        """See `integrations.http.Gate`."""
        self._local.credit = seconds
        self.count.waited(seconds)

    def close(self) -> None:
        """Sends what was counted."""
        self.count.send()

    # --- breaker ----------------------------------------------------------------------------------------------------
    def watched(self) -> frozenset[str]:
        """Scopes of breakers that have counted a failure, at most `FRESH_SECONDS` old."""
        now = self._monotonic()
        if now - self._looked_at >= FRESH_SECONDS:
            self._looked_at = now
            found = self.shared.run(_LOOK, self._look_keys, [""])
            if found is not None:
                self._hold_seen = float(found[1])
                if self._hold_seen > self._hold_served:
                    # From after the answer: what is left was true a moment ago, and less of it would be too early.
                    left = self._hold_seen - float(found[0])
                    self._held_until = max(self._held_until, self._monotonic() + left)
                self._watched = frozenset(found[2:])
        return self._watched

    def _pass_breaker(self, pause: Pause | None) -> str:
        if self.connection_id not in self.watched():
            return ""
        spent = 0.0
        while True:
            answer = self._breaker.ask()
            if answer.may_call:
                return answer.token
            if answer.verdict == Verdict.STOP or spent >= PROBE_PATIENCE:
                self.count.refused()
                raise self._down(answer.until)
            if pause is None:
                raise NotNow(detail="Another call is trying whether the provider is back.")
            spent += PROBE_WAIT
            pause(PROBE_WAIT)

    def _down(self, until: float) -> ProviderDown:
        clock = datetime.fromtimestamp(until, UTC).astimezone(ZoneInfo(self.time_zone))
        return ProviderDown(
            f"{self.label} does not answer, so nothing is asked of it before {clock:%H:%M:%S}. "
            "What was read is kept, and the next sync tries again by itself.",
            retry_at=until,
        )

    def _tell(self, judged: str, call: _Call, error: IntegrationError | None) -> bool:
        """Tells the breaker; answers whether the outcome says something about the provider as a whole."""
        subject, token = _about.get(), call.token
        if judged == "bad" and subject:
            # A property that keeps failing counts once, so that it cannot shut out the rest of the portfolio.
            is_known = subject in self._failing or f"{self.connection_id}:{subject}" in self._watched
            self._failing.add(subject)
            if is_known:
                if token:
                    self._breaker.tell("none", token=token)
                return False
        if judged == "good" and subject:
            self._failing.discard(subject)
        if judged == "bad" and not token:
            # Calls that were under way together and fail together are one failure and not several in a row.
            if call.began <= self._failed_at:
                return True
            self._failed_at = self._monotonic()
        if judged == "bad" or token or (judged == "good" and self.connection_id in self._watched):
            reason = _reason(error) if error is not None else ""
            self._note(self.connection_id, self._breaker.tell(judged, token=token, reason=reason), judged)
        return judged != "none"

    def _note(self, scope: str, told: Told, judged: str) -> None:
        if told.state == State.CLOSED and judged == "good":
            self._watched -= {scope}
        elif judged == "bad":
            self._watched |= {scope}

    # --- limits -----------------------------------------------------------------------------------------------------
    def _take_place(self, pause: Pause | None) -> Place | None:
        credit = getattr(self._local, "credit", 0.0)
        self._local.credit = 0.0
        held = self._held_until - self._monotonic()
        if not self._is_limited:
            if held > credit:
                self._wait(held, 0.0, pause)
            if held > 0:
                self._held_until, self._hold_served = float("-inf"), max(self._hold_seen, self._hold_served)
            return None
        spent = 0.0
        while True:
            taken = self._limiter.take()
            if isinstance(taken, Place):
                return taken
            spent = self._wait(taken, spent, pause)

    def _wait(self, seconds: float, spent: float, pause: Pause | None) -> float:
        if pause is None and spent + seconds > SHORT_WAIT:
            raise NotNow(detail=f"The next call may begin in {seconds:.1f} s.")
        if spent + seconds > LONGEST_TURN:
            raise RateLimited(
                f"{self.label} allows no more calls for now. The next sync goes on by itself.",
                detail=f"The next call may begin in {seconds:.1f} s.",
                retry_after=seconds,
            )
        self.count.waited(seconds)
        (pause or time.sleep)(seconds)
        return spent + seconds

    def _hold_back(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._monotonic() + seconds)
        self._hold_seen = max(self._hold_seen, self._limiter.hold_back(seconds))

    # --- one call at a time until it is known that the provider answers -----------------------------------------------
    def _take_turn(self, *, is_helper: bool) -> bool:
        if self._is_proven:
            return False
        with self._one_by_one:
            self._one_by_one.wait_for(
                lambda: self._is_proven or not self._is_busy or (is_helper and self._is_in_trouble)
            )
            return self._begin_turn(is_helper=is_helper)

    def _begin_turn(self, *, is_helper: bool) -> bool:
        if self._is_proven:
            return False
        if is_helper and self._is_in_trouble:
            raise NotNow(detail="The last call failed: one at a time until the provider answers.")
        self._is_busy = True
        return True

    def _leave_turn(self, *, has_turn: bool, outcome: str) -> None:
        if not has_turn and (outcome == "none" or (outcome == "good" and self._is_proven)):
            return
        with self._one_by_one:
            if has_turn:
                self._is_busy = False
            if outcome != "none":
                self._is_proven, self._is_in_trouble = outcome == "good", outcome == "bad"
            self._one_by_one.notify_all()


class GatedPropertyCalls:
    """`integrations.contracts.PropertyCalls` with a breaker for each property, shared by all processes."""

    def __init__(self, gate: CallGate, rules: Rules = PROPERTY) -> None:
        self._gate, self._rules = gate, rules

    def call(self, property_ref: str, work: Callable[[], T]) -> T:
        """See `integrations.contracts.PropertyCalls`."""
        gate, scope = self._gate, f"{self._gate.connection_id}:{property_ref}"
        breaker, token = Breaker(gate.shared, scope, self._rules), ""
        is_watched = scope in gate.watched()
        if is_watched:
            answer = breaker.ask()
            if not answer.may_call:
                gate.count.refused()
                raise PropertySetAside(detail=f"Property {property_ref} is set aside until {answer.until:.0f}.")
            token = answer.token
        try:
            with _calls_about(property_ref):
                found = work()
        except RateLimited:
            self._tell(breaker, "none", token)
            raise
        except TransientError as error:
            self._tell(breaker, "bad", token, _reason(error))
            raise PropertySetAside(detail=f"Property {property_ref}: {error.detail}") from error
        except RemoteGone:
            # An answer: the provider is able to speak about this property.
            if is_watched:
                self._tell(breaker, "good", token)
            raise
        except BaseException:
            self._tell(breaker, "none", token)
            raise
        if is_watched:
            self._tell(breaker, "good", token)
        return found

    def attempt(self, property_ref: str, work: Callable[[], T]) -> T | None:
        """See `integrations.contracts.PropertyCalls`."""
        if f"{self._gate.connection_id}:{property_ref}" in self._gate.watched():
            return None
        try:
            with _calls_about(property_ref):
                return work()
        except IntegrationError:
            return None

    def _tell(self, breaker: Breaker, outcome: str, token: str, reason: str = "") -> None:
        if outcome != "none" or token:
            self._gate._note(breaker.scope, breaker.tell(outcome, token=token, reason=reason), outcome)


def _reason(error: IntegrationError) -> str:
    """What happened, as one sentence; the message for people speaks of syncs and not of the call."""
    return f"{(error.detail or error.safe_message).strip().rstrip('.')}."


@contextmanager
def _calls_about(property_ref: str) -> Iterator[None]:
    mark = _about.set(property_ref)
    try:
        yield
    finally:
        _about.reset(mark)
