from __future__ import annotations

import pytest

from access.models import Organisation
from accounting import rules
from accounting.models import Category, CategoryRule, Kind
from accounting.schedule import DEFAULT_RULES, SCHEDULE
from accounting.services import categories

pytestmark = pytest.mark.django_db

# Supplier, description, job, and the line of the schedule that a bookkeeper would choose.
BILLS = [
    ("City of Sydney Council", "Rates instalment 2 of 4", "", "council_rates"),
    ("Brisbane City Council", "Quarterly account 12 Queen St", "", "council_rates"),
    ("Inner West Council", "Council rates Q3", "", "council_rates"),
    ("Sydney Water", "Quarterly account", "", "water"),
    ("Yarra Valley Water", "Usage 14 Aug to 12 Nov", "", "water"),
    ("Urban Utilities", "Account 4411", "", "water"),
    ("Water Corporation", "Water service and sewerage", "", "water"),
    ("Acacia Strata Management", "Levy 1 Oct to 31 Dec", "", "body_corporate"),
    ("Owners Corporation SP 4411", "Quarterly levy", "", "body_corporate"),
    ("Harbour Living", "Strata levy lot 12", "", "body_corporate"),
    ("Harbour Living", "Capital works fund levy", "", "body_corporate"),
    ("Terri Scheer Insurance", "Landlord cover 2026", "", "insurance"),
    ("Allianz", "Landlord insurance renewal", "", "insurance"),
    ("Revenue NSW", "Assessment 2026", "", "land_tax"),
    ("State Revenue Office", "Assessment 2026", "", "land_tax"),
    ("ACT Government", "Land tax Q2", "", "land_tax"),
    ("Harbour & Co", "Management fee October", "", "agent_fees"),
    ("Harbour & Co", "Letting fee 4/18 Acacia Ave", "", "agent_fees"),
    ("Harbour & Co", "Lease renewal fee", "", "agent_fees"),
    ("Harbour & Co", "Commission on rent 5.5 %", "", "agent_fees"),
    ("Flick", "Termite inspection and treatment", "", "pest_control"),
    ("Rapid Pest Control", "Annual visit", "", "pest_control"),
    ("Jim's Mowing", "October", "", "gardening"),
    ("Green Thumb", "Lawn mowing and hedge trim", "", "gardening"),
    ("Sparkle Cleaning", "Bond clean", "", "cleaning"),
    ("Fresh Start", "End of lease clean", "", "cleaning"),
    ("realestate.com.au", "Premiere listing", "", "advertising"),
    ("realestate.com.au", "Premium listing", "", "advertising"),
    ("Helia", "Lenders mortgage insurance", "", "borrowing_expenses"),
    ("Domain", "Domain listing fee", "", "advertising"),
    ("Harbour & Co", "Advertising for tenants", "", "advertising"),
    ("NCAT", "Tribunal application fee", "", "legal"),
    ("Mills Lawyers", "Advice on notice", "", "legal"),
    ("Bright Sparks Electrical", "Invoice 2211", "", "repairs_and_maintenance"),
    ("Dan's Plumbing", "Blocked drain", "", "repairs_and_maintenance"),
    ("Hot Water Heroes", "Hot water unit replaced", "", "repairs_and_maintenance"),
    ("Secure Locks", "Locksmith callout", "", "repairs_and_maintenance"),
    ("Sydney Water", "Jetting at 12 Queen St", "job-7", "repairs_and_maintenance"),
    ("Australia Post", "Postage of notices", "", "stationery_phone_post"),
    ("Commonwealth Bank", "Loan interest September", "", "loan_interest"),
    ("Origin Energy", "Electricity account common area", "", "sundry"),
    ("", "", "", "sundry"),
]


def test_schedule_has_each_line_once_and_every_rule_leads_to_one() -> None:
    codes = [line.code for line in SCHEDULE]
    assert len(codes) == len(set(codes)) == 21
    assert {line.code for line in SCHEDULE if line.kind == Kind.INCOME} == {"rental_income", "other_rental_income"}
    expenses = {line.code for line in SCHEDULE if line.kind == Kind.EXPENSE}
    assert {rule.category for rule in DEFAULT_RULES} <= expenses
    assert DEFAULT_RULES[-1] == type(DEFAULT_RULES[-1])("sundry")


@pytest.mark.parametrize(("supplier", "description", "job", "code"), BILLS)
def test_default_rules_sort_ordinary_bills(supplier: str, description: str, job: str, code: str) -> None:
    organisation = Organisation.objects.create(name="Harbour & Co")
    categories.ensure_defaults(organisation=organisation)
    match = rules.match_bill(
        organisation_id=organisation.pk, counterparty=supplier, description=description, job_ref=job
    )
    assert match is not None
    rule = CategoryRule.objects.get(pk=match.rule_id)
    assert (Category.objects.get(pk=match.category_id).code, rule.category.code) == (code, code)
    assert match.reason.startswith(f"Rule {rule.position}: ")
