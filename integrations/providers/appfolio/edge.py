"""What never enters our database: identity numbers, dates of birth, bank details, and what opens a door."""

from __future__ import annotations

from integrations.scrub import scrubber

# Names as AppFolio's two APIs write them, in lower case and without underscores.
DROPPED = frozenset(
    {
        # identity; AppFolio sends the first two with each tenant
        "socialsecuritynumber", "birthdate", "ssn", "dateofbirth", "tenantbirthdate", "taxid", "taxpayerid", "tin",
        "ein", "federaltaxid", "driverslicense", "driverlicense", "driverslicensenumber", "passportnumber",
        "identificationnumber", "licenseplates",
        # bank accounts and cards
        "bankaccount", "bankaccounts", "bankaccountnumber", "accountnumber", "routingnumber", "bankroutingnumber",
        "cardnumber", "ddaaccountnumber",
        # ways into a home or an account, and staff's private notes about people
        "doorcode", "gatecode", "alarmcode", "lockboxcode", "accesscode", "entrycode", "keynumber", "notes",
        "tenantnotes", "tenantportallogin", "insurancepolicynumber", "password", "clientsecret", "accesstoken",
    }
)  # fmt: skip
DROPPED_PARTS = ("socialsecurity", "birthdate", "dateofbirth")


def is_dropped(name: str) -> bool:
    """Whether a field of this name is left out of what we keep."""
    lower = name.lower().replace("_", "").replace(" ", "")
    return lower in DROPPED or any(part in lower for part in DROPPED_PARTS)


scrub = scrubber(is_dropped)
