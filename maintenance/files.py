"""What may be uploaded, and how it is handed out again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO

from csp.constants import NONE
from django.core.files.base import File
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from core.errors import DomainError
from maintenance.models import Attachment

LARGEST = 10 * 1024 * 1024
ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}


@dataclass(frozen=True, slots=True)
class Checked:
    """An upload that may be kept: a plain name with the ending of its real type, and its size in bytes."""

    name: str
    content_type: str
    size: int


def checked_upload(upload: File[bytes] | IO[bytes], *, name: str) -> Checked:
    """Looks into the file. Raises DomainError `file_empty`, `file_too_large` or `file_type`."""
    upload.seek(0, 2)
    size = upload.tell()
    upload.seek(0)
    if size == 0:
        raise DomainError("file_empty", "This file is empty. Choose another.")
    if size > LARGEST:
        raise DomainError(
            "file_too_large", "A file may have at most 10 MB. Send a smaller photo, or split the document."
        )
    content_type = _type_of(upload.read(16))
    upload.seek(0)
    if not content_type:
        raise DomainError("file_type", "Only photos (JPEG, PNG, WebP) and PDF documents can be added here.")
    return Checked(_plain_name(name, content_type), content_type, size)


def _type_of(head: bytes) -> str:
    """By the first bytes, as the formats define them."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    return ""


def _plain_name(name: str, content_type: str) -> str:
    stem = re.sub(r"[^\w .()-]+", "_", PurePath(name.replace("\\", "/")).stem).strip(" ._")
    return f"{stem[:100] or 'file'}{_ENDINGS[content_type]}"


def handed_out(attachment: Attachment) -> HttpResponse:
    """The file for somebody who may see it: photos show in the page, everything else is saved, nothing runs."""
    with attachment.file.open("rb") as content:
        response = HttpResponse(content.read(), content_type=attachment.content_type)
    response.headers["Content-Disposition"] = content_disposition_header(not attachment.is_image, attachment.name) or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    # Even if a browser were made to treat it as a page, it could do nothing.
    response._csp_replace = {"default-src": [NONE], "sandbox": True}  # type: ignore[attr-defined]
    return response
