"""Tables on the terminal, and one flat object of numbers for machines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import orjson

LATEST = Path(__file__).parent / "latest.json"


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    say(f"\n{title}")
    for row in (head, *rows):
        say("  " + "  ".join(cell.ljust(width) if not place else cell.rjust(width)
                             for place, (cell, width) in enumerate(zip(row, widths, strict=True))))  # fmt: skip


def middle(values: Sequence[float]) -> float:
    return median(values)


def write(figures: dict[str, float]) -> None:
    """Merges the figures into benchmarks/latest.json, so that a part alone refreshes only its own keys."""
    known = orjson.loads(LATEST.read_bytes()) if LATEST.exists() else {}
    known.update({key: round(value, 4) for key, value in figures.items()})
    LATEST.write_bytes(orjson.dumps(known, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    table(
        "Figures", ("key", "value"), [(key, f"{value:,.3f}".rstrip("0").rstrip(".")) for key, value in figures.items()]
    )
