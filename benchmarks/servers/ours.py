"""The product as it is served, with the benchmark's provider in its catalogue."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

from benchmarks.servers import provider
from config.wsgi import application

__all__ = ["application", "provider"]
