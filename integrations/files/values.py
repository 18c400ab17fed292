"""Single cells: money, days, counts and texts as people write them, in many countries. Each refusal says what to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from rapidfuzz import fuzz, process

Cell = str | int | float | Decimal | date | datetime | bool | None

CENT = Decimal("0.01")
LIMIT = Decimal(10) ** 12
FIRST_YEAR, LAST_YEAR = 1990, 2100
DATE_ORDERS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
# Countries that write the month first; the others write the day first (Unicode CLDR short date patterns).
MONTH_FIRST = frozenset({"US", "PH", "FM", "PW", "MH"})
# Countries of the product's users that write a decimal comma (CLDR number symbols).
DECIMAL_COMMA = frozenset(
    [
        "AR",
        "AT",
        "BE",
        "BG",
        "BR",
        "CL",
        "CO",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "ID",
        "IT",
        "LT",
        "LV",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "RS",
        "SE",
        "SI",
        "SK",
        "TR",
        "UA",
        "VN",
    ]
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan styczeń stycznia sty", "february feb luty lutego lut", "march mar marzec marca",
            "april apr kwiecień kwietnia kwi", "may maj maja", "june jun czerwiec czerwca cze",
            "july jul lipiec lipca lip", "august aug sierpień sierpnia sie", "september sep sept wrzesień września wrz",
            "october oct październik października paź", "november nov listopad listopada lis",
            "december dec grudzień grudnia gru",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_NUMERIC = re.compile(r"(\d{1,4})\s*[-/.\s]\s*(\d{1,2})\s*[-/.\s]\s*(\d{1,4})(?:[T\s]+\d{1,2}:\d{2}.*)?")
_WORDED = re.compile(r"(?:[^\W\d_]+\.?,?\s+)??(\d{1,2})(?:st|nd|rd|th)?[\s\-/.]+([^\W\d_]+)\.?,?[\s\-/.]+(\d{2,4})")
_WORDED_US = re.compile(r"(?:[^\W\d_]+,\s+)?([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_CURRENCY = re.compile(r"(?:[A-Z]{3}|[A-Z]{0,2}[$€£¥₫]|zł|kr|د\.إ|ر\.س)", re.IGNORECASE)
_BLANKS = re.compile(r"[\s\u00a0\u202f']")
_BETWEEN = re.compile(r"(?<=\d)[\s\u00a0\u202f'](?=\d)")
_DIGITS = re.compile(r"\d+(?:\.\d+)?|\.\d+")
_NOT_WORDS = re.compile(r"[\W_]+")


class CellError(ValueError):
    """A cell cannot be read; the message says what to do."""


def plain(value: Cell) -> str:
    """The cell as text: no surrounding blanks, no control characters, canonical Unicode; blank for none."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, datetime):
        text = value.date().isoformat()
    elif isinstance(value, float):
        # A workbook stores the id 1001 and the postcode 2042 as doubles.
        text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    else:
        text = str(value)
    if text.isascii() and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(mark for mark in text if mark.isspace() or unicodedata.category(mark) != "Cc").split())


@lru_cache(maxsize=65_536)
def comparable(text: str) -> str:
    """What two spellings of one thing have in common: no case, no punctuation, no width."""
    return _NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def money(value: Cell, *, decimal: str) -> Decimal:
    """An amount with two decimals. `decimal` is the mark before the cents, "." or ",". Raises CellError.

    Minus signs on either side, brackets, currency signs and codes, blanks and thousands marks are understood.
    """
    if isinstance(value, bool | date | datetime):
        raise CellError("is not an amount of money. Write a number.")
    if isinstance(value, int | float | Decimal):
        amount = Decimal(repr(value) if isinstance(value, float) else value)
    else:
        amount = _written(plain(value), decimal)
    if not amount.is_finite():
        raise CellError("is not an amount of money. Write a number.")
    if not -LIMIT < amount < LIMIT:
        raise CellError("is larger than any amount that can be recorded. Correct it.")
    return amount.quantize(CENT, ROUND_HALF_UP)


def _written(text: str, decimal: str) -> Decimal:
    body = _CURRENCY.sub("", text.replace("\u2212", "-").replace("–", "-"))
    thousands = "," if decimal == "." else "."
    # A blank between digits marks thousands, elsewhere it says nothing.
    body = _BLANKS.sub("", _BETWEEN.sub(thousands, body))
    minus = body.startswith("-") or body.endswith("-")
    if body.startswith("(") and body.endswith(")"):
        body, minus = body[1:-1], True
    body = body[1:] if body[:1] in ("+", "-") else body.removesuffix("-")
    digits = "".join(str(unicodedata.decimal(mark)) if mark.isdecimal() else mark for mark in body)
    digits = digits.replace("\u066b", decimal).replace("\u066c", "")
    whole, mark, rest = digits.partition(decimal)
    groups = whole.split(thousands)
    # Thousands stand in groups of three, in India of two but for the last. "12,50" is then no way to write 1250.
    if thousands in rest or (
        len(groups) > 1 and (len(groups[-1]) != 3 or any(len(g) not in (2, 3) for g in groups[1:]))
    ):
        raise CellError("has its thousands and cents marked in an unusual way. Write it like 1234.50.")
    number = "".join(groups) + ("." + rest if mark and rest else "")
    if _DIGITS.fullmatch(number) is None:
        raise CellError("is not an amount of money. Write a number like 1234.50.")
    return -Decimal(number) if minus else Decimal(number)


@lru_cache(maxsize=65_536)
def _parts(text: str) -> tuple[int, int, int, bool] | None:
    """(first, second, third, is_numeric) of a date's parts; worded months arrive as day, month, year."""
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(mark)) if mark.isdecimal() else mark for mark in text)
    if found := _NUMERIC.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3]), True
    if found := _WORDED.fullmatch(text):
        month = _MONTHS.get(found[2].casefold())
        return (int(found[1]), month, int(found[3]), False) if month else None
    if found := _WORDED_US.fullmatch(text):
        month = _MONTHS.get(found[1].casefold())
        return (int(found[2]), month, int(found[3]), False) if month else None
    return None


def day(value: Cell, *, order: str) -> date:
    """The calendar day of a cell. `order` is dmy or mdy, for days written in numbers. Raises CellError."""
    if isinstance(value, datetime):
        found: date | None = value.date()
    elif isinstance(value, date):
        found = value
    else:
        found = _day(plain(value), order)
    if found is None:
        example = "31/12/2026" if order == "dmy" else "12/31/2026"
        raise CellError(f"is not a date that is read {DATE_ORDERS[order]}. Write it like {example} or 2026-12-31.")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise CellError(f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}. Correct it.")
    return found


@lru_cache(maxsize=65_536)
def _day(text: str, order: str) -> date | None:
    parts = _parts(text)
    if parts is None:
        return None
    one, two, three, numeric = parts
    if not numeric:
        year, month, number = three, two, one
    elif one > 31:
        year, month, number = one, two, three
    elif order == "mdy":
        year, month, number = three, one, two
    else:
        year, month, number = three, two, one
    if year < 100:
        year += 2000 if year < 70 else 1900
    try:
        return date(year, month, number)
    except ValueError:
        return None


def order_of(value: Cell) -> str:
    """What one cell says about the order of its date: dmy, mdy, "either" where both give a day, or blank."""
    if not isinstance(value, str):
        return ""
    parts = _parts(plain(value))
    if parts is None or not parts[3] or parts[0] > 31:
        return ""
    one, two, _, _ = parts
    if one > 12 >= two:
        return "dmy"
    if two > 12 >= one:
        return "mdy"
    return "either" if one != two and one <= 12 and two <= 12 else ""


def decimal_of(value: Cell) -> str:
    """What one cell says about its decimal mark: "." or ",", "either" where both are possible ("1,234"), or blank."""
    if not isinstance(value, str):
        return ""
    text = _BLANKS.sub("", _CURRENCY.sub("", plain(value))).strip("()-+")
    dot, comma = text.rfind("."), text.rfind(",")
    last = max(dot, comma)
    if last < 0 or not text.replace(".", "").replace(",", "").isdigit():
        return ""
    if dot >= 0 and comma >= 0:
        return "." if dot > comma else ","
    mark = text[last]
    if text.count(mark) > 1:
        return "," if mark == "." else "."
    return "either" if len(text) - last - 1 == 3 else mark


def count(value: Cell) -> int:
    """A whole number from 0 to 999. Raises CellError."""
    text = plain(value).removesuffix(".0")
    if not text.isdecimal() or int(text) > 999:
        raise CellError("is not a whole number. Write one like 2.")
    return int(text)


def choice(value: Cell, words: dict[str, tuple[str, ...]]) -> str:
    """Our word for what is written. Raises CellError with the words that can be used; a near miss is named."""
    text = comparable(plain(value))
    known = {comparable(word): ours for ours, spellings in words.items() for word in (ours, *spellings)}
    if text in known:
        return known[text]
    near = process.extractOne(text, list(known), scorer=fuzz.ratio, score_cutoff=75)
    hint = f"Did you mean {known[near[0]]}? " if near else ""
    raise CellError(f"is not known here. {hint}Write one of: {', '.join(words)}.")


def first_filled(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")
