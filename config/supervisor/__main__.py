"""python -m config.supervisor          start everything, until Ctrl-C
python -m config.supervisor reset    delete .local with all its data
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from config import embedded

from .child import Child, Command, kill_group
from .lease import Lease
from .plan import CannotStart, Plan, answers, make_plan

READY_SECONDS = 300.0
STOP_SECONDS = 10.0
SERVICES_SECONDS = 2.0
SERVERS = {"PostgreSQL": "DATABASE_URL", "Redis": "REDIS_URL"}


class Supervisor:
    """Starts the services and children of a plan, keeps them up and stops exactly those."""

    def __init__(self, plan: Plan, lease: Lease) -> None:
        self.plan = plan
        self.lease = lease
        self.stopping = threading.Event()
        self.children: list[Child] = []
        self._verbose = os.environ.get("VERBOSE", "") not in {"", "0"}
        self._say_lock = threading.Lock()
        self._look_at_services = 0.0

    def say(self, name: str, text: str) -> None:
        """One line for the terminal, from any thread."""
        with self._say_lock:
            sys.stdout.write(f"{name:<8} | {text}\n")
            sys.stdout.flush()

    def run(self) -> int:
        """Until a signal asks to stop: 0. When something does not come up: 1."""
        services = embedded.services()
        with embedded.session() as session:
            private = [name for name, url in SERVERS.items() if not os.environ.get(url)]
            if private:
                self.say("services", f"{' and '.join(private)} up, below {services.layout.base}")
            try:
                code = self._start()
                while code == 0 and not self.stopping.wait(0.2):
                    self._tend()
            except CannotStart as error:
                self.say("run", str(error))
                code = 1
            finally:
                self._stop_children()
            stopped = session.leave()
            self.say("run", f"Stopped{' with ' + ' and '.join(stopped) if stopped else ''}. The data is kept.")
        return code

    def _start(self) -> int:
        plan = self.plan
        if plan.with_sandbox:
            self._add(plan.sandbox)
        self._manage("migrate", "--no-input", "--verbosity", "0")
        if plan.with_sandbox:
            self._wait("sandbox", lambda: answers(plan.sandbox_port))
        login = self._manage("seed_demo")
        for command in plan.servers:
            self._add(command)
        for child in self.children:
            self._wait(child.command.name, child.ready.is_set)
        self._wait("web", lambda: answers(plan.port))
        if not self.stopping.is_set():
            self._announce(login)
        return 0

    def _announce(self, login: str) -> None:
        lines = ["", f"  PropertyTracker is ready:  {self.plan.address}"]
        lines += [f"  {line}" for line in login.splitlines() if line.strip()]
        if self.plan.with_sandbox:
            lines.append(
                f"  Sandbox vendors:           {self.plan.sandbox_address}  (PropertyMe; AppFolio, Buildium with keys)"
            )
        lines += [f"  Logs: {embedded.services().layout.log_dir}   Ctrl-C stops everything.", "", ""]
        with self._say_lock:
            sys.stdout.write("\n".join(lines))
            sys.stdout.flush()

    def _add(self, command: Command) -> None:
        if self.stopping.is_set():
            return
        layout = embedded.services().layout
        child = Child(command, directory=embedded.CHECKOUT, log_dir=layout.log_dir, say=self.say, verbose=self._verbose)
        self.children.append(child)
        child.start()
        self._note()

    def _note(self) -> None:
        self.lease.note(self.plan.address, [child.pid for child in self.children if child.pid is not None])

    def _tend(self) -> None:
        before = [child.pid for child in self.children]
        for child in self.children:
            child.tend()
        if before != [child.pid for child in self.children]:
            self._note()
        if time.monotonic() < self._look_at_services:
            return
        self._look_at_services = time.monotonic() + SERVICES_SECONDS
        try:
            for name in embedded.ensure():
                self.say("services", f"{name} had ended and was started again")
        except embedded.EmbeddedError as error:
            self.say("services", str(error))

    def _wait(self, name: str, is_up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_up():
            if self.stopping.wait(0.05):
                return
            for child in self.children:
                child.tend()
            if time.monotonic() > deadline:
                log = embedded.services().layout.log_dir / f"{name}.log"
                raise CannotStart(f"{name} did not come up within {READY_SECONDS:g} s. Its log: {log}")

    def _manage(self, *arguments: str) -> str:
        """Run a management command to its end; what it printed. Raises CannotStart with its log's end when it fails."""
        if self.stopping.is_set():
            return ""
        name = arguments[0]
        log = embedded.services().layout.log_dir / f"{name}.log"
        started = time.monotonic()
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                self.plan.manage(*arguments),
                cwd=embedded.CHECKOUT,
                env={**os.environ, **self.plan.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        output: str | None = None
        while output is None:
            with suppress(subprocess.TimeoutExpired):
                output, _ = process.communicate(timeout=0.2)
            if self.stopping.is_set():
                # Both may be cut off anywhere: a migration rolls back, and seeding goes on where it was.
                kill_group(process.pid)
        if self.stopping.is_set():
            return ""
        if process.returncode != 0:
            end = "\n".join([*log.read_text(encoding="utf-8").splitlines(), *output.splitlines()][-4:])
            raise CannotStart(f"`manage.py {name}` failed; {log} has it all, which ends:\n{end}")
        self.say("run", f"{name} done in {time.monotonic() - started:.1f} s")
        return output

    def _stop_children(self) -> None:
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            if not child.stop(deadline):
                self.say(child.command.name, f"did not stop within {STOP_SECONDS:g} s and was killed")


def main(arguments: list[str]) -> int:
    """0 after a clean stop, 1 when it cannot start, 2 for arguments it does not know."""
    if arguments not in ([], ["reset"]):
        sys.stderr.write(__doc__ or "")
        return 2
    lease = Lease(embedded.local_dir())
    try:
        lease.take()
        if arguments == ["reset"]:
            embedded.services().reset()
            sys.stdout.write(f"Removed {embedded.local_dir()}.\n")
            return 0
        plan = make_plan(os.environ, local=embedded.local_dir())
        supervisor = Supervisor(plan, lease)

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            supervisor.stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask_to_stop)
        return supervisor.run()
    except (CannotStart, embedded.EmbeddedError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        lease.release()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
