"""The vendor's webhooks: one signed delivery for each row that changed, sent from a thread of its own."""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request  # noqa: TID251  # the sandbox has nothing of the product, not even its client
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

import orjson

from .signing import SigningKey

# Tables whose changes the vendor tells, by their topic.
TOPICS = ("properties", "units", "tenants", "leases", "work_orders", "bills", "vendors", "owners", "charges")
TIMEOUT = 5.0


class Doorbells:
    """Rings at `url`, where there is one. `sent` has the answers' states with what was sent, the newest last."""

    def __init__(self, client_id: str) -> None:
        self.url = ""
        self.sent: list[tuple[int, dict[str, Any]]] = []
        self._client_id = client_id
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @cached_property
    def key(self) -> SigningKey:
        """The key that signs, made when it is first needed."""
        return SigningKey("sandbox-1")

    def keys(self) -> list[dict[str, str]]:
        """The public keys."""
        with self._lock:
            return [self.key.jwk]

    def ring(self, table: str, ident: str, action: str, stamp: str) -> None:
        """Tell that a row came into being, changed or went (create, update, destroy)."""
        if not self.url or table not in TOPICS:
            return
        self._waiting.put(
            {
                "client_id": self._client_id,
                "event_id": str(uuid4()),
                "topic": table,
                "event_type": action,
                "entity_id": ident,
                "update_timestamp": stamp,
                "message_sent_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, name="doorbells", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Return when all that waits was sent."""
        self._waiting.join()

    def _deliver(self) -> None:
        while True:
            payload = self._waiting.get()
            try:
                self.sent.append((self._post(orjson.dumps(payload)), payload))
            finally:
                self._waiting.task_done()

    def _post(self, body: bytes) -> int:
        """The answer's state; 0 where nobody answered. The vendor's way of trying again is not known: it does not."""
        with self._lock:
            headers = self.key.headers(body)
        # The address was seen to begin with http. The client of the product is not for its vendors.
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310, TID251
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310, TID251
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0
