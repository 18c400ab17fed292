"""Answers, for pages of the lower layers, which provider a figure is from and how old it is (core.ports)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from core.formatting import age_text, full_time_text
from core.ports import SourceBadge
from integrations import registry
from integrations.models import Connection, PropertyMapping, ProviderRecord
from integrations.records import Resource
from integrations.selectors.health import is_late
from integrations.specs import Auth

FRESH, STALE, DOWN = "fresh", "stale", "down"
_WORST_FIRST = (DOWN, STALE, FRESH)


class Directory:
    """core.ports.SourceDirectory over connections. Each method costs one query, whatever it is asked for."""

    def for_organisation(self, organisation_id: UUID) -> list[SourceBadge]:
        """A badge for each live connection, problems first."""
        connections = [
            connection
            for connection in Connection.objects.filter(organisation_id=organisation_id)
            .exclude(status=Connection.Status.DISCONNECTED)
            .order_by("id")
            if connection.provider in registry.PROVIDERS
        ]
        providers = [connection.provider for connection in connections]
        badges = [
            badge_of(connection, name_account=providers.count(connection.provider) > 1) for connection in connections
        ]
        return sorted(badges, key=lambda badge: _WORST_FIRST.index(badge.state))

    def for_properties(self, organisation_id: UUID, property_ids: Iterable[UUID]) -> Mapping[UUID, SourceBadge]:
        """The badge of each mapped property; of several sources the one in the worst state. Others are absent."""
        mappings = (
            PropertyMapping.objects.filter(
                organisation_id=organisation_id,
                property_id__in=list(property_ids),
                state=PropertyMapping.State.MAPPED,
            )
            .exclude(connection__status=Connection.Status.DISCONNECTED)
            .select_related("connection")
            .order_by("id")
        )
        found: dict[UUID, SourceBadge] = {}
        for mapping in mappings:
            if mapping.property_id is None or mapping.connection.provider not in registry.PROVIDERS:
                continue
            badge = badge_of(mapping.connection)
            known = found.get(mapping.property_id)
            if known is None or _WORST_FIRST.index(badge.state) < _WORST_FIRST.index(known.state):
                found[mapping.property_id] = badge
        return found

    def for_connections(self, organisation_id: UUID, connection_ids: Iterable[UUID]) -> Mapping[UUID, SourceBadge]:
        """A badge for each of these connections, disconnected ones too: their figures are still shown."""
        connections = Connection.objects.filter(organisation_id=organisation_id, id__in=list(connection_ids))
        return {item.id: badge_of(item) for item in connections if item.provider in registry.PROVIDERS}

    def record_url(self, organisation_id: UUID, connection_id: UUID, provider_id: str) -> str:
        """Address of the remote record's page; blank when the mirror does not hold it."""
        record = (
            ProviderRecord.objects.filter(
                organisation_id=organisation_id,
                connection_id=connection_id,
                resource__in=list(Resource),
                # A later import of the same record carries its number: "77b0~2".
                provider_id=provider_id.partition("~")[0],
            )
            .select_related("connection")
            .first()
        )
        if record is None:
            return ""
        return reverse("integrations:record", args=[record.connection.provider, record.id])


def badge_of(connection: Connection, *, name_account: bool = False) -> SourceBadge:
    """How old a connection's figures are, and why they are not fresh."""
    spec = registry.get(connection.provider)
    state, reason = _state(connection)
    label = f"{spec.label} · {connection.account_name}" if name_account and connection.account_name else spec.label
    url = f"{reverse('integrations:detail', args=[spec.slug])}?connection={connection.id}"
    return SourceBadge(label=label, state=state, as_of=connection.last_sync_at, reason=reason, url=url)


def _state(connection: Connection) -> tuple[str, str]:
    status = Connection.Status
    if connection.status == status.DISCONNECTED:
        return STALE, f"Disconnected on {full_time_text(connection.status_since)}; figures no longer change."
    if connection.status == status.REVOKED:
        return STALE, "The provider withdrew our access. Reconnect to go on; mappings are kept."
    if connection.status == status.EXPIRED:
        if registry.get(connection.provider).auth == Auth.KEYS:
            return STALE, "The provider does not accept our keys. Mappings are kept."
        return STALE, "The provider asks you to sign in again. Mappings are kept."
    if connection.failing_since is not None:
        return DOWN, f"Syncs fail since {full_time_text(connection.failing_since)}. We try again by ourselves."
    if connection.last_sync_at is None:
        return STALE, "Not synced yet."
    if is_late(connection, timezone.now()):
        why = "automatic sync is off" if not connection.auto_sync else "the next sync is late"
        return STALE, f"Last synced {age_text(connection.last_sync_at, timezone.now())}: {why}."
    return FRESH, ""
