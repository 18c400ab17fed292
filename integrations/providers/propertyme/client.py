"""PropertyMe's lists as pages of raw rows, in the order and with the cursors that its contract offers (NOTES.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from integrations.contracts import AdapterContext
from integrations.errors import ContractChanged, ReauthRequired, RecordRejected, RemoteGone, TransientError
from integrations.paging import OffsetList, offset_pages, rows_of
from integrations.providers.propertyme import SPEC, mapping
from integrations.providers.propertyme.edge import scrub
from integrations.providers.propertyme.jobs import JobList, changed_rows, chunks
from integrations.providers.propertyme.ledger import DerivedLedger, LineLedger
from integrations.records import Account, AnyRecord, Page, ReadRequest, Resource

Row = dict[str, Any]
AGENCY = "/v1/contacts/agency"


class PropertyMeAdapter:
    """PropertyManagerProvider and ContactSource for one connection."""

    def __init__(self, context: AdapterContext) -> None:
        self._context = context
        self._http = context.http
        self._jobs = JobList(context.http, context.property_calls)
        self._derived = DerivedLedger(context.http, self._jobs, context.received, context.time_zone)
        self._mode = context.ledger_mode
        zone = context.time_zone
        self._map: dict[Resource, Callable[[Mapping[str, Any]], AnyRecord]] = {
            Resource.PROPERTY: mapping.property_record,
            Resource.CONTACT: mapping.contact_record,
            Resource.TENANCY: lambda row: mapping.tenancy_record(row, zone),
            Resource.JOB: lambda row: mapping.job_record(row, zone),
            Resource.PAYMENT: lambda row: mapping.payment_record(row, zone),
            Resource.BILL: lambda row: mapping.bill_record(row, zone),
        }

    def normalise(self, resource: Resource, row: Mapping[str, Any]) -> AnyRecord:
        """The row as a record. Raises RecordRejected with the reason a person reads."""
        try:
            return self._map[resource](row)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise RecordRejected(
                "PropertyMe sent this record in a form that cannot be read.", detail=f"{type(error).__name__}: {error}"
            ) from error

    def account(self) -> Account:
        """The agency behind the grant: the id all its records carry, its reference while it has no records."""
        card = self._http.get_json(AGENCY)
        if not isinstance(card, dict) or not (card.get("Reference") or card.get("Name")):
            raise ContractChanged(detail=f"{AGENCY} answered {card!r:.200}")
        path = "/v1/contacts/tenants"
        rows = rows_of(self._http.get_json(path, {"Offset": 0, "Limit": 1}), path)
        known = str(rows[0].get("CustomerId") or "") if rows else ""
        reference = str(card.get("Reference") or card.get("Name"))
        return Account(account_id=(known or reference)[:128], name=str(card.get("Name") or reference)[:200])

    def probe_ledger_mode(self) -> str:
        """'line' where both ledger lists answer lists, 'derived' where one of them refuses.

        A server error counts as a refusal only while the API otherwise answers: PropertyMe says 502 to a call whose
        parameters it does not know. Raises TransientError when the provider is down as a whole.
        """
        probes: tuple[tuple[str, dict[str, str | int]], ...] = (
            (LineLedger.RECEIPTS, {"From": "2000-01-01", "To": "2000-01-01", "Offset": 0, "Limit": 1}),
            (LineLedger.BILLS, {"Timestamp": LineLedger.NEVER}),
        )
        for path, params in probes:
            try:
                rows_of(self._http.get_json(path, params), path)
            except (RemoteGone, ContractChanged):
                return "derived"
            except ReauthRequired as error:
                if error.revoked:
                    raise
                return "derived"
            except TransientError:
                self._http.get_json(AGENCY)
                return "derived"
        return "line"

    def _ledger_mode(self) -> str:
        if self._mode not in ("line", "derived"):
            self._mode = self.probe_ledger_mode()
        return self._mode

    def properties(self, request: ReadRequest) -> Iterator[Page]:
        """Lots that changed, then every archived lot: an archived one vanishes from the first list without a word."""
        rows, cursor = changed_rows(self._http, "/v1/lots", request)
        live = {row.get("Id") for row in rows}
        yield from chunks(rows, cursor, is_sweep=request.full)
        archived = OffsetList("/v1/lots/archived", {})
        for page, _ in offset_pages(self._http, archived, in_flight=SPEC.parallel_pages):
            kept = [scrub({**row, "IsArchived": True}) for row in page if row.get("Id") not in live]
            yield Page(kept, cursor=cursor, is_sweep=request.full)

    def contacts(self, request: ReadRequest) -> Iterator[Page]:
        """People that changed. The list of tenants marks those whose own row does not say that they rent."""
        rows, cursor = changed_rows(self._http, "/v1/contacts", request, IncludeArchived="true")
        unmarked = {row.get("Id"): row for row in rows if row.get("IsTenant") is not True}
        known = {row.get("Id") for row in rows}
        lacking: list[Row] = []
        if request.full or unmarked:
            tenants = OffsetList("/v1/contacts/tenants", {})
            for page, _ in offset_pages(self._http, tenants, in_flight=SPEC.parallel_pages):
                for row in page:
                    if (contact := unmarked.get(row.get("Id"))) is not None:
                        contact["IsTenant"] = True
                    elif row.get("Id") not in known:
                        lacking.append(scrub({**row, "IsTenant": True}))
        # Changes only: a tenant who is not among them has not changed, and its own row is richer than this list's.
        yield from chunks(rows + lacking if request.full else rows, cursor, is_sweep=request.full)

    def tenancies(self, request: ReadRequest) -> Iterator[Page]:
        """Every lease, with its balance. There is no cursor: unchanged ones cost nothing further down."""
        path = "/v1/tenancies/balances"
        balances = {row.get("Id"): row for row in rows_of(self._http.get_json(path), path)}
        path = "/v1/tenancies"
        rows = rows_of(self._http.get_json(path, {"IncludeClosed": "true"}), path)
        for row in rows:
            scrub(row)
            if (balance := balances.get(row.get("Id"))) is not None:
                row["Balance"] = {name: balance[name] for name in _BALANCE if name in balance}
        yield from chunks(rows, "", is_sweep=True)

    def maintenance_jobs(self, request: ReadRequest) -> Iterator[Page]:
        """Jobs that changed, each with its accepted quotation."""
        return self._jobs.pages(request)

    def rent_payments(self, request: ReadRequest) -> Iterator[Page]:
        """Receipts line by line where the API lists them, else from the rise of each lease's total."""
        if self._ledger_mode() == "line":
            yield from LineLedger(self._http, self._context.time_zone).receipts(request)
        else:
            yield from self._derived.receipts(request)

    def bills(self, request: ReadRequest) -> Iterator[Page]:
        """Bills where the API lists them, else one for each finished job with an accepted quotation."""
        if self._ledger_mode() == "line":
            rows, cursor = changed_rows(self._http, LineLedger.BILLS, request)
            yield from chunks(rows, cursor, is_sweep=request.full)
        else:
            yield from self._derived.bills(request)


_BALANCE = (
    "RentArrears", "TotalArrears", "InvoiceArrears", "BondArrears", "DaysInArrears", "TotalRentPaid", "BondReceipted",
    "Deposited", "UnclearedBalance", "ProrataRentDue", "ClosedOn",
)  # fmt: skip
