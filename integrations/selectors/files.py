from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from access.models import Organisation
from integrations.files.kinds import KINDS, KindOfFile
from integrations.models import Connection, FileUpload, PropertyMapping


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind of file on the upload page: what it is for, and the last file of it that was taken over."""

    kind: KindOfFile
    latest: FileUpload | None


def uploads_of(connection: Connection) -> QuerySet[FileUpload]:
    """The connection's uploads but the discarded ones; newest first is by id."""
    return (
        FileUpload.objects.filter(connection=connection)
        .exclude(status=FileUpload.Status.DISCARDED)
        .select_related("uploaded_by")
        .defer("profile", "samples", "problems")
    )


def find_upload(*, organisation: Organisation, upload_id: UUID) -> FileUpload | None:
    return (
        FileUpload.objects.filter(organisation=organisation, id=upload_id)
        .select_related("connection__organisation", "uploaded_by")
        .first()
    )


def kinds_of(connection: Connection) -> list[KindRow]:
    """Every kind in the order in which they are best uploaded. One query."""
    latest = {
        upload.kind: upload
        for upload in FileUpload.objects.filter(connection=connection, status=FileUpload.Status.ACCEPTED)
        .order_by("kind", "-accepted_at")
        .distinct("kind")
        .defer("profile", "samples", "problems")
    }
    return [KindRow(kind, latest.get(kind.slug)) for kind in KINDS.values()]


def twin_of(upload: FileUpload) -> FileUpload | None:
    """The last upload of the very same bytes and kind that was taken over from this source."""
    return (
        FileUpload.objects.filter(
            connection_id=upload.connection_id,
            kind=upload.kind,
            digest=upload.digest,
            status=FileUpload.Status.ACCEPTED,
        )
        .exclude(id=upload.id)
        .order_by("-accepted_at")
        .first()
    )


def addresses_of(connection: Connection, refs: set[str]) -> dict[str, str]:
    """The addresses behind the source's property ids, those that were read already. One query."""
    return dict(
        PropertyMapping.objects.filter(connection=connection, provider_property_id__in=refs).values_list(
            "provider_property_id", "provider_property_address"
        )
    )
