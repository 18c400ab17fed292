"""Scores how well a provider's property matches one of ours, in parts that a person can read.

Number and street must agree before anything is suggested: a name alone never is. A conflict of unit or building number
vetoes, whatever else agrees, because "21" and "21A" or "Unit 3" and "Unit 4" are different homes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import asin, cos, radians, sin, sqrt
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

BULK_MINIMUM = 90
SHOWN_MINIMUM = 50
VETO_CAP = 79
WEIGHTS = {"number": 25, "street": 25, "suburb": 15, "postcode": 15, "unit": 10, "distance": 5, "tenant": 5}

_STREETS = {
    "st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "dr": "drive", "cres": "crescent", "cr": "crescent",
    "ct": "court", "pl": "place", "ln": "lane", "tce": "terrace", "pde": "parade", "hwy": "highway", "cl": "close",
    "bvd": "boulevard", "blvd": "boulevard", "cct": "circuit", "gr": "grove", "gve": "grove", "sq": "square",
    "esp": "esplanade", "wy": "way", "qy": "quay", "tr": "track", "row": "row", "walk": "walk", "mews": "mews",
}  # fmt: skip
_TYPES = frozenset(_STREETS.values())
# As the first of several words: "St Kilda Rd", "Mt Eliza Way".
_FIRST_WORDS = {"st": "saint", "mt": "mount"}
_ONE_LINE = re.compile(
    r"^\s*(?:(?:unit|apt|apartment|flat|shop|suite|level)\s+)?(?:(?P<unit>[\w-]+)\s*[/,]\s*)?"
    r"(?P<number>\d+\s?[A-Za-z]?(?:\s?[-–]\s?\d+[A-Za-z]?)?)\s+(?P<street>[^,]+)",  # people type the dash
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address in comparable form, ours or theirs."""

    unit: str
    number: str
    street: str
    suburb: str
    postcode: str
    place: tuple[float, float] | None
    surnames: frozenset[str]
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The best match for a provider's property: 0 to 100, its parts, and whether something rules it out."""

    property_id: UUID
    score: int
    parts: list[dict[str, Any]]
    veto: str = ""


def number_form(value: str) -> str:
    return re.sub(r"[\s.]", "", value).replace("–", "-").lower()  # people type the dash


_UNIT_WORD = re.compile(r"^(?:(?:unit|apt|apartment|flat|shop|suite)\b\.?|u(?=\s*\d)|#)\s*0*(?=.)|^0+(?=\d)")


def unit_form(value: str) -> str:
    return _UNIT_WORD.sub("", value.strip().lower())


def street_form(value: str) -> str:
    words = default_process(value).split()
    if words and words[-1] in _STREETS:
        words[-1] = _STREETS[words[-1]]
    if len(words) > 1:
        words[0] = _FIRST_WORDS.get(words[0], words[0])
    return " ".join(words)


def _street_alike(theirs: str, ours: str) -> float:
    """0 to 100 by the name without its type; 0 for another type, since Park Road and Park Lane are two streets."""
    their_name, their_type = _split_type(theirs)
    our_name, our_type = _split_type(ours)
    if their_type and our_type and their_type != our_type:
        return 0
    alike = fuzz.ratio(their_name, our_name)
    return alike if their_type == our_type else min(alike, 95)


def _split_type(street: str) -> tuple[str, str]:
    name, _, last = street.rpartition(" ")
    return (name, last) if name and last in _TYPES else (street, "")


def surnames_of(names: str) -> frozenset[str]:
    """The words that may be surnames: the last word of a name, or the first before a comma."""
    found = set()
    for name in re.split(r"\s*(?:&|;| and )\s*", names):
        word = name.split(",")[0] if "," in name else (name.split() or [""])[-1]
        if len(word.strip()) > 1:
            found.add(word.strip().lower())
    return frozenset(found)


def candidate(
    *,
    text: str,
    unit: str = "",
    number: str = "",
    street: str = "",
    suburb: str = "",
    postcode: str = "",
    latitude: Any = None,
    longitude: Any = None,
    tenants: str = "",
    key: UUID | None = None,
) -> Candidate:
    """Parts as given, or read from the one-line form where they are missing."""
    if not (number and street):
        match = _ONE_LINE.match(text)
        if match:
            unit = unit or match["unit"] or ""
            number, street = number or match["number"], street or match["street"]
    place = (float(latitude), float(longitude)) if latitude not in (None, "") and longitude not in (None, "") else None
    return Candidate(
        unit_form(unit),
        number_form(number),
        street_form(street),
        default_process(suburb),
        postcode.strip().lower(),
        place,
        surnames_of(tenants),
        key,
    )


def score(theirs: Candidate, ours: Candidate) -> Suggestion | None:
    """How well the two agree; None where number and street do not speak for it. `ours.key` must be set."""
    if ours.key is None or not (theirs.street and ours.street and theirs.number and ours.number):
        return None
    street = _street_alike(theirs.street, ours.street)
    if street < 80:
        return None
    parts: list[dict[str, Any]] = []
    veto = ""

    def part(name: str, share: float, words: str) -> None:
        parts.append({"part": name, "points": round(WEIGHTS[name] * share), "of": WEIGHTS[name], "words": words})

    if theirs.number == ours.number:
        part("number", 1, "number agrees")
    else:
        if re.sub(r"\D.*", "", theirs.number) != re.sub(r"\D.*", "", ours.number):
            return None
        veto = f"building numbers differ: {theirs.number} there, {ours.number} here"
        part("number", 0, veto)
    part("street", street / 100 if street < 100 else 1, "street agrees" if street == 100 else "street is spelt alike")
    if theirs.suburb and ours.suburb:
        alike = fuzz.ratio(theirs.suburb, ours.suburb)
        part("suburb", alike / 100 if alike >= 80 else 0, "suburb agrees" if alike >= 80 else "suburbs differ")
    if theirs.postcode and ours.postcode:
        same = theirs.postcode == ours.postcode
        part("postcode", same, "postcode agrees" if same else "postcodes differ")
    if theirs.unit or ours.unit:
        if theirs.unit and ours.unit and theirs.unit != ours.unit:
            veto = veto or f"units differ: {theirs.unit} there, {ours.unit} here"
        same = theirs.unit == ours.unit
        part("unit", same, "unit agrees" if same else veto if theirs.unit and ours.unit else "only one side has a unit")
    if theirs.place and ours.place:
        metres = _metres(theirs.place, ours.place)
        part("distance", 1 if metres <= 100 else 0, f"{round(metres)} m apart")
    if theirs.surnames and ours.surnames:
        same = bool(theirs.surnames & ours.surnames)
        part("tenant", same, "tenant agrees" if same else "tenants differ")
    possible = sum(item["of"] for item in parts)
    points = round(100 * sum(item["points"] for item in parts) / possible)
    # With neither suburb nor postcode known, a street name in another town looks the same; a street that is only alike
    # may be its neighbour (North St, Northey St); a unit may not become the whole building. A person looks at those.
    is_placed = any(item["part"] in ("suburb", "postcode") for item in parts)
    if not is_placed or street < 100 or bool(theirs.unit) != bool(ours.unit):
        points = min(points, BULK_MINIMUM - 1)
    return Suggestion(ours.key, min(points, VETO_CAP) if veto else points, parts, veto)


def best_matches(theirs: Mapping[UUID, Candidate], ours: Iterable[Candidate]) -> dict[UUID, Suggestion]:
    """The best suggestion for each of theirs. Candidates are met by number and first letters of the street only."""
    shelves: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for item in ours:
        shelves[_shelf(item)].append(item)
    found: dict[UUID, Suggestion] = {}
    for key, item in theirs.items():
        options = [option for other in shelves[_shelf(item)] if (option := score(item, other)) is not None]
        if options:
            best = max(options, key=lambda option: (not option.veto, option.score, str(option.property_id)))
            if best.score >= SHOWN_MINIMUM:
                is_one_of_many = sum(option.score == best.score and not option.veto for option in options) > 1
                found[key] = _capped(best) if is_one_of_many else best
    return found


def _capped(best: Suggestion) -> Suggestion:
    """Two of ours match alike, so a person chooses."""
    tie = {"part": "others", "points": 0, "of": 0, "words": "another of yours agrees as well"}
    return replace(best, score=min(best.score, BULK_MINIMUM - 1), parts=[*best.parts, tie])


def _shelf(item: Candidate) -> tuple[str, str]:
    return re.sub(r"\D.*", "", item.number), item.street[:2]


def _metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    lat1, lon1, lat2, lon2 = (radians(value) for value in (*a, *b))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371_000 * asin(sqrt(half))
