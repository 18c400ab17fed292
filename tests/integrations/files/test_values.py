from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from integrations.files.values import CellError, choice, comparable, count, day, decimal_of, money, order_of, plain


@pytest.mark.parametrize(
    ("written", "mark", "amount"),
    [
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,50 zł", ",", "1234.50"),
        ("12,50", ",", "12.50"),
        ("1'234.50", ".", "1234.50"),
        ("1,23,456.00", ".", "123456.00"),
        ("$1,234", ".", "1234.00"),
        ("A$ 640", ".", "640.00"),
        ("USD 640.5", ".", "640.50"),
        ("(500)", ".", "-500.00"),
        ("500.00-", ".", "-500.00"),
        ("-$5.10", ".", "-5.10"),
        ("−5.10", ".", "-5.10"),
        ("٣٤٥٫٥", ".", "345.50"),
        ("۱٬۲۳۴٫۵۰", ",", "1234.50"),
        ("1.500.000 ₫", ",", "1500000.00"),
        (640, ".", "640.00"),
        (640.1, ",", "640.10"),
        (0.1 + 0.2, ".", "0.30"),
        (Decimal("1.005"), ".", "1.01"),
    ],
)  # fmt: skip
def test_money(written: object, mark: str, amount: str) -> None:
    assert str(money(written, decimal=mark)) == amount  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "mark"),
    [("12,50", "."), ("1 234,50", "."), ("1,234.50", ","), ("abc", "."), ("1.2.3", "."), ("--5", "."), ("1e5", "."),
     (True, "."), (date(2026, 1, 5), "."), (float("nan"), "."), (float("inf"), "."), ("9" * 13, "."), ("²", "."),
     ("5 or 6", "."), ("12 34", "."), ("$", ".")],
)  # fmt: skip
def test_money_that_cannot_be_read_is_refused_and_never_guessed(written: object, mark: str) -> None:
    with pytest.raises(CellError) as refusal:
        money(written, decimal=mark)  # type: ignore[arg-type]
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("written", "order", "found"),
    [
        ("03/04/2026", "dmy", date(2026, 4, 3)),
        ("03/04/2026", "mdy", date(2026, 3, 4)),
        ("2026-12-31", "dmy", date(2026, 12, 31)),
        ("2026-12-31T10:00:00Z", "mdy", date(2026, 12, 31)),
        ("31.12.26", "dmy", date(2026, 12, 31)),
        ("31-Dec-2026", "mdy", date(2026, 12, 31)),
        ("Mon, 5 January 2026", "dmy", date(2026, 1, 5)),
        ("January 5th, 2026", "dmy", date(2026, 1, 5)),
        ("1 stycznia 2026", "dmy", date(2026, 1, 1)),
        ("٣١/١٢/٢٠٢٦", "dmy", date(2026, 12, 31)),
        (datetime(2026, 1, 5, 23, 59), "mdy", date(2026, 1, 5)),  # noqa: DTZ001  # as a workbook stores it
        (date(2026, 1, 5), "dmy", date(2026, 1, 5)),
    ],
)
def test_days(written: object, order: str, found: date) -> None:
    assert day(written, order=order) == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", ["31/02/2026", "12/31/2026", "soon", "46027", 46027, "01/01/1889", "5 Brumaire 2026", "", None]
)
def test_what_is_no_day_is_refused(written: object) -> None:
    with pytest.raises(CellError, match=r"\.$"):
        day(written, order="dmy")  # type: ignore[arg-type]


def test_cells_say_how_they_are_meant() -> None:
    assert [order_of(text) for text in ("31/12/2026", "12/31/2026", "3/4/2026", "3/3/2026", "2026-03-04", "x")] == [
        "dmy", "mdy", "either", "", "", "",
    ]  # fmt: skip
    assert [decimal_of(text) for text in ("1.50", "1,50", "1,234", "1.234,50", "1.234.567", "640", "x")] == [
        ".", ",", "either", ",", ",", "", "",
    ]  # fmt: skip


def test_texts_keep_every_script_and_lose_control_characters() -> None:
    assert plain("  Lan\u00a0Nguye\u0302\u0303n \x00") == "Lan Nguyễn"
    assert plain("😀 مرحبا 👩‍🔧") == "😀 مرحبا 👩‍🔧"
    assert [plain(value) for value in (None, True, 2042.0, 1.5, datetime(2026, 1, 5))] == [  # noqa: DTZ001  # a cell
        "", "yes", "2042", "1.5", "2026-01-05",
    ]  # fmt: skip
    assert comparable("  ul. DŁUGA 5/7 ") == comparable("Ul Długa, 5 7")
    assert comparable("Ｐ－１") == "p 1"


def test_words_and_counts() -> None:
    words = {"weekly": ("week", "pw"), "monthly": ("month",)}
    assert [choice(text, words) for text in ("Weekly", "MONTH")] == ["weekly", "monthly"]
    with pytest.raises(CellError, match="Did you mean monthly"):
        choice("monthyl", words)
    with pytest.raises(CellError, match="Write one of: weekly, monthly"):
        choice("sometimes", words)
    assert [count(value) for value in (2, 2.0, "3")] == [2, 2, 3]
    for value in ("2.5", "-1", "many", "1000"):
        with pytest.raises(CellError):
            count(value)
