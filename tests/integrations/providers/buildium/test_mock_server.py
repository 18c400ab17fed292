"""The adapter on a server that npm's Prism makes of the published OpenAPI document: it knows nothing of our sandbox.

Prism refuses (422) a request that is not as published, and answers each list with one row of the published shape, whose
values are the extremes of their types.
"""

from __future__ import annotations

import queue
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.errors import RecordRejected
from integrations.http import HttpClient
from integrations.providers.buildium import SPEC
from integrations.records import ReadRequest, Resource
from tests.integrations.conformance import READS, Subject
from tests.integrations.providers.buildium.subject import HEADERS
from tests.support.browser import find_mock_server, specs_dir

pytestmark = [pytest.mark.specs, pytest.mark.mock, pytest.mark.slow]
FILE = (specs_dir() or Path()) / "buildium" / "buildium-openapi-2025-10.json"
PATIENCE = 90


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [str(find_mock_server()), "mock", "--errors", "--port", str(port), "--host", "127.0.0.1", str(FILE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as prism:
        try:
            _wait_until_listening(prism)
            with HttpClient(f"http://127.0.0.1:{port}", headers=HEADERS) as http:
                yield Subject(SPEC, http, time_zone="America/Chicago")
        finally:
            prism.terminate()


def _wait_until_listening(prism: subprocess.Popen[str]) -> None:
    assert prism.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    stream = prism.stdout
    threading.Thread(target=lambda: [lines.put(line) for line in stream], daemon=True).start()
    while "listening on" not in (line := lines.get(timeout=PATIENCE)):
        assert "✖" not in line, line


def test_it_says_whose_keys_these_are(subject: Subject) -> None:
    assert subject.adapter().account().name == "string"


@pytest.mark.parametrize("resource", Resource)
def test_every_read_is_as_published_and_every_row_is_a_record_or_refused(subject: Subject, resource: Resource) -> None:
    adapter = subject.adapter()
    for request in (ReadRequest(full=True), ReadRequest(cursor=_cursor(resource))):
        rows = subject.rows(resource, request)
        if resource in (Resource.PROPERTY, Resource.CONTACT, Resource.TENANCY):
            assert rows
        for row in rows:
            try:
                assert type(adapter.normalise(resource, row)) is READS[resource][1]
            except RecordRejected as refusal:
                assert refusal.safe_message.endswith(".")


def _cursor(resource: Resource) -> str:
    return "2026-01-05" if resource == Resource.JOB else "2026-01-05T00:00:00Z"
