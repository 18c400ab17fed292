"""What never enters our database: bank details, identity numbers, and what opens a door."""

from __future__ import annotations

from integrations.scrub import scrubber

# Names as PropertyMe writes them, in lower case. ABN stays: it is on the public business register.
DROPPED = frozenset(
    {
        # bank accounts and payment references of people and folios
        "accountdetails", "bankaccounts", "bankdetails", "bsb", "accountnumber", "accountname", "billercode",
        "billerreference", "payee", "paymentmethod", "bankreference", "paymentcode", "cardnumber", "mepaystatus",
        "allowmepaypayments",
        # identity
        "dateofbirth", "birthdate", "taxfilenumber", "tfn", "taxid", "ssn", "passportnumber", "passport",
        "driverslicence", "driverslicense", "driverlicencenumber", "medicarenumber", "identificationnumber",
        # ways into a home, and staff's private notes about people
        "keynumber", "alarmcode", "accesscode", "accessdetails", "notes",
        # search helpers that repeat all of the above in one string
        "searchtext",
        # secrets that no row should carry
        "password", "accesstoken", "refreshtoken", "clientsecret",
    }
)  # fmt: skip
DROPPED_PREFIXES = ("directdebit", "nextdirectdebit")


def is_dropped(name: str) -> bool:
    """Whether a field of this name is left out of what we keep."""
    lower = name.lower().replace("_", "")
    return lower in DROPPED or lower.startswith(DROPPED_PREFIXES)


scrub = scrubber(is_dropped)
