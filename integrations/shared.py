"""Redis as the memory that all processes share, on terms on which it may be away at any moment.

A question that Redis does not answer in time is answered None, and for a second afterwards nothing is asked: a server
that hangs would otherwise cost every call its time-out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# Seconds to connect and to answer; a healthy server takes a ten-thousandth of it.
TIME_OUT = 1.0
# How long it is left alone after it did not answer.
REST = 1.0

# The one clock of all processes is the server's own; tests give theirs as the first argument of a script.
NOW = """
local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
end
local function text(number) return string.format('%.6f', number) end
"""


class Script:
    """A Lua script that runs as one step. `NOW` is put in front: it gives `now` and `text`."""

    def __init__(self, body: str) -> None:
        self.body = NOW + body


class Shared:
    """One Redis, asked so that nobody depends on it."""

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.url = url
        self._monotonic = monotonic
        self._asks_again_at = 0.0
        self._client = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=TIME_OUT, socket_connect_timeout=TIME_OUT
        )
        self._scripts: dict[Script, Any] = {}

    def close(self) -> None:
        """Gives its connections back."""
        self._client.close()

    @property
    def is_away(self) -> bool:
        """Whether it did not answer within the last second."""
        return self._monotonic() < self._asks_again_at

    def run(self, script: Script, keys: Sequence[str], arguments: Sequence[str | float | int]) -> Any:
        """What the script answers; None while Redis is away."""
        registered = self._scripts.get(script)
        if registered is None:
            registered = self._scripts[script] = self._client.register_script(script.body)
        return self.ask(lambda client: registered(keys=keys, args=arguments))

    def ask(self, question: Callable[[redis.Redis], Any]) -> Any:
        """What `question` answers, given the client; None while Redis is away."""
        if self.is_away:
            return None
        try:
            return question(self._client)
        except (RedisError, OSError) as error:
            logger.warning("Redis does not answer (%s); calls go on with what this process knows", type(error).__name__)
            self._asks_again_at = self._monotonic() + REST
            return None


@cache
def _shared(url: str) -> Shared:
    return Shared(url)


def shared() -> Shared:
    """The Redis of the settings."""
    return _shared(settings.REDIS_URL)
