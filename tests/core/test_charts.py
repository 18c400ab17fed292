from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree

from core.charts import Bars, bar_chart_svg, sparkline_svg

SVG = "{http://www.w3.org/2000/svg}"


def _parse(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f'<div xmlns="http://www.w3.org/2000/svg">{html}</div>')  # noqa: S314  # our own output


def _chart(*values: tuple[str, str]) -> ElementTree.Element:
    bars = [
        Bars(f"L{index}", f"Month {index}", (Decimal(income), Decimal(expense)))
        for index, (income, expense) in enumerate(values)
    ]
    return _parse(bar_chart_svg(bars, chart_id="c", title="Income & expense", series=("Income", "Expense")))


def test_bars_are_in_proportion_and_stand_on_the_zero_line() -> None:
    root = _chart(("80000", "20000"), ("40000", "0"))
    heights = [float(rect.attrib["height"]) for rect in root.iter(f"{SVG}rect")]
    assert heights[1] * 4 == heights[0]
    assert heights[2] * 2 == heights[0]
    assert heights[3] == 0
    feet = {round(float(rect.attrib["y"]) + float(rect.attrib["height"]), 1) for rect in root.iter(f"{SVG}rect")}
    zero = next(line for line in root.iter(f"{SVG}line") if line.attrib["class"] == "zero")
    assert feet == {float(zero.attrib["y1"])}


def test_axis_has_round_labels_that_reach_the_highest_bar() -> None:
    root = _chart(("78410", "19250"))
    labels = [text.text for text in root.iter(f"{SVG}text") if text.attrib["text-anchor"] == "end"]
    assert labels == ["$0", "$20k", "$40k", "$60k", "$80k"]


def test_figures_are_in_a_table_and_text_is_escaped() -> None:
    root = _chart(("640.5", "-12"))
    cells = [cell.text for cell in root.iter(f"{SVG}td")]
    assert cells == ["$640.50", "\u2212$12.00"]
    caption = next(root.iter(f"{SVG}caption"))
    assert caption.text == "Income & expense"


def test_a_negative_amount_draws_no_bar() -> None:
    root = _chart(("100", "-12"))
    assert [float(rect.attrib["height"]) for rect in root.iter(f"{SVG}rect")][1] == 0


def test_an_empty_chart_still_has_an_axis() -> None:
    root = _parse(bar_chart_svg([], chart_id="c", title="None", series=("Income",)))
    assert not list(root.iter(f"{SVG}rect"))
    assert len(list(root.iter(f"{SVG}line"))) > 1


def test_sparkline_spans_its_box_and_needs_two_points() -> None:
    line = next(_parse(sparkline_svg([1, 3, 2], title="Vacancy")).iter(f"{SVG}polyline"))
    assert line.attrib["points"] == "0.0,26.0 50.0,2.0 100.0,14.0"
    assert sparkline_svg([1], title="Vacancy") == ""


def test_flat_sparkline_is_a_straight_line() -> None:
    line = next(_parse(sparkline_svg([5, 5], title="Vacancy")).iter(f"{SVG}polyline"))
    assert line.attrib["points"] == "0.0,26.0 100.0,26.0"
