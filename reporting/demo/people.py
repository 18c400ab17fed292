from __future__ import annotations

from dataclasses import dataclass

from access.models import Membership, Organisation, User
from access.services import create_member, create_organisation

ORGANISATION = "Harbour & Co"
ADMIN_EMAIL = "demo@propertytracker.example"
AGENT_EMAIL = "agent@propertytracker.example"
PASSWORD = "demo-harbour-2026"  # noqa: S105  # printed at every start of the demo


@dataclass(frozen=True, slots=True)
class DemoCast:
    organisation: Organisation
    admin: User


def ensure_people() -> DemoCast:
    """The demo organisation with its admin, who is staff too, and its property manager; made once."""
    organisation = Organisation.objects.filter(is_demo=True).order_by("id").first()
    if organisation is None:
        organisation = create_organisation(
            name=ORGANISATION, currency="AUD", time_zone="Australia/Sydney", region="AU", is_demo=True
        )
    people = ((ADMIN_EMAIL, "Mara Kowalska", Membership.Role.ADMIN), (AGENT_EMAIL, "Tom Okafor", Membership.Role.AGENT))
    for email, name, role in people:
        if not Membership.objects.filter(organisation=organisation, user__email=email).exists():
            create_member(
                organisation=organisation,
                email=email,
                full_name=name,
                role=role,
                password=PASSWORD,
                is_staff=role == Membership.Role.ADMIN,
            )
    return DemoCast(organisation=organisation, admin=User.objects.get(email=ADMIN_EMAIL))
