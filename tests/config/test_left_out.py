"""What a machine cannot run is left out with one line, and fails in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import CHECKOUT

CASES = (
    "import pytest\n"
    "@pytest.mark.browser\ndef test_in_a_browser(): assert False, 'must not run'\n"
    "@pytest.mark.specs\ndef test_against_a_description(): assert False, 'must not run'\n"
    "@pytest.mark.mock\ndef test_on_a_mock_server(): assert False, 'must not run'\n"
    "def test_plain(): pass\n"
)


def pytest_in(folder: Path, **environment: str) -> tuple[int, str]:
    (folder / "test_cases.py").write_text(CASES)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    browser\n    specs\n    mock\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.browser", "-p", "no:django", os.fspath(folder)],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "CHROMIUM": "/nowhere/chromium",
            "SPECS_DIR": "",
            "MOCK_SERVER": "/nowhere/prism",
            "CI": "",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_on_a_bare_machine_the_rest_runs_and_one_line_says_what_did_not(tmp_path: Path) -> None:
    code, output = pytest_in(tmp_path)

    assert code == 0
    assert "1 browser tests left out: no chromium found (install it, or set CHROMIUM)." in output
    assert "1 specs tests left out: SPECS_DIR names no folder of vendors' API descriptions." in output
    assert "1 mock tests left out: no mock server found (run scripts/mock-server, which needs npm)." in output
    assert "1 passed, 3 deselected" in output


@pytest.mark.parametrize(
    ("present", "reason"),
    [
        (("SPECS_DIR", "MOCK_SERVER"), "1 browser tests cannot run: no chromium found"),
        (("CHROMIUM", "MOCK_SERVER"), "1 specs tests cannot run: SPECS_DIR names no folder"),
        (("CHROMIUM", "SPECS_DIR"), "1 mock tests cannot run: no mock server found"),
    ],
)
def test_in_ci_a_missing_part_fails(tmp_path: Path, present: tuple[str, str], reason: str) -> None:
    code, output = pytest_in(tmp_path, CI="true", **dict.fromkeys(present, os.fspath(tmp_path)))

    assert code == 4
    assert reason in output
    assert "CI leaves none out" in output
