from __future__ import annotations

from access import selectors
from access.models import Membership, Organisation, User
from tests.factories.access import MembershipFactory, OrganisationFactory, UserFactory


def test_first_run_lasts_until_somebody_can_sign_in(db: None) -> None:
    assert selectors.is_first_run() is True
    UserFactory()
    assert selectors.is_first_run() is False


def test_current_membership_is_the_chosen_one_else_the_first_by_name(admin_user: User) -> None:
    second = MembershipFactory(user=admin_user, organisation=OrganisationFactory(name="Zenith"))
    first = selectors.current_membership(user=admin_user, organisation_id=None)
    assert first is not None
    assert first.organisation.name == "Harbour & Co"
    chosen = selectors.current_membership(user=admin_user, organisation_id=str(second.organisation_id))
    assert chosen == second


def test_a_choice_that_is_not_theirs_falls_back(admin_user: User, other_organisation: Organisation) -> None:
    membership = selectors.current_membership(user=admin_user, organisation_id=str(other_organisation.id))
    assert membership is not None
    assert membership.organisation.name == "Harbour & Co"


def test_an_ended_membership_gives_nothing(admin_user: User) -> None:
    Membership.objects.update(is_active=False)
    assert selectors.current_membership(user=admin_user, organisation_id=None) is None


def test_admins_are_told_but_not_agents_or_inactive_people(
    organisation: Organisation, admin_user: User, agent_user: User, other_admin: User
) -> None:
    MembershipFactory(organisation=organisation, user=UserFactory(is_active=False))
    assert list(selectors.admins_of(organisation=organisation)) == [admin_user]
