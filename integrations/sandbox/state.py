"""The journal that lets a sandbox be stopped and started again: one JSON object a line, appended as things happen.

The agencies are not stored: they follow from the seed, and the journalled operations are run again in their order with
their old stamps, which gives the same rows with the same Timestamps. Fault switches are not kept.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson


@dataclass
class Saved:
    """What a journal holds; ``world`` is None when there is none."""

    world: dict[str, Any] | None = None
    operations: list[dict[str, Any]] = field(default_factory=list)
    oauth: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None


class Journal:
    """Appends to a file, or does nothing without one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()

    def load(self) -> Saved:
        """Read the file. A last line cut off by a crash is ignored, as the operation behind it was never answered."""
        saved = Saved()
        if self._path is None or not self._path.exists():
            return saved
        for line in self._path.read_bytes().splitlines():
            try:
                entry = orjson.loads(line)
            except orjson.JSONDecodeError:
                break
            kind, value = entry["kind"], entry["value"]
            if kind == "operation":
                saved.operations.append(value)
            else:
                setattr(saved, kind, value)
        return saved

    def rewrite(
        self,
        world: dict[str, Any],
        operations: list[dict[str, Any]],
        oauth: dict[str, Any] | None,
        settings: dict[str, Any] | None,
    ) -> None:
        """Replace the file by the shortest one that says the same."""
        if self._path is None:
            return
        entries: list[tuple[str, Any]] = [("world", world), *(("operation", entry) for entry in operations)]
        entries += [(kind, value) for kind, value in (("oauth", oauth), ("settings", settings)) if value]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(b"".join(self._line(kind, value) for kind, value in entries))
        fresh.chmod(0o600)
        os.replace(fresh, self._path)

    def operation(self, agency: int, name: str, arguments: dict[str, Any], stamp: int) -> None:
        """Remember one operation."""
        self._append("operation", {"agency": agency, "name": name, "arguments": arguments, "stamp": stamp})

    def oauth(self, state: dict[str, Any]) -> None:
        """Remember the tokens."""
        self._append("oauth", state)

    def settings(self, state: dict[str, Any]) -> None:
        """Remember the switches."""
        self._append("settings", state)

    def _append(self, kind: str, value: Any) -> None:
        if self._path is None:
            return
        with self._lock, self._path.open("ab") as file:
            file.write(self._line(kind, value))

    @staticmethod
    def _line(kind: str, value: Any) -> bytes:
        return orjson.dumps({"kind": kind, "value": value}, default=str) + b"\n"
