"""Where the private servers keep their files, and as which system user they run."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, a closing zero included.
SOCKET_PATH_LIMIT = 103
SOCKET_NAME = ".s.PGSQL.5432"


class EmbeddedError(RuntimeError):
    """A private server cannot run here; the message says what to do."""


@dataclass(frozen=True)
class ServerUser:
    """The account a server runs as when it may not run as us."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Layout:
    """Paths of one checkout's services.

    `base` is `.local` of the checkout. Root starts PostgreSQL as `nobody` (the server refuses root); where that
    account cannot reach the checkout (a mode-0700 home, say) the server's own files live in a directory below
    /var/tmp instead, because opening somebody's home to everyone is not ours to do.
    """

    base: Path

    @cached_property
    def server_user(self) -> ServerUser | None:
        """None when servers run as ourselves. Raises EmbeddedError when root finds no unprivileged account."""
        if os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError as error:
            raise EmbeddedError(
                "PostgreSQL refuses to run as root and there is no account 'nobody' to run it as. "
                "Create one, run as another user, or set DATABASE_URL."
            ) from error
        return ServerUser(entry.pw_uid, entry.pw_gid)

    @cached_property
    def home(self) -> Path:
        """The directory that holds what the server account must reach."""
        if self.server_user is None or reachable_by_others(self.base):
            return self.base
        return Path("/var/tmp") / f"propertytracker-{self._tag}"  # noqa: S108  # ownership is checked in prepare()

    @property
    def postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def postgres_binaries(self) -> Path:
        """Where binaries are copied to when the server account cannot reach the virtual environment."""
        return self.home / "postgres-binaries"

    @cached_property
    def socket_dir(self) -> Path:
        """A directory short enough for a unix socket address."""
        preferred = self.home / "run"
        if len(os.fsencode(preferred / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
            return preferred
        return Path(tempfile.gettempdir()) / f"pt-{os.geteuid()}-{self._tag}"

    @property
    def redis_dir(self) -> Path:
        return self.base / "redis"

    @property
    def log_dir(self) -> Path:
        return self.base / "log"

    @property
    def lock_file(self) -> Path:
        return self.base / "services.lock"

    @property
    def _tag(self) -> str:
        return hashlib.sha256(os.fsencode(self.base)).hexdigest()[:10]

    def prepare(self) -> None:
        """Make the directories. Raises EmbeddedError when one of them is not ours to use."""
        try:
            for path in (self.base, self.log_dir):
                path.mkdir(parents=True, exist_ok=True)
            self.redis_dir.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise EmbeddedError(
                f"Cannot write {self.base}: {error.strerror}. Make it yours, or set DATABASE_URL and REDIS_URL."
            ) from error
        if self.home != self.base:
            _own_directory(self.home, mode=0o711, owner=None)
        _own_directory(self.socket_dir, mode=0o755, owner=self.server_user)


def _own_directory(path: Path, *, mode: int, owner: ServerUser | None) -> None:
    """A directory of ours, or of `owner`; a stranger's, or a link, in a shared place is refused."""
    path.mkdir(mode=mode, exist_ok=True)
    found = path.lstat()
    allowed = {os.geteuid(), owner.uid if owner else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
        raise EmbeddedError(f"{path} belongs to somebody else. Remove it, or set DATABASE_URL.")
    if owner and found.st_uid != owner.uid:
        os.chown(path, owner.uid, owner.gid)
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)


def reachable_by_others(path: Path) -> bool:
    """Whether an account with no rights of its own can pass through every directory above `path`."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
