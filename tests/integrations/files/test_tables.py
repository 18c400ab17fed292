from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime

import pytest
from openpyxl import Workbook

from integrations.files import tables
from integrations.files.tables import TableError, find_layout, headings_of, letter_of, rows_of, shape_of


def workbook(fill: Callable[[Workbook], None]) -> bytes:
    book = Workbook()
    fill(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(data: bytes, shape: str = "csv", **options: str) -> list[tuple[int, tables.Row]]:
    stream = io.BytesIO(data)
    return list(rows_of(stream, find_layout(stream, shape, **options)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_are_found_out(encoding: str) -> None:
    text = "Name;Straße\nŁukasz Żółć;ul. Długa 5\nLan Nguyễn;😀\nعمر;شارع النيل\n"
    assert read(text.encode(encoding)) == [
        (1, ["Name", "Straße"]),
        (2, ["Łukasz Żółć", "ul. Długa 5"]),
        (3, ["Lan Nguyễn", "😀"]),
        (4, ["عمر", "شارع النيل"]),
    ]


def test_what_is_not_utf8_is_windows_unless_a_person_says_which() -> None:
    assert read("Name,Note\nRené,€5 – “ok”\n".encode("cp1252"))[1] == (2, ["René", "€5 – “ok”"])
    assert read("Name,Miasto\nŁukasz,Łódź\n".encode("cp1250"), encoding="cp1250")[1] == (2, ["Łukasz", "Łódź"])
    # An encoding that nobody offers is never asked of Python.
    assert read(b"a,b\n1,2\n", encoding="idna")[1] == (2, ["1", "2"])


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(mark: str) -> None:
    rows = [["Id", "Note"], ["1", "two, or; more"], ["2", "none"]]
    text = "\r\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)
    assert [cells for _, cells in read(text.encode())] == rows
    assert read(f"sep={mark}\r\n{text}".encode())[0] == (2, ["Id", "Note"])


def test_rows_are_counted_as_people_see_them_and_blank_ones_left_out() -> None:
    text = '\n\nId,Note\n1,"two\nlines"\n , \n2,x\n'
    assert read(text.encode()) == [(3, ["Id", "Note"]), (4, ["1", "two\nlines"]), (6, ["2", "x"])]


def test_a_quotation_mark_that_is_not_closed_is_an_error_in_words() -> None:
    with pytest.raises(TableError, match="Row 2 cannot be read"):
        read(b'Id,Note\n1,"' + b"x" * 140_000)


def test_a_cell_and_a_row_have_a_largest_size() -> None:
    with pytest.raises(TableError, match="a cell of 10,001 characters"):
        read(b"Id,Note\n1," + b"x" * 10_001)
    with pytest.raises(TableError, match="Row 1 has 201 columns"):
        read(b",".join(b"x" for _ in range(201)))


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    assert len(read(b"a,b\n1,2\n3,4\n")) == 3
    with pytest.raises(TableError, match="more than 2 rows"):
        read(b"a,b\n1,2\n3,4\n5,6\n")


def test_headings_are_made_unique_and_named() -> None:
    assert headings_of(["Amount", None, "Amount", " "]) == ["Amount", "Column B", "Amount (2)", "Column D"]
    assert [letter_of(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_workbook_gives_values_and_dates_of_the_chosen_sheet() -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["Nothing here"])
        sheet = book.create_sheet("Rents")
        sheet.append(["Id", "Date", "Amount", "Sum"])
        sheet.append([1001, datetime(2026, 1, 5), 640.5, "=1+1"])  # noqa: DTZ001  # a workbook has no zones
        sheet.append([None, None, None])
        sheet.append(["Łódź 😀", None, "12,50"])

    rows = read(workbook(fill), "xlsx", sheet="Rents")
    # A formula without a stored result is blank; it is never worked out.
    assert rows == [
        (1, ["Id", "Date", "Amount", "Sum"]),
        (2, [1001, datetime(2026, 1, 5), 640.5]),  # noqa: DTZ001
        (4, ["Łódź 😀", None, "12,50"]),
    ]


def test_a_column_formatted_to_the_last_row_does_not_cost_a_million_rows() -> None:
    def fill(book: Workbook) -> None:
        book.active.append(["Id"])
        book.active.append([1])
        book.active.cell(row=1_000_000, column=1, value="far away")

    assert read(workbook(fill), "xlsx") == [(1, ["Id"]), (2, [1])]


@pytest.mark.parametrize(
    ("name", "head", "words"),
    [
        ("a.xlsm", b"PK\x03\x04", "macros"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "Save it as .xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0", "a password protects it"),
        ("a.xlsx", b"Id,Name", "no Excel workbook"),
        ("a.csv", b"PK\x03\x04", "is no text"),
        ("a.csv", b"%PDF-1.7", "is no text"),
        ("a.exe", b"MZ", "Upload a CSV file"),
        ("noending", b"x", "Upload a CSV file"),
    ],
)
def test_other_files_are_refused_with_what_to_do(name: str, head: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        shape_of(name, head)


def zipped(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one part put in or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return out.getvalue()


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = zipped(**{"[Content_Types].xml": b"<Types/>", "xl__sharedStrings.xml": b"0" * (65 * 1024 * 1024)})
    assert len(bomb) < 200_000
    with pytest.raises(TableError, match="unpacks to more than can be read"):
        read(bomb, "xlsx")


def test_macros_inside_a_renamed_workbook_are_refused() -> None:
    data = with_part(workbook(lambda book: book.active.append(["Id"])), "xl/vbaProject.bin", b"macro")
    with pytest.raises(TableError, match="macros are not taken"):
        read(data, "xlsx")


def test_entities_are_never_expanded() -> None:
    laughs = (
        '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
    )
    data = with_part(workbook(lambda book: book.active.append(["Id"])), "xl/worksheets/sheet1.xml", laughs.encode())
    with pytest.raises(TableError, match="damaged"):
        read(data, "xlsx")


@pytest.mark.parametrize("data", [b"PK\x03\x04 and no more", zipped(a=b"x"), b""])
def test_damaged_workbooks_are_an_error_in_words(data: bytes) -> None:
    with pytest.raises(TableError, match=r"damaged|no Excel workbook"):
        read(data, "xlsx")
