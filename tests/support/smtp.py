"""A small mail server on a loopback port: e-mail tests speak SMTP with it, and tell it how to answer."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest
from pytest_django.fixtures import Settings


class MailServer(socketserver.ThreadingTCPServer):
    """Keeps what it accepted. `answer_recipient` is its reply to RCPT TO; `gate` holds DATA back until it is set."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.accepted: list[Message] = []
        self.answer_recipient = "250 fine"
        self.asked = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self._say("220 test mail server")
        while line := self.rfile.readline():
            verb = line.split(maxsplit=1)[0].upper() if line.split() else b""
            if verb == b"DATA":
                self._receive()
            elif verb == b"RCPT":
                self._say(self.server.answer_recipient)
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _receive(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        self.server.asked.release()
        self.server.gate.wait(timeout=30)
        self.server.accepted.append(message_from_bytes(b"".join(lines), policy=default))
        self._say("250 kept")


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A mail server that Django's SMTP backend is pointed at."""
    server = MailServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = server.port
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)
