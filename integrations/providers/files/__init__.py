"""Spreadsheets: every agency whose software has no API for us, :Different among them. Facts are in NOTES.md."""

from __future__ import annotations

from integrations.records import Resource
from integrations.specs import Auth, Capability, CursorKind, Kind, Maturity, ProviderSpec

SPEC = ProviderSpec(
    slug="files",
    label="Spreadsheets",
    kind=Kind.PROPERTY_MANAGER,
    region="Anywhere",
    tagline="CSV and Excel files from any software, :Different included: preview them, import them, undo them.",
    maturity=Maturity.STABLE,
    auth=Auth.FILE,
    adapter="integrations.providers.files.client.FilesAdapter",
    capabilities=(
        Capability(
            Resource.PROPERTY,
            changed_since=CursorKind.UPLOAD,
            note="From files of properties and of units; a unit stands as a property of its own.",
        ),
        Capability(Resource.TENANCY, changed_since=CursorKind.UPLOAD),
        Capability(Resource.CONTACT, changed_since=CursorKind.UPLOAD, note="Tenants."),
        Capability(Resource.JOB, changed_since=CursorKind.UPLOAD),
        Capability(
            Resource.PAYMENT, changed_since=CursorKind.UPLOAD, note="Rent received, from files of transactions."
        ),
        Capability(
            Resource.BILL, changed_since=CursorKind.UPLOAD, note="From files of bills, and costs among transactions."
        ),
    ),
)
