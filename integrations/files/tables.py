"""A file as a table: its format, encoding and delimiter found out, its rows given one at a time, in flat memory."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from integrations.files.values import Cell, plain

Row = list[Cell]

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_CELL = 10_000
# A workbook is a zip: what it may unpack to, in all and in its table of texts, which openpyxl holds in memory.
MOST_UNPACKED, MOST_TEXTS, MOST_PARTS = 400 * 1024 * 1024, 64 * 1024 * 1024, 2_000
SHAPES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx"}
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1258": "Windows-1258 (Vietnamese)",
    "utf-16": "UTF-16",
}
_DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024
# Rows without a word that end a sheet: people format whole columns, which then reach to row 1,048,576.
_BLANK_END = 5_000


class TableError(ValueError):
    """The file cannot be read as a table; the message is for the person."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes are read. `sheet` is a workbook's; `encoding` and `delimiter` are a text file's."""

    shape: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "sheets": list(self.sheets)}


def shape_of(name: str, head: bytes) -> str:
    """Answers csv or xlsx, by name and first bytes. Raises TableError with what to do for anything else."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending in (".xlsm", ".xltm", ".xlsb"):
        raise TableError("Workbooks with macros are not taken. In Excel choose Save as, then Excel workbook (.xlsx).")
    if ending in (".xls", ".ods", ".numbers") or head.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError(
            "This kind of workbook is not read, or a password protects it. Save it as .xlsx or as CSV and upload that."
        )
    shape = SHAPES.get(ending)
    if shape is None:
        raise TableError("Upload a CSV file (.csv, .tsv or .txt) or an Excel workbook (.xlsx).")
    is_zip = head.startswith(b"PK\x03\x04")
    if shape == "xlsx" and not is_zip:
        raise TableError("This is named .xlsx and is no Excel workbook. Save it as .xlsx again, or as CSV.")
    if shape == "csv" and (is_zip or head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff"))):
        raise TableError(f"This is named {ending} and is no text. Export it as CSV again.")
    return shape


def find_layout(stream: IO[bytes], shape: str, *, encoding: str = "", sheet: str = "", usual: str = "cp1252") -> Layout:
    """Finds out how the file is to be read. Raises TableError.

    `encoding` and `sheet` are what a person chose; `usual` is the encoding of a file that is not Unicode.
    """
    if shape == "xlsx":
        _refuse_bad_workbook(stream)
        with _workbook(stream) as book:
            names = tuple(page.title for page in book.worksheets)
        if not names:
            raise TableError("This workbook has no sheet with cells.")
        return Layout("xlsx", sheet=sheet if sheet in names else names[0], sheets=names)
    chosen = encoding if encoding in ENCODINGS else _encoding_of(stream, usual)
    stream.seek(0)
    return Layout("csv", encoding=chosen, delimiter=_delimiter_of(_text(stream, chosen).read(_SAMPLE)))


def rows_of(stream: IO[bytes], layout: Layout) -> Iterator[tuple[int, Row]]:
    """(number as a spreadsheet program counts it, cells) of each row that is not blank. Raises TableError."""
    stream.seek(0)
    found = _sheet_rows(stream, layout.sheet) if layout.shape == "xlsx" else _text_rows(stream, layout)
    for number, (line, cells) in enumerate(found, start=1):
        if number > MOST_ROWS + 1:
            raise TableError(f"The file has more than {MOST_ROWS:,} rows. Split it and upload the parts.")
        yield line, cells


def headings_of(cells: Row) -> list[str]:
    """The heading of each column, each of its own: a blank one is named by its letter, a repeated one is numbered."""
    found: list[str] = []
    for place, cell in enumerate(cells):
        name = plain(cell)[:120] or f"Column {letter_of(place)}"
        base, again = name, 2
        while name in found:
            name, again = f"{base} ({again})", again + 1
        found.append(name)
    return found


def letter_of(place: int) -> str:
    """A column's letters as spreadsheet programs write them: 0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class _Kept(io.RawIOBase):
    """Lends a stream to a TextIOWrapper, which would otherwise close it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _text(stream: IO[bytes], encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(_Kept(stream)), encoding=encoding, errors="replace", newline="")


def _encoding_of(stream: IO[bytes], usual: str) -> str:
    stream.seek(0)
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while part := stream.read(1 << 16):
            decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return usual if usual in ENCODINGS else "cp1252"
    return "utf-8-sig"


def _delimiter_of(sample: str) -> str:
    first = sample.split("\n", 1)[0].strip()
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4]
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row][:50]
        except csv.Error:
            continue
        # The last row may be cut off by the end of the sample.
        widths = widths[:-1] if len(widths) > 2 else widths
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _text_rows(stream: IO[bytes], layout: Layout) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(_text(stream, layout.encoding), delimiter=layout.delimiter or ",")
    line = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TableError(
                f"Row {line + 1} cannot be read: {error}. A quotation mark in it may not be closed."
            ) from None
        if cells is None:
            return
        line += 1
        if line == 1 and len(cells) <= 2 and cells and cells[0].lower().startswith("sep="):
            continue
        if any(cell.strip() for cell in cells):
            row: Row = list(cells)
            _check_size(line, row)
            yield line, row


def _sheet_rows(stream: IO[bytes], sheet: str) -> Iterator[tuple[int, Row]]:
    with _workbook(stream) as book:
        page = book[sheet]
        # What the file says about its own size may be wrong, and is never needed.
        page.reset_dimensions()
        blank = 0
        try:
            for line, cells in enumerate(page.iter_rows(values_only=True), start=1):
                if all(cell is None or cell == "" for cell in cells):
                    blank += 1
                    if blank > _BLANK_END:
                        return
                    continue
                blank = 0
                row = list(cells)
                while row and row[-1] in (None, ""):
                    row.pop()
                _check_size(line, row)
                yield line, row
        except _BROKEN as error:
            raise TableError(f"The sheet “{sheet}” is damaged. Save the workbook again and upload that.") from error


def _check_size(line: int, cells: Row) -> None:
    if len(cells) > MOST_COLUMNS:
        raise TableError(f"Row {line} has {len(cells):,} columns. At most {MOST_COLUMNS} are read; remove the others.")
    for cell in cells:
        if isinstance(cell, str) and len(cell) > MOST_CELL:
            raise TableError(f"Row {line} has a cell of {len(cell):,} characters. At most {MOST_CELL:,} are read.")


_BROKEN = (
    zipfile.BadZipFile, InvalidFileException, ParseError, DefusedXmlException, KeyError, ValueError, TypeError,
    IndexError, AttributeError, EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip


class _workbook:  # used as `with _workbook(…)`
    """An open workbook: no formula worked out (the last values stand), no link followed, no macro kept."""

    def __init__(self, stream: IO[bytes]) -> None:
        stream.seek(0)
        try:
            self._book = load_workbook(stream, read_only=True, data_only=True, keep_vba=False, keep_links=False)
        except _BROKEN as error:
            raise TableError("This workbook is damaged. Open it in Excel, save it again and upload that.") from error

    def __enter__(self) -> Any:
        return self._book

    def __exit__(self, *left: object) -> None:
        self._book.close()


def _refuse_bad_workbook(stream: IO[bytes]) -> None:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise TableError("This workbook is damaged. Open it in Excel, save it again and upload that.") from error
    # zipfile never unpacks more of a part than is declared here.
    unpacked = sum(part.file_size for part in parts)
    texts = sum(part.file_size for part in parts if not part.filename.startswith("xl/worksheets/"))
    if unpacked > MOST_UNPACKED or texts > MOST_TEXTS or len(parts) > MOST_PARTS:
        raise TableError("This workbook unpacks to more than can be read. Export the sheet as CSV and upload that.")
    names = {part.filename.lower() for part in parts}
    if any("vbaproject" in name or name.startswith("xl/macrosheets/") for name in names):
        raise TableError("Workbooks with macros are not taken. In Excel choose Save as, then Excel workbook (.xlsx).")
    if "[content_types].xml" not in names:
        raise TableError("This is a zip file and no Excel workbook. Unpack it and upload the file inside.")
