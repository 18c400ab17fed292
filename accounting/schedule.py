"""The Australian rental schedule and the rules that sort bills into it until a person changes them.

Lines follow the rental property schedule of the individual tax return of the Australian Taxation Office ("Rental
properties 2024–25: rental income and expenses"), in the order in which it asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounting.models import CategoryRule, Kind


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """A category every organisation starts with; `code` is stable, `name` is what people read."""

    code: str
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule every organisation starts with; see CategoryRule for what the conditions mean."""

    category: str
    supplier: str = ""
    words: tuple[str, ...] = ()
    job_link: CategoryRule.JobLink = CategoryRule.JobLink.ANY


SCHEDULE: tuple[ScheduleLine, ...] = (
    ScheduleLine("rental_income", "Rental income", Kind.INCOME),
    ScheduleLine("other_rental_income", "Other rental-related income", Kind.INCOME),
    ScheduleLine("advertising", "Advertising for tenants", Kind.EXPENSE),
    ScheduleLine("body_corporate", "Body corporate fees", Kind.EXPENSE),
    ScheduleLine("borrowing_expenses", "Borrowing expenses", Kind.EXPENSE),
    ScheduleLine("cleaning", "Cleaning", Kind.EXPENSE),
    ScheduleLine("council_rates", "Council rates", Kind.EXPENSE),
    ScheduleLine("decline_in_value", "Decline in value of assets", Kind.EXPENSE),
    ScheduleLine("gardening", "Gardening and lawn mowing", Kind.EXPENSE),
    ScheduleLine("insurance", "Insurance", Kind.EXPENSE),
    ScheduleLine("loan_interest", "Interest on loans", Kind.EXPENSE),
    ScheduleLine("land_tax", "Land tax", Kind.EXPENSE),
    ScheduleLine("legal", "Legal fees", Kind.EXPENSE),
    ScheduleLine("pest_control", "Pest control", Kind.EXPENSE),
    ScheduleLine("agent_fees", "Property agent fees and commission", Kind.EXPENSE),
    ScheduleLine("repairs_and_maintenance", "Repairs and maintenance", Kind.EXPENSE),
    ScheduleLine("capital_works", "Capital works deductions", Kind.EXPENSE),
    ScheduleLine("stationery_phone_post", "Stationery, telephone and postage", Kind.EXPENSE),
    ScheduleLine("travel", "Travel expenses", Kind.EXPENSE),
    ScheduleLine("water", "Water charges", Kind.EXPENSE),
    ScheduleLine("sundry", "Sundry rental expenses", Kind.EXPENSE),
)

# Order decides. What names a thing for certain comes first; a single word that also occurs in other bills comes late:
# "hot water" before "water", "land tax" and "body corporate" before the councils and councils before "rates".
DEFAULT_RULES: tuple[DefaultRule, ...] = (
    DefaultRule("repairs_and_maintenance", job_link=CategoryRule.JobLink.YES),
    DefaultRule("land_tax", words=("land tax",)),
    DefaultRule("land_tax", supplier="Revenue"),
    DefaultRule("body_corporate", words=("strata", "body corporate", "owners corporation", "owners' corporation",
                                         "sinking fund", "capital works fund")),
    DefaultRule("body_corporate", supplier="Strata"),
    DefaultRule("body_corporate", supplier="Body Corporate"),
    DefaultRule("body_corporate", supplier="Owners Corporation"),
    DefaultRule("borrowing_expenses", words=("loan establishment", "mortgage insurance", "mortgage broker",
                                             "borrowing")),
    DefaultRule("insurance", words=("insurance", "landlord protection", "policy renewal")),
    DefaultRule("insurance", supplier="Insurance"),
    DefaultRule("pest_control", words=("pest", "termite", "rodent", "cockroach", "fumigation")),
    DefaultRule("pest_control", supplier="Pest"),
    DefaultRule("advertising", words=("advertis", "realestate.com", "domain.com", "domain listing", "listing fee",
                                      "signboard", "marketing", "photography")),
    DefaultRule("advertising", supplier="realestate.com"),
    DefaultRule("legal", words=("tribunal", "ncat", "vcat", "qcat", "sacat", "legal", "solicitor", "conveyanc",
                                "bailiff")),
    DefaultRule("legal", supplier="Tribunal"),
    DefaultRule("legal", supplier="Lawyers"),
    DefaultRule("agent_fees", words=("management fee", "letting fee", "leasing fee", "lease renewal fee", "re-letting",
                                     "reletting", "commission", "inspection fee", "administration fee",
                                     "statement fee", "agency fee", "tenant check")),
    DefaultRule("loan_interest", words=("loan interest", "mortgage interest", "interest on loan", "interest charged")),
    DefaultRule("gardening", words=("garden", "lawn", "mowing", "hedge", "tree lopping", "green waste")),
    DefaultRule("gardening", supplier="Garden"),
    DefaultRule("gardening", supplier="Mowing"),
    DefaultRule("repairs_and_maintenance", words=("hot water", "plumb", "electrician", "electrical", "locksmith",
                                                  "repair", "replace", "handyman", "gutter", "roof", "glazing",
                                                  "smoke alarm", "air condition", "blocked drain", "leaking",
                                                  "maintenance", "paint", "callout", "call-out")),
    DefaultRule("repairs_and_maintenance", supplier="Plumb"),
    DefaultRule("repairs_and_maintenance", supplier="Electrical"),
    DefaultRule("cleaning", words=("clean", "rubbish removal")),
    DefaultRule("cleaning", supplier="Clean"),
    DefaultRule("council_rates", words=("council rates", "rates notice", "rates instalment", "shire rates",
                                        "general rates", "municipal charge")),
    DefaultRule("water", words=("water usage", "water rates", "water charge", "water and sewer", "water service",
                                "sewerage")),
    DefaultRule("water", supplier="Water"),
    DefaultRule("water", supplier="Urban Utilities"),
    DefaultRule("council_rates", supplier="Council"),
    DefaultRule("council_rates", supplier="Shire"),
    DefaultRule("council_rates", supplier="City of"),
    DefaultRule("stationery_phone_post", words=("postage", "stationery", "telephone", "courier", "mail redirection")),
    DefaultRule("travel", words=("travel", "mileage", "kilometre")),
    DefaultRule("sundry"),
)  # fmt: skip
