"""How often a link without an account may be used."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

# A person presses a few buttons; a program that guesses secrets asks many times.
PER_LINK, LINK_SECONDS = 60, 60
MISSES, MISS_SECONDS = 20, 600


def _over(key: str, *, most: int, seconds: int) -> bool:
    cache.add(key, 0, timeout=seconds)
    try:
        return cache.incr(key) > most
    except ValueError:
        # It ended between the two calls: a new span begins with this use.
        cache.set(key, 1, timeout=seconds)
        return False


def link_is_busy(fingerprint: str) -> bool:
    """Counts one use of a link; whether that is too many within a minute."""
    return _over(f"maintenance.link:{fingerprint}", most=PER_LINK, seconds=LINK_SECONDS)


def guesses_too_much(request: HttpRequest) -> bool:
    """Counts one link that does not exist, by where it was asked from; whether that is too many in ten minutes."""
    return _over(f"maintenance.miss:{request.META.get('REMOTE_ADDR', '')}", most=MISSES, seconds=MISS_SECONDS)
