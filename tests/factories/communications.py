from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from communications.models import Notification
from tests.factories.access import MembershipFactory


class NotificationFactory(DjangoModelFactory):
    """An unread notice that is not sent by e-mail."""

    class Meta:
        model = Notification
        exclude = ["member"]

    member = factory.SubFactory(MembershipFactory)
    organisation = factory.SelfAttribute("member.organisation")
    user = factory.SelfAttribute("member.user")
    title = factory.Sequence(lambda n: f"Notice {n}")
    body = "Something happened."
    dedupe_key = factory.Sequence(lambda n: f"event-{n}")
