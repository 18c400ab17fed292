"""How a job reaches a vendor. E-mail is built in; other channels live in a higher layer and are named in settings.

`settings.ASSIGNMENT_CHANNELS` maps the key that a vendor carries to the dotted path of a class. A channel is called
again with the same `key` after a failure or a killed worker, so it must treat the key as an idempotency key: one job
at the other side however often it is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from core.errors import DomainError


class ChannelUnavailable(Exception):
    """The channel did not answer, or not in time: nobody knows whether the vendor got it. It is sent again."""


class ChannelRefused(Exception):
    """The channel will never take this (no such address, vendor unknown there). The message says why, for people."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the vendor is told. `key` is the same each time this offer is sent; money is in the vendor's quote."""

    key: str
    organisation_id: UUID
    agency: str
    agency_email: str
    is_quote: bool
    title: str
    description: str
    category: str
    priority: str
    address: str
    approved_amount: str
    due_on: str
    respond_by: datetime
    link: str
    vendor_name: str
    vendor_email: str
    # How the vendor is known at a provider, for channels that speak to one.
    provider: str
    connection_id: UUID | None
    provider_id: str
    job_provider_id: str


class AssignmentChannel(Protocol):
    """Carries an assignment to a vendor."""

    label: str

    def send(self, assignment: Assignment) -> str:
        """The other side's reference of the job, or "". Raises ChannelUnavailable or ChannelRefused."""
        ...

    def problem_with(self, *, email: str, provider_id: str) -> str:
        """Why a vendor with these particulars cannot be reached over it, as a sentence; "" when they can."""
        ...


@lru_cache(maxsize=16)
def _resolved(path: str) -> AssignmentChannel:
    factory: Any = import_string(path)
    return cast(AssignmentChannel, factory())


def channel(key: str) -> AssignmentChannel:
    """The channel that a vendor carries. Raises DomainError `unknown_channel`."""
    path = settings.ASSIGNMENT_CHANNELS.get(key)
    if path is None:
        raise DomainError("unknown_channel", f"The channel “{key}” is not set up. Choose another for this vendor.")
    return _resolved(path)


def channel_choices() -> list[tuple[str, str]]:
    """(key, label) of every channel that is set up."""
    return [(key, channel(key).label) for key in settings.ASSIGNMENT_CHANNELS]
