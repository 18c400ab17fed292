"""Peak memory of a sync at 10,000 and at 1,000,000 rows: it must not grow with the provider."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings

if not apps.ready:
    django.setup()

from benchmarks import setting
from benchmarks.report import say, table
from integrations.models import Connection
from integrations.sandbox.bench import BenchProcess

SMALL, LARGE = 10_000, 1_000_000
MEGABYTE = 1024


def measure_memory() -> dict[str, float]:
    """Each size syncs in a process of its own, whose highest resident size the kernel reports."""
    peaks = {}
    for rows in (SMALL, LARGE):
        say(f"memory: {rows:,} rows")
        with BenchProcess(rows=rows, page_size=500) as provider:
            setting.clear()
            source = setting.connect(provider.url)
            done = subprocess.run(  # ourselves
                [sys.executable, "-m", "benchmarks.memory", str(source.pk), provider.url],
                capture_output=True,
                text=True,
                check=True,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"},
            )
            peaks[rows] = int(done.stdout.split()[-1]) / MEGABYTE
    table("peak resident memory", ("rows", "MB"), [(f"{rows:,}", f"{peak:,.1f}") for rows, peak in peaks.items()])
    return {"sync_memory_growth_mb": peaks[LARGE] - peaks[SMALL]}


def main() -> None:
    settings.PROPERTYME_API_URL, settings.PROPERTYME_AUTH_URL = f"{sys.argv[2]}/api", sys.argv[2]
    setting.sync(Connection.objects.get(pk=sys.argv[1]), full=True)
    # Not getrusage(): its highest size is the parent's where that was higher before it started this process.
    status = Path("/proc/self/status").read_text()
    say(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


if __name__ == "__main__":
    main()
