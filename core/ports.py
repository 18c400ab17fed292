"""What lower layers ask of higher ones. Each port is resolved from a dotted path in settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class SourceBadge:
    """Where figures come from and how old they are.

    `state` is one of: fresh, stale, down. `reason` says why it is not fresh, in words for people.
    """

    label: str
    state: str
    as_of: datetime | None
    reason: str
    url: str


class SourceDirectory(Protocol):
    """Answers 'which provider is this from, and how old is it' for pages below the integrations layer."""

    def for_organisation(self, organisation_id: UUID) -> list[SourceBadge]: ...

    def for_properties(self, organisation_id: UUID, property_ids: Iterable[UUID]) -> Mapping[UUID, SourceBadge]: ...

    def for_connections(self, organisation_id: UUID, connection_ids: Iterable[UUID]) -> Mapping[UUID, SourceBadge]: ...

    def record_url(self, organisation_id: UUID, connection_id: UUID, provider_id: str) -> str: ...


@lru_cache(maxsize=1)
def sources() -> SourceDirectory:
    """The configured source directory."""
    factory: Any = import_string(settings.SOURCE_DIRECTORY)
    return cast(SourceDirectory, factory())
