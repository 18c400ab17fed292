"""The vendor's limits on calls, as sliding windows."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable


class Windows:
    """So many calls in so many seconds, for each window. A refused call does not count."""

    def __init__(self, *windows: tuple[int, float], clock: Callable[[], float] = time.monotonic) -> None:
        self._windows = windows
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: deque[float] = deque(maxlen=max(calls for calls, _ in windows))

    def take(self) -> int:
        """Count a call and return 0, or return the whole seconds after which the next one is allowed."""
        now = self._clock()
        with self._lock:
            for calls, seconds in self._windows:
                if len(self._calls) >= calls:
                    free = self._calls[-calls] + seconds - now
                    if free > 0:
                        return max(1, math.ceil(free))
            self._calls.append(now)
            return 0
