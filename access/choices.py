"""What the forms offer. Services accept any valid code; these are the ones the product has been tried with."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

CURRENCIES = [
    ("AUD", "Australian dollar (AUD)"),
    ("NZD", "New Zealand dollar (NZD)"),
    ("USD", "US dollar (USD)"),
    ("CAD", "Canadian dollar (CAD)"),
    ("GBP", "Pound sterling (GBP)"),
    ("EUR", "Euro (EUR)"),
    ("SGD", "Singapore dollar (SGD)"),
]

REGIONS = [
    ("AU", "Australia"),
    ("NZ", "New Zealand"),
    ("US", "United States"),
    ("CA", "Canada"),
    ("GB", "United Kingdom"),
    ("IE", "Ireland"),
    ("SG", "Singapore"),
]

# Home first, then the rest of the world by letter.
_AREAS = ("Australia", "Pacific", "Asia", "America", "Europe", "Africa", "Atlantic", "Indian", "Antarctica")


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """IANA zones as groups of a select: [("Australia", [("Australia/Sydney", "Sydney"), …]), …]."""
    groups: dict[str, list[tuple[str, str]]] = {area: [] for area in _AREAS}
    for name in sorted(available_timezones()):
        area, _, place = name.partition("/")
        if place and area in groups:
            groups[area].append((name, place.replace("_", " ").replace("/", ", ")))
    return [(area, places) for area, places in groups.items() if places]
