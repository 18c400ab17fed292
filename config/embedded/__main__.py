"""Private servers by hand: python -m config.embedded start|stop|status|reset."""

from __future__ import annotations

import sys

from . import EmbeddedError, services


def main(arguments: list[str]) -> int:
    """Do what the one argument names; 0 done, 1 failed, 2 not understood."""
    command = arguments[0] if len(arguments) == 1 else ""
    servers = services()
    write = sys.stdout.write
    try:
        if command == "start":
            servers.ensure()
            write(f"PostgreSQL and Redis run below {servers.layout.base}.\n")
        elif command == "stop":
            write(f"Stopped: {', '.join(servers.stop()) or 'nothing ran'}.\n")
        elif command == "status":
            for name, up in (("PostgreSQL", servers.postgres.running()), ("Redis", servers.redis.running())):
                write(f"{name}: {'running' if up else 'stopped'}\n")
        elif command == "reset":
            servers.reset()
            write(f"Removed {servers.layout.base}.\n")
        else:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    except EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
