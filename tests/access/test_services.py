from __future__ import annotations

import threading

import pytest
from django.db import connections

from access import services
from access.models import AuditEntry, Membership, Organisation, User
from core.errors import DomainError
from core.ids import uuid7
from tests.factories.access import MembershipFactory, UserFactory

FIRST = {
    "organisation_name": " Harbour & Co ",
    "currency": "aud",
    "time_zone": "Australia/Perth",
    "region": "au",
    "full_name": "Mara Kowalska",
    "email": "Mara@Harbour.example",
    "password": "a-long-pass-phrase",
}


def test_the_first_organisation_comes_with_its_admin(db: None) -> None:
    membership = services.set_up_first_organisation(**FIRST)
    organisation, user = membership.organisation, membership.user
    assert (organisation.name, organisation.currency, organisation.time_zone, organisation.region) == (
        "Harbour & Co",
        "AUD",
        "Australia/Perth",
        "AU",
    )
    assert (user.email, user.is_staff, membership.role) == ("mara@harbour.example", True, Membership.Role.ADMIN)
    assert user.check_password("a-long-pass-phrase")


def test_there_is_only_one_first_organisation(admin_user: User) -> None:
    with pytest.raises(DomainError) as refused:
        services.set_up_first_organisation(**FIRST)
    assert refused.value.code == "already_set_up"
    assert Organisation.objects.count() == 1


def test_a_wrong_zone_leaves_nothing_behind(db: None) -> None:
    with pytest.raises(DomainError) as refused:
        services.set_up_first_organisation(**{**FIRST, "time_zone": "Australia/Atlantis"})
    assert refused.value.code == "unknown_time_zone"
    assert (Organisation.objects.count(), User.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_people_on_the_first_run_page_cannot_both_pass() -> None:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def work(email: str) -> None:
        try:
            start.wait(timeout=30)
            services.set_up_first_organisation(**{**FIRST, "email": email})
            outcomes.append("done")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    people = [threading.Thread(target=work, args=(f"person{n}@harbour.example",)) for n in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join(timeout=30)
    assert sorted(outcomes) == ["already_set_up", "done"]
    assert User.objects.count() == 1


@pytest.mark.parametrize("currency", ["AU", "dollars", "A1D", ""])
def test_a_currency_has_three_letters(db: None, currency: str) -> None:
    with pytest.raises(DomainError) as refused:
        services.create_organisation(name="X", currency=currency)
    assert refused.value.code == "unknown_currency"


def test_a_person_of_another_organisation_joins_with_the_account_they_have(
    organisation: Organisation, other_admin: User
) -> None:
    membership = services.create_member(
        organisation=organisation, email="RITA@rival.example", full_name="Someone", role="agent", password="ignored"
    )
    assert membership.user == other_admin
    other_admin.refresh_from_db()
    assert other_admin.full_name == "Rita Rival"
    assert not other_admin.check_password("ignored")


def test_nobody_joins_twice(organisation: Organisation, admin_user: User) -> None:
    with pytest.raises(DomainError) as refused:
        services.create_member(organisation=organisation, email=admin_user.email, full_name="M", role="agent")
    assert refused.value.code == "already_member"


def test_a_member_without_password_cannot_sign_in_yet(organisation: Organisation) -> None:
    membership = services.create_member(organisation=organisation, email="a@b.example", full_name="A", role="agent")
    assert not membership.user.has_usable_password()


def test_only_ones_own_organisations_can_be_chosen(admin_user: User, other_organisation: Organisation) -> None:
    with pytest.raises(Membership.DoesNotExist):
        services.choose_organisation(user=admin_user, organisation_id=other_organisation.id)
    membership = MembershipFactory(user=admin_user, organisation=other_organisation)
    assert services.choose_organisation(user=admin_user, organisation_id=other_organisation.id) == membership


def test_organisation_and_profile_are_saved(organisation: Organisation, admin_user: User) -> None:
    services.update_organisation(organisation=organisation, name="New", currency="nzd", time_zone="Pacific/Auckland")
    services.update_profile(user=admin_user, full_name=" Mara K ")
    organisation.refresh_from_db()
    admin_user.refresh_from_db()
    assert (organisation.name, organisation.currency, organisation.time_zone) == ("New", "NZD", "Pacific/Auckland")
    assert admin_user.full_name == "Mara K"


def test_the_last_admin_stays(organisation: Organisation, admin_user: User, agent_user: User) -> None:
    membership = Membership.objects.get(user=admin_user)
    with pytest.raises(DomainError) as refused:
        services.set_member_active(membership=membership, active=False)
    assert refused.value.code == "last_admin"
    MembershipFactory(organisation=organisation, user=UserFactory())
    assert services.set_member_active(membership=membership, active=False).is_active is False
    assert services.set_member_active(membership=membership, active=True).is_active is True
    agent = Membership.objects.get(user=agent_user)
    assert services.set_member_active(membership=agent, active=False).is_active is False


def test_an_audit_entry_is_written_once_and_never_changed(organisation: Organisation) -> None:
    entry_id = uuid7()
    of = {"organisation_id": organisation.pk, "action": "breaker.opened", "summary": "s" * 400, "entry_id": entry_id}
    assert [services.record_audit(**of), services.record_audit(**of)] == [True, False]
    entry = AuditEntry.objects.get()
    assert (entry.pk, len(entry.summary), entry.details) == (entry_id, 300, {})
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()
