from __future__ import annotations

from uuid import uuid4

from access.models import Organisation, User
from accounting.history import describe_revisions
from accounting.models import TransactionRevision
from tests.factories.accounting import TransactionFactory, category


def _describe(organisation: Organisation, **facts: object) -> tuple[str, list[tuple[str, str, str]]]:
    entry = TransactionFactory(organisation=organisation)
    revision = TransactionRevision.objects.create(organisation=organisation, transaction=entry, reason="x", **facts)
    found = describe_revisions([revision], organisation=organisation)[0]
    return found.who, [(change.label, change.old, change.new.replace("\u00a0", " ")) for change in found.changes]


def test_values_are_written_out_in_a_fixed_order(organisation: Organisation, admin_user: User) -> None:
    water, sundry = category(organisation, "water"), category(organisation, "sundry")
    home = TransactionFactory(organisation=organisation).property
    who, changes = _describe(
        organisation,
        changed_by=admin_user,
        changes={
            "status": ["confirmed", "void"],
            "category": [str(sundry.pk), str(water.pk)],
            "property": ["", str(home.pk)],
            "amount": ["110.00", "-5.00"],
            "tax_amount": ["10.00", ""],
            "occurred_on": ["", "2025-12-04"],
            "exported_at": ["", "2025-12-04T01:00:00+00:00"],
            "job_ref": ["a", "b"],
        },
    )
    assert who == "Mara Kowalska"
    assert changes == [
        ("Amount", "$110.00", "\u2212$5.00"),
        ("Tax", "$10.00", ""),
        ("Date", "", "4 Dec 2025"),
        ("Exported", "", "4 Dec 2025"),
        ("Category", "Sundry rental expenses", "Water charges"),
        ("Property", "", home.name),
        ("Status", "Confirmed", "Reversed"),
        ("job_ref", "a", "b"),
    ]


def test_what_cannot_be_read_is_shown_as_it_is(organisation: Organisation, other_organisation: Organisation) -> None:
    foreign = category(other_organisation, "water")
    who, changes = _describe(
        organisation,
        sync_run_id=uuid4(),
        changes={"amount": ["much", "more"], "category": [str(foreign.pk), "gone"]},
    )
    assert who == "A sync"
    assert changes == [("Amount", "much", "more"), ("Category", str(foreign.pk), "gone")]


def test_a_person_who_left(organisation: Organisation) -> None:
    assert _describe(organisation, changes={})[0] == "Someone who has left"
