"""Run the sandbox vendor as its own process: ``python -m integrations.sandbox --port 8811``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

from .server import SandboxServer


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8811)
    parser.add_argument("--lots", type=int, default=40)
    parser.add_argument("--years", type=float, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--agencies", type=int, default=2)
    parser.add_argument("--ledger", choices=("line", "derived"), default="line")
    parser.add_argument(
        "--today", type=date.fromisoformat, default=None, help="the agencies' first today (default: today)"
    )
    parser.add_argument(
        "--state", type=Path, default=None, help="file that keeps tokens, time and edits over a restart"
    )
    args = parser.parse_args()
    server = SandboxServer(
        lots=args.lots, years=args.years, seed=args.seed, ledger=args.ledger, agencies=args.agencies,
        today=args.today or datetime.now(UTC).date(), host=args.host, port=args.port, state=args.state,
    )  # fmt: skip
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    sys.stdout.write(f"{server.vendor.title} sandbox at {server.url}, API at {server.api_url}\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
