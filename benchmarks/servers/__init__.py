"""Web servers that the benchmark starts, each a WSGI application for granian."""

from __future__ import annotations

from importlib.util import find_spec


def djstripe_installed() -> bool:
    """Whether the yardstick is there: it comes with the `bench` dependency group."""
    return find_spec("djstripe") is not None
