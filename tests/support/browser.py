"""A real chromium for tests marked `browser`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PLACES = (
    "/usr/lib/chromium/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# No sandbox (tests run as root in containers), and no talk of its own to other hosts.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PHONE = {"width": 360, "height": 780}
DESKTOP = {"width": 1280, "height": 900}


class PageFactory(Protocol):
    """Opens a page in a fresh profile."""

    def __call__(
        self,
        *,
        width: int = ...,
        height: int = ...,
        dark: bool = ...,
        javascript: bool = ...,
        base_url: str | None = ...,
    ) -> Page: ...


def find_chromium() -> str | None:
    """The browser's program: CHROMIUM names it, else the usual names and places, else Playwright's own download."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    candidates = [*map(Path, PLACES), *sorted(downloads.glob("chromium-*/chrome-linux*/chrome"), reverse=True)]
    return next((os.fspath(path) for path in candidates if path.exists()), None)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def specs_dir() -> Path | None:
    """The folder with the vendors' published API descriptions: SPECS_DIR, else ../shared/specs beside the checkout."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "specs"
    named = os.environ.get("SPECS_DIR", str(beside))
    return Path(named) if named and Path(named).is_dir() else None


def find_mock_server() -> Path | None:
    """Prism, where scripts/mock-server has installed it."""
    named = os.environ.get("MOCK_SERVER", "")
    own = Path(__file__).resolve().parents[2] / ".local" / "prism" / "node_modules" / ".bin" / "prism"
    found = Path(named) if named else own
    return found if found.exists() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, with one line saying so, what this machine cannot run; in CI that is an error instead."""
    specs = specs_dir()
    missing = {
        "browser": None if find_chromium() else "no chromium found (install it, or set CHROMIUM)",
        "specs": None if specs is not None else "SPECS_DIR names no folder of vendors' API descriptions",
        "mock": None if find_mock_server() else "no mock server found (run scripts/mock-server, which needs npm)",
    }
    for marker, reason in missing.items():
        affected = [item for item in items if item.get_closest_marker(marker)]
        if not affected or reason is None:
            continue
        if in_ci():
            raise pytest.UsageError(f"{len(affected)} {marker} tests cannot run: {reason}. CI leaves none out.")
        items[:] = [item for item in items if item not in set(affected)]
        config.hook.pytest_deselected(items=affected)
        config.stash.setdefault(_left_out, []).append(f"{len(affected)} {marker} tests left out: {reason}.")


_left_out = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(_left_out, []):
        terminalreporter.write_line(line, yellow=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One chromium for the session."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    # Playwright's event loop lives in this thread, where the test's own database calls are made in turn with it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            yield chromium
            chromium.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def page_factory(browser: Browser) -> Iterator[PageFactory]:
    """Pages of any width, light or dark, with or without JavaScript, each in a profile of its own."""
    contexts: list[BrowserContext] = []

    def make(
        *,
        width: int = DESKTOP["width"],
        height: int = DESKTOP["height"],
        dark: bool = False,
        javascript: bool = True,
        base_url: str | None = None,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            base_url=base_url,
            locale="en-AU",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(page_factory: PageFactory) -> Page:
    """A desktop page in the light scheme."""
    return page_factory()
