"""Where uploaded files and what was made of them are kept: the default storage, a folder for each organisation."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from uuid import UUID

import orjson
from django.core.files.base import File
from django.core.files.storage import default_storage

from integrations.errors import TransientError
from integrations.models import Connection

_IN_MEMORY = 4 * 1024 * 1024


def folder_of(connection: Connection) -> str:
    """The folder of a connection's files."""
    return f"organisations/{connection.organisation_id}/uploads/{connection.pk}"


def save(name: str, content: IO[bytes]) -> str:
    """Stores the content and answers its key, which may differ from the name."""
    content.seek(0)
    return str(default_storage.save(name, File(content)))


def delete(*keys: str) -> None:
    """Deletes what is stored under the keys; blank and unknown ones are left out."""
    for key in keys:
        if key:
            default_storage.delete(key)


@contextmanager
def opened(key: str) -> Iterator[IO[bytes]]:
    """The stored file on this machine, where it can be read anywhere. Raises TransientError when it is not there."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as local:
        try:
            with default_storage.open(key, "rb") as stored:
                while part := stored.read(1 << 16):
                    local.write(part)
        except OSError as error:
            raise TransientError(
                "An uploaded file is not in the storage at the moment. It is tried again by itself.",
                detail=f"{key}: {type(error).__name__}",
            ) from error
        local.seek(0)
        yield local


class RowWriter:
    """Good rows on their way to the storage: compressed lines of JSON, so that any number is written in flat memory."""

    def __init__(self) -> None:
        self._raw = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed by __exit__
        # No time in the header: the same rows give the same bytes.
        self._lines = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=5, mtime=0)

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(self, *left: object) -> None:
        self._lines.close()
        self._raw.close()

    def write(self, resource: str, values: dict[str, Any]) -> None:
        self._lines.write(orjson.dumps([resource, values]) + b"\n")

    def finish(self) -> IO[bytes]:
        """What was written, from its beginning; nothing may be written after."""
        self._lines.close()
        self._raw.seek(0)
        return self._raw

    def save(self, name: str) -> str:
        return save(name, self.finish())


def rows_in(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(resource, values) of each good row of a file that a RowWriter saved."""
    with gzip.GzipFile(fileobj=stream, mode="rb") as lines:
        for line in lines:
            resource, values = orjson.loads(line)
            yield resource, values


def name_for(connection: Connection, upload_id: UUID, what: str) -> str:
    """The key to ask for: "source.csv", "rows.jsonl.gz" or "errors.csv" of an upload."""
    return f"{folder_of(connection)}/{upload_id}/{what}"
