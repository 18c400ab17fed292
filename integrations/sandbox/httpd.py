"""The threaded keep-alive server below every sandbox vendor, and the request log."""

from __future__ import annotations

import logging
import socket
import socketserver
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from .wire import BadRequestLine, Request, Response, SandboxError, WireFault, json_response, read_request

log = logging.getLogger(__name__)
Application = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One answered request; ``fault`` names the switch that touched it, if any."""

    method: str
    path: str
    query: str
    status: int
    fault: str
    at: float


class RequestLog:
    """Counts per path, and the last requests in full. Safe to use from several threads."""

    def __init__(self, keep: int = 5000) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LogEntry] = deque(maxlen=keep)
        self._counts: Counter[str] = Counter()

    def add(self, request: Request, status: int, fault: str) -> None:
        """Record one answered request."""
        entry = LogEntry(request.method, request.path, request.raw_query, status, fault, time.time())
        with self._lock:
            self._entries.append(entry)
            self._counts[request.path] += 1

    @property
    def counts(self) -> dict[str, int]:
        """Requests per path since the start or the last clear."""
        with self._lock:
            return dict(self._counts)

    @property
    def entries(self) -> list[LogEntry]:
        """The last requests, oldest first."""
        with self._lock:
            return list(self._entries)

    def count(self, path: str) -> int:
        """Return how many requests named exactly this path."""
        with self._lock:
            return self._counts[path]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()


class Connection(socketserver.BaseRequestHandler):
    """One client connection: requests in turn until either side closes."""

    server: Listener

    def handle(self) -> None:
        """Serve requests until the connection ends."""
        sock: socket.socket = self.request
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock.makefile("rb", buffering=65_536) as stream:
            try:
                while not self.server.stopping.is_set():
                    request = read_request(cast("BinaryIO", stream))
                    if request is None:
                        return
                    response = self.server.answer(request)
                    close = request.headers.get("connection", "").lower() == "close"
                    if self._send(sock, request, response, close=close) or close:
                        return
            except (OSError, BadRequestLine) as error:
                log.debug("connection ended: %s", error)

    def _send(self, sock: socket.socket, request: Request, response: Response, *, close: bool) -> bool:
        """Send one answer; True when the connection cannot be used any more."""
        if response.wire is not None:
            return self._misbehave(sock, response, response.wire)
        head = response.head(close=close)
        if request.method == "HEAD":
            sock.sendall(head)
        elif isinstance(response.body, bytes):
            sock.sendall(head + response.body)
        else:
            sock.sendall(head)
            for part in response.body:
                if part:
                    sock.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            sock.sendall(b"0\r\n\r\n")
        return False

    def _misbehave(self, sock: socket.socket, response: Response, fault: WireFault) -> bool:
        if fault.kind == "hang":
            self.server.stopping.wait(fault.seconds)
            return True
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        response.body = body
        head = response.head(close=fault.kind != "drip")
        if fault.kind == "drip":
            sock.sendall(head)
            for start in range(0, len(body), fault.chunk):
                if self.server.stopping.wait(fault.seconds):
                    return True
                sock.sendall(body[start : start + fault.chunk])
            return False
        sock.sendall(head + body[: max(1, len(body) // 2)])
        if fault.kind == "reset":
            # Linger 0 makes close() send RST instead of FIN: the client sees "connection reset by peer".
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True


class Listener(socketserver.ThreadingTCPServer):
    """Accepts connections, one thread each, and closes every open one on stop."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        super().__init__(address, Connection)
        self.application = application
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def answer(self, request: Request) -> Response:
        """Run the application; an error of ours becomes a 500 and a logged traceback."""
        try:
            return self.application(request)
        except SandboxError as error:
            return json_response({"error": str(error)}, 400)
        except Exception:
            log.exception("sandbox failed on %s %s", request.method, request.path)
            return json_response({"error": "The sandbox itself failed; see its log."}, 500)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the socket before its thread starts."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the socket; close without shutdown so that a pending reset stays a reset."""
        with self._open_lock:
            self._open.discard(request)
        request.close()

    def stop(self) -> None:
        """Stop accepting, end running hangs and drips, and cut every open connection."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._open_lock:
            sockets = list(self._open)
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
