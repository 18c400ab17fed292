"""The job's timeline, its comments and its files."""

from __future__ import annotations

from typing import IO
from uuid import UUID

from django.core.files.base import File
from django.db.transaction import atomic

from access.models import User
from core.errors import DomainError
from core.ids import uuid7
from maintenance.files import checked_upload
from maintenance.models import Attachment, Comment, Vendor, WorkOrder, WorkOrderEvent
from maintenance.models.trail import Visibility

MOST_FILES = 60


def locked(*, work_order_id: UUID, organisation_id: UUID) -> WorkOrder:
    """The job under a lock, inside the caller's transaction. Every service that moves a job begins here.

    The lock lets rows that point at the job be written meanwhile: a message under way takes its own row's lock only.
    """
    return (
        WorkOrder.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation", "property", "vendor")
        .get(pk=work_order_id, organisation_id=organisation_id)
    )


def record(
    *, order: WorkOrder, kind: str, text: str, tone: str = "neutral", user: User | None = None, who: str = ""
) -> WorkOrderEvent:
    """Writes one line of the job's timeline. `who` is a vendor, an owner or a provider; a user goes by their name."""
    return WorkOrderEvent.objects.create(
        organisation_id=order.organisation_id,
        work_order=order,
        kind=kind,
        tone=tone,
        text=text[:500],
        actor=user,
        actor_name=(str(user) if user else who)[:200],
    )


@atomic
def add_comment(
    *, order: WorkOrder, body: str, visibility: str, user: User | None = None, vendor: Vendor | None = None
) -> Comment:
    """A remark by a person of the agency, or by the vendor, whose remarks are public.

    Raises DomainError `comment` (empty or over 5,000 characters) or `visibility`.
    """
    text = body.strip()
    if not text:
        raise DomainError("comment", "Write something first.")
    if len(text) > 5000:
        raise DomainError("comment", "A comment has at most 5,000 characters. Add the text as a document.")
    if visibility not in Visibility.values:
        raise DomainError("visibility", "A comment is internal or public.")
    comment = Comment.objects.create(
        organisation_id=order.organisation_id,
        work_order=order,
        body=text,
        visibility=Visibility.PUBLIC if vendor else visibility,
        author=user,
        author_name=str(user or vendor or "")[:200],
    )
    word = "a comment" if comment.visibility == Visibility.PUBLIC else "an internal comment"
    record(order=order, kind="comment", text=f"Wrote {word}.", user=user, who=str(vendor or ""))
    return comment


@atomic
def add_attachment(
    *,
    order: WorkOrder,
    upload: File[bytes] | IO[bytes],
    name: str,
    visibility: str = Visibility.INTERNAL,
    user: User | None = None,
    vendor: Vendor | None = None,
) -> Attachment:
    """Keeps a photo or a PDF of at most 10 MB; what it is decides its content, not its name.

    Raises DomainError `file_empty`, `file_too_large`, `file_type`, `too_many_files` or `visibility`.
    """
    if visibility not in Visibility.values:
        raise DomainError("visibility", "A file is internal or public.")
    checked = checked_upload(upload, name=name)
    if Attachment.objects.filter(work_order=order).count() >= MOST_FILES:
        raise DomainError("too_many_files", f"This job has {MOST_FILES} files already, which is the most it may have.")
    attachment = Attachment(
        id=uuid7(),
        organisation_id=order.organisation_id,
        work_order=order,
        name=checked.name,
        content_type=checked.content_type,
        size=checked.size,
        visibility=Visibility.PUBLIC if vendor else visibility,
        author=user,
        vendor=vendor,
        author_name=str(user or vendor or "")[:200],
    )
    attachment.file.save(checked.name, File(upload), save=False)
    attachment.save(force_insert=True)
    record(order=order, kind="file", text=f"Added {checked.name}.", user=user, who=str(vendor or ""))
    return attachment
