"""One supervised process: restarts, logs and certain ends, with real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.supervisor.child import Child, Command, describe_exit

UP = "print('I am up', flush=True)\n"
STUBBORN = (
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "apart = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
    "print('pids', child.pid, apart.pid, flush=True)\n" + UP + "time.sleep(600)\n"
)


class Terminal:
    """Collects what would be printed."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, text: str) -> None:
        self.lines.append((name, text))


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def start(tmp_path: Path, terminal: Terminal) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def begin(code: str, *, verbose: bool = False) -> Child:
        command = Command("demo", [sys.executable, "-c", code], {"COLOUR": "green"}, ready="I am up")
        child = Child(command, directory=tmp_path, log_dir=tmp_path / "log", say=terminal, verbose=verbose)
        children.append(child)
        child.start()
        assert child.ready.wait(30)
        return child

    yield begin
    for child in children:
        child.ask_to_stop()
        child.stop(time.monotonic())


def until(condition: Callable[[], bool], tend: Callable[[], None] = lambda: None) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        tend()
        assert time.monotonic() < deadline, "gave up after 30 s"
        time.sleep(0.01)


def test_output_goes_to_its_log_and_only_what_matters_to_the_terminal(
    start: Callable[..., Child], terminal: Terminal
) -> None:
    child = start(
        "import os\nprint('INFO routine')\nprint('ERROR', os.environ['COLOUR'], 'trouble')\n" + UP + "input()"
    )
    until(lambda: child.pid is None)
    child.stop(time.monotonic() + 10)

    assert child.log.read_text().startswith("INFO routine\nERROR green trouble\nI am up\n")
    assert terminal.lines[0] == ("demo", "ERROR green trouble")
    assert ("demo", "INFO routine") not in terminal.lines


def test_verbose_shows_everything(start: Callable[..., Child], terminal: Terminal) -> None:
    start("print('INFO routine')\n" + UP + "import time; time.sleep(600)", verbose=True)

    assert terminal.lines == [("demo", "INFO routine"), ("demo", "I am up")]


def test_one_that_is_killed_is_started_again_and_said_so(start: Callable[..., Child], terminal: Terminal) -> None:
    child = start(UP + "import time; time.sleep(600)")
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)

    until(lambda: child.pid not in (None, first), child.tend)
    assert child.ready.wait(30)
    assert terminal.lines == [("demo", f"ended by SIGKILL; starting it again in 0.5 s. Its log: {child.log}")]


def test_one_that_keeps_failing_is_started_ever_more_slowly(start: Callable[..., Child], terminal: Terminal) -> None:
    child = start(UP + "raise SystemExit(3)")

    until(lambda: len(terminal.lines) == 3, child.tend)
    waits = [text.split(" in ")[1].split(" s.")[0] for _, text in terminal.lines]
    assert waits == ["0.5", "1", "2"]
    assert terminal.lines[0][1].startswith("ended with status 3; ")


def test_one_that_stops_when_asked_is_not_killed(start: Callable[..., Child]) -> None:
    child = start(
        "import signal, sys, time\n"
        "def leave(*_):\n    print('good bye', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n" + UP + "time.sleep(600)"
    )
    child.ask_to_stop()

    assert child.stop(time.monotonic() + 30)
    assert child.log.read_text() == "I am up\ngood bye\n"
    assert child.pid is None


def test_nothing_is_left_of_one_that_ignores_being_asked(start: Callable[..., Child]) -> None:
    child = start(STUBBORN)
    main = child.pid
    assert main is not None
    pids = [main, *map(int, child.log.read_text().splitlines()[0].split()[1:])]
    assert [psutil.pid_exists(pid) for pid in pids] == [True, True, True]
    processes = [psutil.Process(pid) for pid in pids]

    child.ask_to_stop()
    assert not child.stop(time.monotonic())

    _, alive = psutil.wait_procs(processes, timeout=10)
    assert [process.pid for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def test_a_stopped_one_is_not_started_again(start: Callable[..., Child]) -> None:
    child = start(UP + "import time; time.sleep(600)")
    child.ask_to_stop()
    child.stop(time.monotonic() + 10)
    child.tend()

    assert child.pid is None
    assert child.stop(time.monotonic())


@pytest.mark.parametrize(("code", "words"), [(0, "ended with status 0"), (-15, "ended by SIGTERM")])
def test_an_exit_status_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
