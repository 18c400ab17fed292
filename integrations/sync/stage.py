"""Raw rows become candidate mirror rows: digest, payload text, and the columns that planning reads.

On the hot path of every sync, so it builds COPY lines directly and touches a row once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import orjson
from xxhash import xxh3_128_digest

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
from integrations.sync.known import Known

Normalise = Callable[[Resource, dict[str, Any]], AnyRecord]
MONEY = (Resource.PAYMENT, Resource.BILL)
NULL = "\\N"
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)(?:\\u0000)+")


@dataclass(slots=True)
class Prepared:
    """Rows after the network: ids, digests and payload texts, still with the rows for normalising.

    `doubtful` are the places of rows whose id the mirror may know; None where that is not known of any of them.
    """

    ids: list[str]
    digests: list[bytes]
    texts: list[str]
    rows: list[dict[str, Any]]
    doubtful: list[int] | None = None
    # COPY text of each row but for what the mirror knows; filled ahead of the writer when nearly all rows are new.
    bodies: list[str] | None = None


def prepare(rows: Sequence[dict[str, Any]], *, version: int, known: Known | None = None) -> Prepared:
    """Digests each row, and leaves out those that the mirror holds as they are.

    A row without an id cannot be kept apart from others: it is given its own digest as id.
    """
    digests, texts = [], []
    keep_texts = known is None or known.is_empty
    for row in rows:
        # One at a time: the buffer is used again at once, which takes half the time of holding a page of them.
        text = orjson.dumps(row)
        digests.append(xxh3_128_digest(text, version))
        if keep_texts:
            texts.append(text.decode())
    ids = [str(row.get("Id") or f"no-id-{digest.hex()}")[:128] for row, digest in zip(rows, digests, strict=True)]
    if known is None:
        return Prepared(ids, digests, texts, list(rows))
    rest, unsure = known.sift(ids, digests)
    if len(rest) == len(ids) and keep_texts:
        return Prepared(ids, digests, texts, list(rows), unsure)
    order = {place: number for number, place in enumerate(rest)}
    return Prepared(
        [ids[place] for place in rest],
        [digests[place] for place in rest],
        [texts[place] if keep_texts else orjson.dumps(rows[place]).decode() for place in rest],
        [rows[place] for place in rest],
        [order[place] for place in unsure],
    )


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


# What `body` writes, in its order: the texts stand together, so that one look tells whether any needs an escape.
BODY_COLUMNS = (
    "resource, content_hash, payload, facts, amount, occurred_on, is_void, provider_id, property_ref, related_ref,"
    " label, reject"
)
_TEXTS = 4


def body(resource: Resource, prepared: Prepared, place: int, normalise: Normalise) -> str:
    """The row's COPY text of BODY_COLUMNS."""
    cols = columns(resource, prepared.rows[place], normalise)
    facts = _json(cols.facts) if cols.facts else NULL
    amount = NULL if cols.amount is None else cols.amount
    texts = f"{prepared.ids[place]}\t{cols.property_ref}\t{cols.related_ref}\t{cols.label}\t{cols.reject}"
    if "\\" in texts or "\n" in texts or "\r" in texts or "\x00" in texts or texts.count("\t") != _TEXTS:
        texts = "\t".join(
            map(_text, (prepared.ids[place], cols.property_ref, cols.related_ref, cols.label, cols.reject))
        )
    return (
        f"{resource.value}\t{prepared.digests[place].hex()}\t{_json(prepared.texts[place])}\t{facts}\t"
        f"{amount}\t{cols.occurred_on or NULL}\t{'t' if cols.is_void else 'f'}\t{texts}"
    )


def _text(value: str) -> str:
    value = value.replace("\x00", "").replace("\\", "\\\\").replace("\t", "\\t")
    return value.replace("\n", "\\n").replace("\r", "\\r")


def _json(value: str) -> str:
    # jsonb cannot hold U+0000, which JSON text writes as an escape; a backslash that is escaped itself begins none.
    if "\\" in value:
        if "\\u0000" in value:
            value = _NUL.sub(r"\1", value)
        return value.replace("\\", "\\\\")
    return value


def _money_facts(record: PaymentRecord | BillRecord, more: dict[str, str]) -> str:
    if record.description:
        more["description"] = record.description
    if record.counterparty:
        more["counterparty"] = record.counterparty
    if record.reference:
        more["reference"] = record.reference
    if record.is_derived:
        more["derived"] = "1"
    return orjson.dumps(more).decode()


def _payment(record: PaymentRecord) -> Columns:
    return Columns(
        record.property_ref,
        record.tenancy_ref,
        (record.description or record.reference)[:300],
        record.amount,
        record.occurred_on.isoformat(),
        record.is_void,
        _money_facts(record, {"baseline": "1"} if record.is_baseline else {}),
    )


def _bill(record: BillRecord) -> Columns:
    tax = {} if record.tax_amount is None else {"tax": str(record.tax_amount)}
    label = f"{record.counterparty}: {record.description}" if record.counterparty else record.description
    return Columns(
        record.property_ref,
        record.job_ref,
        label[:300],
        record.amount,
        record.occurred_on.isoformat(),
        record.is_void,
        _money_facts(record, tax),
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
