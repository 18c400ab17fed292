from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from integrations import registry
from integrations.adapters import NOWHERE
from integrations.contracts import FileSource, PropertyManagerProvider
from integrations.files.check import Checker
from integrations.files.columns import suggest
from integrations.files.kinds import KINDS
from integrations.files.refs import Refs
from integrations.files.source import Part, StandingRows
from integrations.files.store import RowWriter
from integrations.files.tables import find_layout, headings_of, rows_of
from integrations.http import HttpClient
from integrations.providers.files import SPEC
from integrations.records import Account
from tests.integrations.conformance import Subject

FILES = {
    "properties": 'Id,Address,Rent,Owner\nP1,"4/18 Acacia Avenue, Newtown NSW 2042",640,Anna\nP2,9 شارع النيل,410,\n',
    "units": "Id,Property,Unit,Rent\nU1,P2,1,205\nU2,P2,2,205\n",
    "tenants": "Name,E-mail\nLan Nguyễn,lan@tenant.example\nŁukasz Żółć,\n",
    "leases": "Id,Property,Unit,Tenant,Rent,Start\nL1,P1,,Lan Nguyễn,640,2026-01-05\n"
    "L2,P2,1,Łukasz Żółć,205,2026-02-01\n",
    "jobs": "Id,Property,Title,Status,Opened\nJ1,P1,Kitchen tap leaks,done,2026-01-09\n",
    "transactions": "Date,Property,Amount,Tenant\n2026-01-05,P1,640,Lan Nguyễn\n2026-01-05,P1,640,Lan Nguyễn\n"
    "2026-01-06,P2,-12.50,Council\n",
    "bills": "Id,Date,Property,Amount,Supplier,Job\nB1,2026-01-13,P1,88,Lee & Sons,J1\n",
}


@dataclass(frozen=True)
class FilesSubject(Subject):
    """Reads from checked files; its HTTP client leads nowhere and is never asked."""

    files: FileSource | None = None

    def adapter(self) -> PropertyManagerProvider:
        context = replace(self.context(), files=self.files)
        return registry.build_adapter(self.spec, context)


@contextmanager
def open_subject() -> Iterator[Subject]:
    """The files provider on one file of each kind, read and checked as an upload is."""
    stored: dict[str, bytes] = {}
    parts: list[Part] = []
    refs = Refs()
    for number, (slug, text) in enumerate(FILES.items()):
        stream = io.BytesIO(text.encode())
        layout = find_layout(stream, "csv")
        rows = rows_of(stream, layout)
        headings = headings_of(next(rows)[1])
        checker = Checker(KINDS[slug], headings, suggest(KINDS[slug], headings), "dmy", ".", refs, "AU")
        with RowWriter() as writer:
            for row in checker.rows(rows):
                assert row.problems == ()
                writer.write(row.resource, row.values)
                refs.add(slug, row.values)
            stored[slug] = writer.finish().read()
        parts.append(Part(f"2026-02-01T00:00:{number:02}.000000Z", slug, slug, False))

    @contextmanager
    def opened(key: str) -> Iterator[io.BytesIO]:
        yield io.BytesIO(stored[key])

    with HttpClient(NOWHERE) as http:
        yield FilesSubject(SPEC, http, files=StandingRows(Account("different", ":Different"), parts, opened))
