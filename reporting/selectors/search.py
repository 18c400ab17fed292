from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db.models import Q

from access.models import Organisation
from accounting.models import Transaction
from properties.models import Property
from tenancies import selectors as tenancy_selectors
from tenancies.models import Lease, Tenant

SHOWN = 8
# References and amounts have no index: the newest lines are looked through, the list of transactions has the rest.
NEWEST_LINES = 20_000
_AMOUNT = re.compile(r"^[-−+]?\s*[$£€]?\s*\d[\d,]*(\.\d{1,2})?$")


@dataclass(frozen=True, slots=True)
class SearchResults:
    """The first few matches of each kind; `more` names the kinds that have others."""

    properties: list[Property]
    tenants: list[Tenant]
    leases: list[Lease]
    transactions: list[Transaction]
    more: frozenset[str]

    @property
    def total(self) -> int:
        return len(self.properties) + len(self.tenants) + len(self.leases) + len(self.transactions)


def search_everything(*, organisation: Organisation, text: str) -> SearchResults:
    """Properties and tenants by name, leases by the name on them or the address, transactions by amount or reference.

    Every word has to match. Blank text finds nothing.
    """
    words = text.replace("\x00", "").split()[:8]
    if not words:
        return SearchResults([], [], [], [], frozenset())
    properties = Property.objects.filter(
        _each(words, ("name", "suburb", "postcode", "owner__name")), organisation=organisation
    ).order_by("status", "name", "id")
    tenants = (
        tenancy_selectors.tenants_of(organisation=organisation)
        .filter(_each(words, ("name", "email", "phone")))
        .order_by("name", "id")
    )
    leases = (
        tenancy_selectors.leases_of(organisation=organisation)
        .filter(_each(words, ("tenant_names", "property__name", "property__suburb")))
        .order_by("status", "property__name", "id")
    )
    found_properties = list(properties[: SHOWN + 1])
    found_tenants = list(tenants[: SHOWN + 1])
    found_leases = list(leases[: SHOWN + 1])
    found_transactions = _transactions(organisation, " ".join(words))
    counts = {
        "properties": len(found_properties),
        "tenants": len(found_tenants),
        "leases": len(found_leases),
        "transactions": len(found_transactions),
    }
    return SearchResults(
        properties=found_properties[:SHOWN],
        tenants=found_tenants[:SHOWN],
        leases=found_leases[:SHOWN],
        transactions=found_transactions[:SHOWN],
        more=frozenset(kind for kind, number in counts.items() if number > SHOWN),
    )


def amount_in(text: str) -> Decimal | None:
    """The amount somebody typed, without its sign; None when the text is something else."""
    if not _AMOUNT.match(text):
        return None
    try:
        return Decimal(re.sub(r"[^\d.]", "", text))
    except InvalidOperation:
        return None


def _transactions(organisation: Organisation, text: str) -> list[Transaction]:
    amount = amount_in(text)
    if amount is None and not any(letter.isdigit() for letter in text):
        return []
    matches = Q(reference__iexact=text)
    if amount is not None:
        matches |= Q(amount=amount) | Q(amount=-amount)
    newest = Transaction.objects.filter(organisation=organisation).order_by("-occurred_on", "-id")
    edge = newest.values_list("occurred_on", flat=True)[NEWEST_LINES : NEWEST_LINES + 1].first()
    if edge is not None:
        newest = newest.filter(occurred_on__gte=edge)
    return list(newest.filter(matches).select_related("property", "category")[: SHOWN + 1])


def _each(words: Iterable[str], fields: Iterable[str]) -> Q:
    fields = tuple(fields)
    condition = Q()
    for word in words:
        anywhere = Q()
        for field in fields:
            anywhere |= Q(**{f"{field}__icontains": word})
        condition &= anywhere
    return condition
