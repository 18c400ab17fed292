"""The published shapes: lots, contacts and tenancies as the vendor's lists show them."""

from __future__ import annotations

from integrations.sandbox.mutations import Row

from .model import PERIODS, WEEKLY, Contact, Lot, Tenancy, add_months, iso_day, iso_stamp, mix
from .names import MANAGERS, PLACES
from .world import Agency


def dollars(cents: int) -> float:
    """Return money as the vendor sends it, a JSON number; two decimals survive the trip through a double."""
    return cents / 100


def _address(lot: Lot) -> tuple[Row, str]:
    place = PLACES[lot.place]
    line = f"{lot.unit}/{lot.number} {lot.street}" if lot.unit else f"{lot.number} {lot.street}"
    suburb = lot.suburb or place.suburb
    text = f"{line}, {suburb} {place.state} {place.postcode}"
    shift = mix(lot.index, 31)
    row: Row = {
        "Unit": lot.unit, "Number": lot.number, "Street": lot.street, "Suburb": suburb, "PostalCode": place.postcode,
        "State": place.state, "Country": "Australia", "BuildingName": lot.building,
        "Latitude": round(place.latitude + (shift % 2000 - 1000) / 100_000, 6),
        "Longitude": round(place.longitude + (shift // 2000 % 2000 - 1000) / 100_000, 6),
        "Text": text, "Reference": line,
    }  # fmt: skip
    return {name: value for name, value in row.items() if value != ""}, text


def lot_reference(lot: Lot) -> str:
    """Return the short name of a lot, its address line."""
    return f"{lot.unit}/{lot.number} {lot.street}" if lot.unit else f"{lot.number} {lot.street}"


def lot_row(agency: Agency, lot: Lot, *, archived_list: bool = False) -> Row:
    """Return a row of ``/v1/lots`` (MobLotGridData), or of ``/v1/lots/archived`` (LotGridData)."""
    address, text = _address(lot)
    tenancy = None if lot.tenancy is None else agency.tenancies[lot.tenancy]
    owner = agency.contacts[lot.owner]
    row: Row = {
        "Id": agency.make_id("lots", lot.index), "CustomerId": agency.id, "Reference": lot_reference(lot),
        "Address": address, "AddressText": text, "PrimaryType": "Residential", "PropertySubtype": lot.kind,
        "Bedrooms": lot.bedrooms, "Bathrooms": lot.bathrooms, "CarSpaces": lot.cars,
        "Latitude": address["Latitude"], "Longitude": address["Longitude"],
        "KeyNumber": f"K{lot.index + 1:04d}", "RentAmount": 0.0, "IsRental": True,
        "IsArchived": lot.archived is not None,
        "OwnerContactId": agency.make_id("contacts", owner.index), "OwnerContactReference": owner.reference,
        "ActiveOwnershipId": agency.make_id("folios", lot.index), "ManagerName": MANAGERS[lot.manager],
        "ActiveManagerMemberId": agency.make_id("members", lot.manager), "DisplayAddress": True,
        "CreatedOn": iso_day(lot.created), "UpdatedOn": iso_stamp(lot.stamp),
    }  # fmt: skip
    if not archived_list:
        row |= {
            "Vacant": tenancy is None, "PropertyType": "Residential", "HasAccessDetails": False,
            "OwnershipUpdatedOn": iso_day(lot.created), "SaleAgreementUpdatedOn": iso_day(lot.created),
            "TenancyUpdatedOn": iso_stamp(tenancy.stamp if tenancy else lot.stamp), "Timestamp": lot.stamp,
        }  # fmt: skip
    else:
        row |= {"OwnerFolioCode": f"OWN{lot.index + 1:05d}", "SearchText": text}
    if lot.archived is not None:
        row["ArchivedOn"] = iso_stamp(lot.archived_stamp)
    if tenancy is not None:
        tenant = agency.contacts[tenancy.contact]
        row |= {
            "RentAmount": dollars(current_rent(tenancy, agency.today)), "RentPeriod": PERIODS[tenancy.period],
            "TenantContactId": agency.make_id("contacts", tenant.index), "TenantContactReference": tenant.reference,
            "ActiveTenancyId": agency.make_id("tenancies", tenancy.index), "TenancyStart": iso_day(tenancy.start),
            "AgreementStart": iso_day(tenancy.start), "AgreementEnd": iso_day(tenancy.agreement_end),
            "EffectivePaidTo": iso_day(paid_to(tenancy)),
        }  # fmt: skip
    return agency.finish("lots", row)


def current_rent(tenancy: Tenancy, today: int) -> int:
    """Return the rent in cents per rent period on a day."""
    return tenancy.rent_after((min(today, tenancy.closed or today) - tenancy.start) // 365)


def paid_to(tenancy: Tenancy) -> int:
    """Return the last day for which rent was received (the day before the start when none was)."""
    return tenancy.period_start(tenancy.paid_periods) - 1


def _email(contact: Contact) -> str:
    name = "".join(
        c for c in f"{contact.first}.{contact.last}".lower().replace(" ", "") if c.isascii() and c not in "'"
    )
    return f"{name.strip('.-') or 'person'}.{contact.index}@mail.example"


def _mobile(contact: Contact) -> str:
    return f"04{mix(contact.index, 33) % 100_000_000:08d}"


def contact_row(agency: Agency, contact: Contact) -> Row:
    """Return a row of ``/v1/contacts`` (MobContactData)."""
    contact_id = agency.make_id("contacts", contact.index)
    person: Row = {
        "Id": agency.make_id("folios", 1 << 40 | contact.index), "CustomerId": agency.id, "ContactId": contact_id,
        "FirstName": contact.first or None, "LastName": contact.last or None, "CompanyName": contact.company or None,
        "Email": _email(contact), "CellPhone": _mobile(contact), "NormalisedMobilePhone": f"+61{_mobile(contact)[1:]}",
        "IsPrimary": True, "SortOrder": 0, "IsChatAvailable": False,
        "FullName": contact.company or f"{contact.first} {contact.last}",
    }  # fmt: skip
    person = {name: value for name, value in person.items() if value is not None}
    persons = [person]
    if contact.partner:
        second = {**person, "Id": agency.make_id("folios", 1 << 41 | contact.index), "FirstName": contact.partner,
                  "FullName": f"{contact.partner} {contact.last}", "IsPrimary": False, "SortOrder": 1}  # fmt: skip
        persons.append({n: v for n, v in second.items() if n not in ("Email", "CellPhone", "NormalisedMobilePhone")})
    row: Row = {
        "Id": contact_id, "CustomerId": agency.id, "Roles": [contact.role], "RolesString": contact.role,
        "Reference": contact.reference, "NameText": contact.company or f"{contact.first} {contact.last}",
        "TradeName": contact.company or None, "Labels": contact.trade or None, "Email": person["Email"],
        "CellPhone": person["CellPhone"], "ContactPhone": person["CellPhone"], "Phone": person["CellPhone"],
        "PersonMigrated": True, "IsArchived": contact.archived, "IsSupplier": contact.role == "Supplier",
        "IsTenant": contact.role == "Tenant", "IsOwner": contact.role == "Owner", "IsSeller": False,
        "ContactPersons": persons, "PrimaryContactPerson": person, "PrimaryPerson": person["FullName"],
        "CreatedOn": iso_day(contact.created), "UpdatedOn": iso_stamp(contact.stamp), "Timestamp": contact.stamp,
    }  # fmt: skip
    return agency.finish("contacts", row)


def tenant_row(agency: Agency, contact: Contact) -> Row:
    """Return a row of ``/v1/contacts/tenants`` (ContactGridData), which carries no e-mail address."""
    full = contact_row(agency, contact)
    kept = ("Id", "CustomerId", "Reference", "Labels", "PrimaryPerson", "CellPhone", "Roles", "RolesString", "Phone")
    people = ", ".join(person["FullName"] for person in full.get("ContactPersons", []))
    return {**{n: full[n] for n in kept if n in full}, "ContactPersonText": people, "SupplierFolioNumber": 0}


def tenancy_row(agency: Agency, tenancy: Tenancy) -> Row:
    """Return the fields that ``/v1/tenancies`` and ``/v1/tenancies/balances`` share."""
    lot, contact, today = agency.lots[tenancy.lot], agency.contacts[tenancy.contact], agency.today
    _, text = _address(lot)
    closed = tenancy.closed is not None
    row: Row = {
        "Id": agency.make_id("tenancies", tenancy.index), "CustomerId": agency.id,
        "LotId": agency.make_id("lots", lot.index), "ContactId": agency.make_id("contacts", contact.index),
        "Name": contact.reference, "ContactReference": contact.reference, "ContactEmail": _email(contact),
        "LotReference": lot_reference(lot), "LotAddress": text, "FolioNumber": tenancy.index + 1001,
        "Code": f"TEN{tenancy.index + 1001:05d}", "IsActive": not closed, "IsClosed": closed,
        "TenancyStart": iso_day(tenancy.start), "AgreementStart": iso_day(tenancy.start),
        "AgreementEnd": iso_day(tenancy.agreement_end), "Periodic": not closed and tenancy.agreement_end < today,
        "TenancyEnd": iso_day(tenancy.closed) if tenancy.closed is not None else None,
        "Termination": iso_day(tenancy.closed) if tenancy.closed is not None else None,
        "RentAmount": dollars(current_rent(tenancy, today)), "RentPeriod": PERIODS[tenancy.period],
        "BondAmount": dollars(tenancy.bond), "BondInTrust": 0.0, "OpenBondReceived": 0.0,
        "BondReference": f"B{mix(tenancy.index, 35) % 10_000_000:07d}",
        "BankReference": f"{agency.code}{tenancy.index + 1001}",
        "TaxOnRent": False, "GenerateRentInvoice": tenancy.period != WEEKLY, "RentInvoiceDaysInAdvance": 0,
        "RentSequence": tenancy.paid_periods, "PaidTo": iso_day(paid_to(tenancy)),
        "EffectivePaidTo": iso_day(paid_to(tenancy)), "PartPaid": 0.0, "ReviewFrequency": 12,
        "NextReviewDate": iso_day(add_months(tenancy.start, 12 * ((today - tenancy.start) // 365 + 1))),
        "DirectDebit": False, "CreatedOn": iso_day(tenancy.start - 7), "UpdatedOn": iso_stamp(tenancy.stamp),
        "ExcludeArrearsAutomation": False, "IsWaterUsageCharged": True,
        "ActiveOwnershipId": agency.make_id("folios", lot.index),
    }  # fmt: skip
    return row


def tenancy_api_row(agency: Agency, tenancy: Tenancy) -> Row:
    """Return a row of ``/v1/tenancies`` (TenancyApiData)."""
    contact = agency.contacts[tenancy.contact]
    extra = {
        "ContactCellPhone": _mobile(contact), "ContactPhone": _mobile(contact), "IsClientAccessDisabled": False,
        "ContactNormalisedMobilePhone": f"+61{_mobile(contact)[1:]}", "HasBeenReceipted": tenancy.paid_periods > 0,
    }  # fmt: skip
    return agency.finish("tenancies", tenancy_row(agency, tenancy) | extra)


def balance_row(agency: Agency, tenancy: Tenancy) -> Row:
    """Return a row of ``/v1/tenancies/balances`` (TenancyBalanceData)."""
    contact = agency.contacts[tenancy.contact]
    days = 0 if tenancy.closed is not None else max(0, agency.today - paid_to(tenancy))
    rent = current_rent(tenancy, agency.today)
    per_day = (
        rent * 12 / 365 if PERIODS[tenancy.period] == "Monthly" else rent / (7 if tenancy.period == WEEKLY else 14)
    )
    arrears = dollars(round(per_day * days))
    extra: Row = {
        "FirstName": contact.first or None, "LastName": contact.last or None, "CellPhone": _mobile(contact),
        "NormalisedMobilePhone": f"+61{_mobile(contact)[1:]}", "ArrearsDays": days, "DaysInArrears": days,
        "RentArrears": arrears, "RentArrearsByPeriod": arrears, "TotalArrears": arrears,
        "TotalArrearsByPeriod": arrears,
        "InvoiceArrears": 0.0, "InvoiceDaysInArrears": 0, "BondArrears": 0.0, "BondReceipted": dollars(tenancy.bond),
        "DirectDeposited": 0.0, "ProrataRentDue": 0.0, "MostRentDue": arrears, "RentDueByPeriod": arrears,
        "TotalRentPaid": dollars(tenancy.paid_cents), "UnclearedBalance": 0.0, "PendingPayments": 0.0,
        "PendingRentPayments": 0.0, "PendingInvoicePayments": 0.0, "PendingDepositPayments": 0.0,
        "PendingBondPayments": 0.0, "HasActiveOwner": True, "ContactPersonCount": 2 if contact.partner else 1,
        "FolioId": agency.make_id("folios", 1 << 42 | tenancy.index), "AllowMepayPayments": False,
        "ClosedOn": iso_day(tenancy.closed) if tenancy.closed is not None else None,
    }  # fmt: skip
    return agency.finish("balances", tenancy_row(agency, tenancy) | extra)
