from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

PARTS = ("sync", "memory", "pages", "breaker", "webhooks")


def main() -> int:
    """Runs the chosen parts, prints their tables and writes benchmarks/latest.json."""
    # Before anything of the project is imported: its Celery application would choose the development settings.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    from config import embedded

    embedded.ensure()
    # A database of its own: the demo's data is neither touched nor measured.
    os.environ.setdefault("DATABASE_URL", embedded.database_url("propertytracker_bench"))
    if not urlsplit(os.environ["DATABASE_URL"]).path.endswith("bench"):
        sys.stderr.write(
            "The benchmark empties its database: DATABASE_URL must name one whose name ends with “bench”.\n"
        )
        return 2
    import django

    django.setup()
    from benchmarks import report, setting
    from benchmarks.breaker import measure_breaker
    from benchmarks.memory import measure_memory
    from benchmarks.pages import measure_pages
    from benchmarks.sync import measure_sync
    from benchmarks.webhooks import measure_webhooks
    from core import memory

    chosen = sys.argv[1:] or list(PARTS)
    unknown = [name for name in chosen if name not in PARTS]
    if unknown:
        sys.stderr.write(f"There is no part called {unknown[0]}; choose from {', '.join(PARTS)}.\n")
        return 2
    setting.prepare_database()
    # As in a worker.
    memory.settle()
    measures = {
        "sync": measure_sync,
        "memory": measure_memory,
        "pages": measure_pages,
        "breaker": measure_breaker,
        "webhooks": measure_webhooks,
    }
    figures: dict[str, float] = {}
    for name in PARTS:
        if name in chosen:
            figures.update(measures[name]())
    report.write(figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
