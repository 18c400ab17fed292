"""Both private servers of one checkout together."""

from __future__ import annotations

import os
import shutil

from .layout import Layout
from .postgres import Postgres
from .redis import Redis


class Services:
    """PostgreSQL and Redis below one `.local` directory."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.postgres = Postgres(layout)
        self.redis = Redis(layout)

    @property
    def started_here(self) -> bool:
        """Whether this process started one of them."""
        return self.postgres.started_here or self.redis.started_here

    def ensure(self) -> list[str]:
        """Start what does not run and has no address in the environment; the names of those started by this call.

        Raises EmbeddedError when one cannot start.
        """
        started = []
        if not os.environ.get("DATABASE_URL") and self.postgres.ensure():
            started.append("postgres")
        if not os.environ.get("REDIS_URL") and self.redis.ensure():
            started.append("redis")
        return started

    def stop(self) -> list[str]:
        """Stop what runs, whoever started it; the names of those stopped."""
        stopped = []
        if self.redis.stop():
            stopped.append("redis")
        if self.postgres.stop():
            stopped.append("postgres")
        return stopped

    def reset(self) -> None:
        """Stop both and delete all their data, also what lies outside `.local`."""
        self.stop()
        outside = {self.layout.home, self.layout.socket_dir}
        for path in (*outside, self.layout.base):
            shutil.rmtree(path, ignore_errors=True)
