from __future__ import annotations

import pytest

from properties.addresses import split_street_line


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("12 Queen Street", ("", "12", "Queen Street")),
        ("4/18 Acacia Avenue", ("4", "18", "Acacia Avenue")),
        (" 4 / 18A  Acacia   Avenue ", ("4", "18A", "Acacia Avenue")),
        ("Unit 4, 18 Acacia Avenue", ("4", "18", "Acacia Avenue")),
        ("Unit 4/18 Acacia Avenue", ("4", "18", "Acacia Avenue")),
        ("Shop 2B 7-9 Kings Road", ("2B", "7-9", "Kings Road")),
        ("12 – 14 Queen Street", ("", "12-14", "Queen Street")),
        ("123 Đường Nguyễn Thị Minh Khai", ("", "123", "Đường Nguyễn Thị Minh Khai")),
        ("9 شارع النيل", ("", "9", "شارع النيل")),
        ("The Old Woolstore", ("", "", "The Old Woolstore")),
        ("", ("", "", "")),
    ],
)
def test_split_street_line(line: str, parts: tuple[str, str, str]) -> None:
    assert split_street_line(line) == parts
