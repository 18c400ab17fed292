from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import env_bool, env_int, env_list, env_secret, env_str


def test_text_is_required_unless_it_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE", "value")
    assert env_str("SAMPLE") == "value"
    monkeypatch.setenv("SAMPLE", "")
    assert env_str("SAMPLE", "other") == "other"
    with pytest.raises(ImproperlyConfigured, match=r"^Set SAMPLE\."):
        env_str("SAMPLE")


def test_a_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("SAMPLE", "from the variable")
    assert env_secret("SAMPLE") == "from the variable"
    monkeypatch.setenv("SAMPLE_FILE", str(tmp_path / "secret"))
    assert env_secret("SAMPLE") == "from the file"


@pytest.mark.parametrize(("word", "value"), [("Yes", True), (" on ", True), ("1", True), ("FALSE", False), ("", False)])
def test_yes_and_no(monkeypatch: pytest.MonkeyPatch, word: str, value: bool) -> None:
    monkeypatch.setenv("SAMPLE", word)
    assert env_bool("SAMPLE", not value) is value


def test_a_missing_yes_or_no_is_its_default_and_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMPLE", raising=False)
    assert env_bool("SAMPLE", True) is True
    monkeypatch.setenv("SAMPLE", "perhaps")
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE must be one of .* it is 'perhaps'"):
        env_bool("SAMPLE")


def test_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE", "12")
    assert env_int("SAMPLE", 3) == 12
    monkeypatch.setenv("SAMPLE", "")
    assert env_int("SAMPLE", 3) == 3
    monkeypatch.setenv("SAMPLE", "1.5")
    with pytest.raises(ImproperlyConfigured, match=r"SAMPLE must be a whole number; it is '1\.5'"):
        env_int("SAMPLE", 3)


def test_lists_drop_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE", " a, ,b,")
    assert env_list("SAMPLE") == ["a", "b"]
