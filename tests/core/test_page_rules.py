"""Rules of the front end that a page can break without anybody noticing: read from the files themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(path for path in ROOT.glob("templates/**/*.html"))
STYLES = sorted(ROOT.glob("static/css/*.css"))
SCRIPTS = sorted(ROOT.glob("static/js/*.js"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("template", TEMPLATES, ids=_name)
def test_template_keeps_the_content_security_policy(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert re.findall(r"\sstyle\s*=", text) == []
    assert re.findall(r"\son[a-z]+\s*=\s*[\"']", text) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
    assert re.findall(r"hx-on|javascript:", text) == []
    assert re.findall(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", text) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=_name)
def test_template_never_trusts_data(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert re.findall(r"\|\s*safe\b|{%\s*autoescape off", text) == []


@pytest.mark.parametrize("style", STYLES, ids=_name)
def test_styles_are_layered_and_local(style: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.S)
    outside = re.sub(r"@layer [\w, ]+;", "", text)
    assert outside.strip().startswith("@layer ")
    assert "http" not in text
    assert "@import" not in text
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("style", [path for path in STYLES if path.stem not in ("tokens", "print")], ids=_name)
def test_components_use_tokens_for_colour(style: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.S)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=\s*[;,)])|rgba?\(|oklch\(", text) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=_name)
def test_scripts_import_nothing_and_write_no_markup(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert re.findall(r"^\s*import\s|innerHTML|insertAdjacentHTML|\beval\(", text, flags=re.M) == []


def test_every_style_and_script_is_loaded_by_the_document() -> None:
    document = (ROOT / "templates" / "base_document.html").read_text(encoding="utf-8")
    other = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    assert [path.name for path in STYLES if f"css/{path.name}" not in document] == []
    assert [path.name for path in SCRIPTS if f"js/{path.name}" not in other] == []
