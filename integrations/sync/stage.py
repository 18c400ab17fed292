"""Raw rows become candidate mirror rows: digest, payload text, and the columns that planning reads.

On the hot path of every sync, so it builds COPY lines directly and touches a row once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

from integrations.errors import RecordRejected, RecordSetAside
from integrations.records import (
    AnyRecord,
    BillRecord,
    ContactRecord,
    JobRecord,
    PaymentRecord,
    PropertyRecord,
    Resource,
    TenancyRecord,
)

Normalise = Callable[[Resource, dict[str, Any]], AnyRecord]
MONEY = (Resource.PAYMENT, Resource.BILL)
NULL = "\\N"
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)(?:\\u0000)+")


@dataclass(slots=True)
class Prepared:
    """A page after the network: ids, digests and payload texts, still with the rows for normalising."""

    ids: list[str]
    hashes: list[str]
    payloads: list[str]
    rows: list[dict[str, Any]]
    # COPY text of each row but for what the mirror knows; filled ahead of the writer when nearly all rows are new.
    bodies: list[str] | None = None


def prepare(rows: Sequence[dict[str, Any]], *, version: int) -> Prepared:
    """Digests each row. A row without an id cannot be kept apart from others: it is given its own digest as id."""
    salt = version.to_bytes(4, "big")
    ids, hashes, payloads = [], [], []
    for row in rows:
        text = orjson.dumps(row)
        digest = blake2b(text, digest_size=16, key=salt).hexdigest()
        ids.append(str(row.get("Id") or f"no-id-{digest}")[:128])
        hashes.append(digest)
        payloads.append(text.decode())
    return Prepared(ids, hashes, payloads, list(rows))


@dataclass(slots=True)
class Columns:
    """What the mirror keeps of a record beside its payload."""

    property_ref: str = ""
    related_ref: str = ""
    label: str = ""
    amount: Decimal | None = None
    occurred_on: str | None = None
    is_void: bool = False
    facts: str | None = None
    reject: str = ""


def columns(resource: Resource, row: dict[str, Any], normalise: Normalise) -> Columns:
    """The record's columns, or its reason for rejection."""
    if not row.get("Id"):
        return Columns(reject="The provider sent this record without an id, so it cannot be followed.")
    try:
        record = normalise(resource, row)
    except RecordSetAside as error:
        return Columns(
            property_ref=str(row.get("LotId") or "")[:128],
            label=str(row.get("Reference") or "")[:300],
            # Should it have been imported as something else before, that does not stand any more.
            is_void=True,
            facts=orjson.dumps({"aside": error.safe_message[:300]}).decode(),
        )
    except RecordRejected as error:
        return Columns(
            property_ref=str(row.get("LotId") or "")[:128],
            label=str(row.get("Detail") or row.get("Summary") or row.get("Reference") or "")[:300],
            reject=error.safe_message[:300],
        )
    return _BUILDERS[type(record)](record)


def body(resource: Resource, prepared: Prepared, place: int, normalise: Normalise) -> str:
    """The row's COPY text from its resource to its reason for rejection, in the column order of pt_work."""
    cols = columns(resource, prepared.rows[place], normalise)
    facts = _json(cols.facts) if cols.facts else NULL
    amount = NULL if cols.amount is None else str(cols.amount)
    return (
        f"{resource.value}\t{_text(prepared.ids[place])}\t{prepared.hashes[place]}\t{_json(prepared.payloads[place])}\t"
        f"{facts}\t{_text(cols.property_ref)}\t{_text(cols.related_ref)}\t{_text(cols.label)}\t{amount}\t"
        f"{cols.occurred_on or NULL}\t{'t' if cols.is_void else 'f'}\t{_text(cols.reject)}"
    )


def _text(value: str) -> str:
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value or "\x00" in value:
        value = value.replace("\x00", "").replace("\\", "\\\\").replace("\t", "\\t")
        return value.replace("\n", "\\n").replace("\r", "\\r")
    return value


def _json(value: str) -> str:
    # jsonb cannot hold U+0000, which JSON text writes as an escape; a backslash that is escaped itself begins none.
    if "\\" in value:
        if "\\u0000" in value:
            value = _NUL.sub(r"\1", value)
        return value.replace("\\", "\\\\")
    return value


def _money_facts(record: PaymentRecord | BillRecord, **more: Any) -> str:
    facts = {"description": record.description, "counterparty": record.counterparty, "reference": record.reference}
    if record.is_derived:
        facts["derived"] = "1"
    facts.update({key: value for key, value in more.items() if value})
    return orjson.dumps({key: value for key, value in facts.items() if value}).decode()


def _payment(record: PaymentRecord) -> Columns:
    return Columns(
        record.property_ref,
        record.tenancy_ref,
        (record.description or record.reference)[:300],
        record.amount,
        record.occurred_on.isoformat(),
        record.is_void,
        _money_facts(record, baseline="1" if record.is_baseline else ""),
    )


def _bill(record: BillRecord) -> Columns:
    tax = "" if record.tax_amount is None else str(record.tax_amount)
    label = f"{record.counterparty}: {record.description}" if record.counterparty else record.description
    return Columns(
        record.property_ref,
        record.job_ref,
        label[:300],
        record.amount,
        record.occurred_on.isoformat(),
        record.is_void,
        _money_facts(record, tax=tax),
    )


def _entity(record: Any) -> str:
    return orjson.dumps(asdict(record), default=str).decode()


def _property(record: PropertyRecord) -> Columns:
    return Columns(property_ref=record.provider_id, label=record.address.text[:300], facts=_entity(record))


def _contact(record: ContactRecord) -> Columns:
    return Columns(label=record.name[:300], facts=_entity(record))


def _tenancy(record: TenancyRecord) -> Columns:
    starts = record.starts_on.isoformat() if record.starts_on else None
    return Columns(
        record.property_ref, record.contact_ref, record.name[:300], record.rent_amount, starts, facts=_entity(record)
    )


def _job(record: JobRecord) -> Columns:
    opened = record.opened_at.date().isoformat() if record.opened_at else None
    return Columns(record.property_ref, "", record.title[:300], record.quoted_amount, opened, facts=_entity(record))


_BUILDERS: dict[type, Callable[[Any], Columns]] = {
    PaymentRecord: _payment,
    BillRecord: _bill,
    PropertyRecord: _property,
    ContactRecord: _contact,
    TenancyRecord: _tenancy,
    JobRecord: _job,
}
