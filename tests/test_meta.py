"""Rules of the house that no other tool checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
PACKAGES = (
    "access", "accounting", "communications", "config", "core", "integrations", "maintenance", "properties",
    "reporting", "tenancies",
)  # fmt: skip
LONGEST_MODULE = 400
# The one HTTP client, the bounds below it, and the OAuth client on top of it.
MAY_SPEAK_HTTP = {"integrations/http.py", "integrations/oauth.py", "integrations/wire.py"}
HTTP_LIBRARIES = {"requests", "requests_oauthlib", "httpx", "aiohttp", "urllib3"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every hand-written module of the product."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path


def imports_of(path: Path) -> set[str]:
    """Dotted names that a module imports, those below a package included (`from a.b import c` gives a.b and a.b.c)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_modules_are_at_most_400_lines_long() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_modules_postpone_annotations() -> None:
    without = [
        name
        for name, path in modules()
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body
        and "__future__" not in {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        and any(not isinstance(node, ast.Expr) for node in tree.body)
    ]
    assert without == []


def test_http_is_spoken_in_one_place() -> None:
    speakers = {
        name for name, path in modules() if HTTP_LIBRARIES & {dotted.partition(".")[0] for dotted in imports_of(path)}
    }
    assert speakers == MAY_SPEAK_HTTP


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def templates() -> list[str]:
    return sorted(path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.*"))


@pytest.mark.parametrize("name", templates())
def test_every_template_compiles(name: str) -> None:
    assert get_template(name).template.name == name  # type: ignore[attr-defined]


def test_every_service_module_is_tested() -> None:
    """By a test that imports it, or imports a service of the same app that is built on it."""
    services = {
        name.removesuffix(".py").replace("/", "."): path
        for name, path in modules()
        if name.endswith("/services.py") or "/services/" in name
        if not name.endswith("/__init__.py") and not name.startswith("config/")
    }
    imported: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        imported |= imports_of(path)
    tested = services.keys() & imported
    waiting = list(tested)
    while waiting:
        app = waiting[-1].partition(".")[0]
        below = {name for name in imports_of(services[waiting.pop()]) & services.keys() if name.startswith(f"{app}.")}
        waiting += below - tested
        tested |= below
    assert services.keys() - tested == set()


def test_no_app_of_ours_uses_signals() -> None:
    users = {
        name
        for name, path in modules()
        if any(
            dotted.startswith("django.db.models.signals") or dotted == "django.dispatch" for dotted in imports_of(path)
        )
    }
    assert users == set()
