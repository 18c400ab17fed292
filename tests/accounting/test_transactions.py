from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import Organisation, User
from accounting.models import Kind, Transaction, TransactionRevision
from accounting.services import exports, periods, transactions
from core.errors import DomainError
from tests.factories.access import OrganisationFactory
from tests.factories.accounting import TransactionFactory, category
from tests.factories.properties import PropertyFactory
from tests.factories.tenancies import LeaseFactory


def test_edit_keeps_what_was_and_marks_the_person(organisation: Organisation, admin_user: User) -> None:
    entry = TransactionFactory(
        organisation=organisation, code="sundry", amount=Decimal("110.00"), tax_amount=Decimal("10.00")
    )
    water = category(organisation, "water")
    edited = transactions.edit_transaction(
        transaction=entry,
        user=admin_user,
        category=water,
        description="Water usage",
        amount=Decimal("112.5"),
        occurred_on=date(2025, 12, 5),
        reason="The bill says so",
    )
    edited.refresh_from_db()
    assert (edited.category, edited.description, edited.amount, edited.occurred_on, edited.tax_amount) == (
        water, "Water usage", Decimal("112.50"), date(2025, 12, 5), None,
    )  # fmt: skip
    assert (edited.category_reason, edited.category_rule_id, edited.edited_by) == (
        "Chosen by Mara Kowalska", None, admin_user,
    )  # fmt: skip
    assert edited.edited_at is not None
    revision = TransactionRevision.objects.get(transaction=entry)
    assert revision.changes == {
        "category": [str(entry.category_id), str(water.pk)],
        "description": ["Bill", "Water usage"],
        "occurred_on": ["2025-12-04", "2025-12-05"],
        "amount": ["110.00", "112.50"],
        "tax_amount": ["10.00", ""],
    }
    assert (revision.reason, revision.changed_by, revision.sync_run_id) == ("The bill says so", admin_user, None)


def test_edit_without_a_difference_writes_nothing(organisation: Organisation, admin_user: User) -> None:
    entry = TransactionFactory(organisation=organisation)
    transactions.edit_transaction(
        transaction=entry, user=admin_user, amount=Decimal("640.00"), description="Rent", category=entry.category
    )
    entry.refresh_from_db()
    assert entry.edited_at is None
    assert not TransactionRevision.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": Decimal("0")}, "amount"),
        ({"amount": Decimal("-1.00")}, "amount"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("1e12")}, "amount"),
        ({"occurred_on": date(2025, 6, 30)}, "period_closed"),
    ],
)
def test_edit_refuses(organisation: Organisation, admin_user: User, change: dict[str, object], code: str) -> None:
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    entry = TransactionFactory(organisation=organisation)
    with pytest.raises(DomainError) as refused:
        transactions.edit_transaction(transaction=entry, user=admin_user, **change)  # type: ignore[arg-type]
    assert refused.value.code == code
    entry.refresh_from_db()
    assert (entry.amount, entry.occurred_on, entry.edited_at) == (Decimal("640.00"), date(2025, 12, 4), None)


def test_edit_refuses_a_category_of_the_other_kind_or_of_another_organisation(
    organisation: Organisation, other_organisation: Organisation, admin_user: User
) -> None:
    entry = TransactionFactory(organisation=organisation)
    for wrong in (category(organisation, "water"), category(other_organisation, "rental_income")):
        with pytest.raises(DomainError) as refused:
            transactions.edit_transaction(transaction=entry, user=admin_user, category=wrong)
        assert refused.value.code == "category_kind"


def test_reverse_cancels_the_entry_and_keeps_it(organisation: Organisation, admin_user: User) -> None:
    connection = uuid4()
    entry = TransactionFactory(
        organisation=organisation,
        code="water",
        amount=Decimal("110.00"),
        tax_amount=Decimal("10.00"),
        counterparty="Sydney Water",
        provider="propertyme",
        connection_id=connection,
        provider_transaction_id="bill-1",
    )
    reversal = transactions.reverse_transaction(transaction=entry, user=admin_user, reason="Entered twice")
    entry.refresh_from_db()
    reversal.refresh_from_db()
    assert (entry.status, entry.amount, entry.edited_by) == ("reversed", Decimal("110.00"), admin_user)
    assert reversal.reverses == entry
    assert (reversal.status, reversal.amount, reversal.tax_amount, reversal.occurred_on) == (
        "reversal", Decimal("-110.00"), Decimal("-10.00"), date(2025, 12, 4),
    )  # fmt: skip
    assert (reversal.kind, reversal.category, reversal.property, reversal.counterparty) == (
        "expense", entry.category, entry.property, "Sydney Water",
    )  # fmt: skip
    assert (reversal.provider, reversal.connection_id, reversal.provider_transaction_id) == (
        "propertyme", connection, "bill-1~void",
    )  # fmt: skip
    assert (reversal.description, reversal.category_reason) == (
        "Reversal: Bill", "As the entry of 4 Dec 2025 that it reverses",
    )  # fmt: skip
    revision = TransactionRevision.objects.get(transaction=entry)
    assert (revision.changes, revision.reason) == ({"status": ["confirmed", "reversed"]}, "Entered twice")


def test_reversal_may_have_a_later_date_and_come_from_a_sync(organisation: Organisation) -> None:
    run = uuid4()
    entry = TransactionFactory(organisation=organisation)
    reversal = transactions.reverse_transaction(
        transaction=entry, user=None, reason="Undone", occurred_on=date(2026, 1, 2), sync_run_id=run
    )
    entry.refresh_from_db()
    assert (reversal.occurred_on, reversal.sync_run_id, reversal.provider_transaction_id) == (date(2026, 1, 2), run, "")
    assert entry.edited_at is None
    assert TransactionRevision.objects.get(transaction=entry).sync_run_id == run


def test_nothing_is_reversed_twice_and_a_reversal_stands(organisation: Organisation, admin_user: User) -> None:
    entry = TransactionFactory(organisation=organisation)
    reversal = transactions.reverse_transaction(transaction=entry, user=admin_user, reason="Wrong")
    for line in (entry, reversal):
        with pytest.raises(DomainError) as refused:
            transactions.reverse_transaction(transaction=line, user=admin_user, reason="Again")
        assert refused.value.code == "not_editable"
        with pytest.raises(DomainError) as refused:
            transactions.edit_transaction(transaction=line, user=admin_user, description="x")
        assert refused.value.code == "not_editable"
    assert Transaction.objects.count() == 2


def test_exported_and_closed_entries_are_locked(organisation: Organisation, admin_user: User) -> None:
    exported = TransactionFactory(organisation=organisation)
    closed = TransactionFactory(organisation=organisation, occurred_on=date(2025, 6, 30))
    transactions.mark_exported(organisation=organisation, ids=[exported.pk], user=admin_user)
    periods.close_books(organisation=organisation, through=date(2025, 6, 30), user=admin_user)
    for entry, code in ((exported, "exported"), (closed, "period_closed")):
        with pytest.raises(DomainError) as refused:
            transactions.edit_transaction(transaction=entry, user=admin_user, description="x")
        assert refused.value.code == code
        with pytest.raises(DomainError) as refused:
            transactions.reverse_transaction(transaction=entry, user=admin_user, reason="x")
        assert refused.value.code == code
    with pytest.raises(DomainError) as refused:
        transactions.add_transaction(
            organisation=organisation,
            user=admin_user,
            property=closed.property,
            category=closed.category,
            occurred_on=date(2025, 6, 30),
            amount=Decimal("1"),
        )
    assert refused.value.code == "period_closed"
    assert "30\u00a0Jun\u00a02025" in refused.value.message


def test_mark_exported_locks_the_organisations_own_lines_once(
    organisation: Organisation, other_organisation: Organisation, admin_user: User
) -> None:
    first, second = TransactionFactory.create_batch(2, organisation=organisation)
    foreign = TransactionFactory(organisation=other_organisation)
    count, moment = transactions.mark_exported(organisation=organisation, ids=[first.pk, foreign.pk], user=admin_user)
    assert count == 1
    again, later = transactions.mark_exported(
        organisation=organisation, queryset=Transaction.objects.all(), user=admin_user
    )
    assert again == 1
    for entry in (first, second, foreign):
        entry.refresh_from_db()
    assert (first.exported_at, second.exported_at, foreign.exported_at) == (moment, later, None)
    revision = TransactionRevision.objects.get(transaction=first)
    assert (revision.changes, revision.reason, revision.changed_by) == (
        {"exported_at": ["", moment.isoformat()]}, "Exported and locked", admin_user,
    )  # fmt: skip


def test_too_large_an_export_is_refused_whole(
    organisation: Organisation, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "EXPORT_LIMIT", 1)
    TransactionFactory.create_batch(2, organisation=organisation)
    with pytest.raises(DomainError) as refused:
        transactions.mark_exported(organisation=organisation, user=admin_user)
    assert refused.value.code == "export_size"
    assert not Transaction.objects.exclude(exported_at=None).exists()


def test_add_enters_a_manual_line_once(organisation: Organisation, admin_user: User) -> None:
    lease = LeaseFactory(organisation=organisation)
    entry_id = uuid4()
    for _ in range(2):
        entry = transactions.add_transaction(
            organisation=organisation,
            user=admin_user,
            property=lease.property,
            lease=lease,
            category=category(organisation, "water"),
            occurred_on=date(2025, 12, 4),
            amount=Decimal("88"),
            tax_amount=Decimal("8"),
            description="Usage",
            counterparty="Sydney Water",
            reference="W-1",
            entry_id=entry_id,
        )
    entry.refresh_from_db()
    assert Transaction.objects.count() == 1
    assert (entry.pk, entry.kind, entry.status, entry.amount, entry.tax_amount, entry.currency) == (
        entry_id, "expense", "confirmed", Decimal("88.00"), Decimal("8.00"), "AUD",
    )  # fmt: skip
    assert (entry.provider, entry.provider_transaction_id, entry.category_reason, entry.lease) == (
        "", "", "Chosen by Mara Kowalska", lease,
    )  # fmt: skip


def test_add_refuses_what_does_not_fit(
    organisation: Organisation, other_organisation: Organisation, admin_user: User
) -> None:
    home = PropertyFactory(organisation=organisation)
    facts = {
        "organisation": organisation,
        "user": admin_user,
        "property": home,
        "category": category(organisation, "water"),
        "occurred_on": date(2025, 12, 4),
        "amount": Decimal("10"),
    }
    for change, code in (
        ({"property": PropertyFactory(organisation=other_organisation)}, "other_organisation"),
        ({"category": category(other_organisation, "water")}, "other_organisation"),
        ({"lease": LeaseFactory(organisation=organisation)}, "lease_property"),
        ({"amount": Decimal("-10")}, "amount"),
        ({"tax_amount": Decimal("10.01")}, "tax_amount"),
    ):
        with pytest.raises(DomainError) as refused:
            transactions.add_transaction(**{**facts, **change})  # type: ignore[arg-type]
        assert refused.value.code == code
    assert not Transaction.objects.exists()


_STEP = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from(["rental_income", "water"]),
        st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999.99"), places=2),
    ),
    st.tuples(
        st.just("edit"),
        st.integers(0, 9),
        st.decimals(min_value=Decimal("-5"), max_value=Decimal("9999.99"), places=2),
    ),
    st.tuples(st.just("reverse"), st.integers(0, 9), st.none()),
    st.tuples(st.just("export"), st.integers(0, 9), st.none()),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, max_size=14))
def test_books_equal_a_plain_recomputation_after_any_steps(
    admin_user: User, steps: list[tuple[str, object, object]]
) -> None:
    """The oracle keeps one amount a line; a reversed line counts nothing, a refused step changes nothing."""
    organisation = OrganisationFactory()
    home = PropertyFactory(organisation=organisation)
    lines: list[Transaction] = []
    book: list[tuple[str, Decimal]] = []
    locked: set[int] = set()
    gone: set[int] = set()
    for verb, which, value in steps:
        if verb == "add":
            chosen = category(organisation, str(which))
            lines.append(
                transactions.add_transaction(
                    organisation=organisation,
                    user=admin_user,
                    property=home,
                    category=chosen,
                    occurred_on=date(2025, 12, 4),
                    amount=Decimal(str(value)),
                )
            )
            book.append((chosen.kind, Decimal(str(value))))
            continue
        place = int(str(which))
        if place >= len(lines):
            continue
        try:
            if verb == "edit":
                transactions.edit_transaction(transaction=lines[place], user=admin_user, amount=Decimal(str(value)))
                assert place not in locked | gone
                assert Decimal(str(value)) > 0
                book[place] = (book[place][0], Decimal(str(value)))
            elif verb == "reverse":
                transactions.reverse_transaction(transaction=lines[place], user=admin_user, reason="Wrong")
                assert place not in locked | gone
                gone.add(place)
            else:
                transactions.mark_exported(organisation=organisation, ids=[lines[place].pk], user=admin_user)
                locked.add(place)
        except DomainError:
            assert place in locked | gone or (verb == "edit" and Decimal(str(value)) <= 0)
    for kind in Kind.values:
        expected = sum(
            (amount for place, (line_kind, amount) in enumerate(book) if line_kind == kind and place not in gone),
            Decimal(0),
        )
        found = Transaction.objects.filter(organisation=organisation, kind=kind).aggregate(total=Sum("amount"))["total"]
        assert (found or Decimal(0)) == expected
