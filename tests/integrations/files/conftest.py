"""A source of spreadsheets, and files that are uploaded to it and worked here and now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from integrations.files.work import work_upload
from integrations.models import Connection, FileUpload, SyncRun
from integrations.services import files as file_services
from integrations.sync.runner import run_sync

Upload = Callable[..., FileUpload]


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    """Files of a test are its own, and on a disk, where the test can look at them."""
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "media"},
    }
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    return tmp_path / "media"


@pytest.fixture
def source(organisation: Organisation, admin_user: User) -> Connection:
    return file_services.name_source(organisation=organisation, user=admin_user, name=":Different")


@pytest.fixture
def put(source: Connection, admin_user: User) -> Upload:
    """Uploads text or bytes and works it as far as it goes by itself."""

    def work(
        kind: str, content: str | bytes, name: str = "list.csv", connection: Connection | None = None
    ) -> FileUpload:
        data = content.encode() if isinstance(content, str) else content
        upload = file_services.add_upload(
            connection=connection or source,
            user=admin_user,
            kind=kind,
            name=name,
            content=SimpleUploadedFile(name, data),
        )
        work_upload(upload.pk)
        upload.refresh_from_db()
        return upload

    return work


@pytest.fixture
def check(put: Upload, admin_user: User) -> Upload:
    """Uploads, accepts the columns that were recognised, and has the rows checked."""

    def work(kind: str, content: str | bytes, name: str = "list.csv", **options: Any) -> FileUpload:
        upload = put(kind, content, name)
        if upload.status == FileUpload.Status.COLUMNS:
            file_services.choose_columns(
                upload=upload, user=admin_user, columns=options.pop("columns", upload.columns), **options
            )
            work_upload(upload.pk)
            upload.refresh_from_db()
        return upload

    return work


@pytest.fixture
def bring(check: Upload, admin_user: User) -> Callable[..., SyncRun]:
    """Uploads, checks, takes over and imports: answers the finished run."""

    def work(kind: str, content: str | bytes, *, whole: bool = False, **options: Any) -> SyncRun:
        upload = check(kind, content, **options)
        assert upload.status == FileUpload.Status.CHECKED, upload.error
        _, run = file_services.take_over(upload=upload, user=admin_user, is_whole=whole, preview=False)
        finished = run_sync(run.pk)
        finished.refresh_from_db()
        return finished

    return work
