"""Events, changes, failures, deaths and replays in any order: none is lost, and the mirror ends as the vendor does."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from integrations.models import Connection, InboxEvent, ProviderRecord
from integrations.services import inbox as inbox_services
from tests.integrations.inbox.conftest import Keeper, Work, hurry
from tests.integrations.throwaway.upstream import CottageServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KEYS = ("30", "31", "32", "33")
WANTED = int(os.environ.get("PROPERTYTRACKER_STEPS", "0") or 0)
EACH = 25
PROFILE = settings(
    max_examples=-(-WANTED // EACH) if WANTED else 8,
    stateful_step_count=EACH,
    derandomize=not WANTED,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_none_is_lost_and_the_end_is_right(
    keeper: Keeper, source: Connection, upstream: CottageServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.sync.waiting.sleep", lambda seconds: None)

    class Machine(RuleBasedStateMachine):
        sent: list[dict[str, object]] = []

        def receipts(self) -> list[dict[str, object]]:
            return upstream.lists["/receipts"]

        @rule(key=st.sampled_from(KEYS), cents=st.integers(100, 99_999), times=st.integers(1, 3))
        def changes_and_rings(self, key: str, cents: int, times: int) -> None:
            amount = f"{cents // 100}.{cents % 100:02}"
            for row in self.receipts():
                if str(row["key"]) == key:
                    row["paid"] = amount
                    break
            else:
                self.receipts().append({"key": int(key), "cottage": 1, "let": 10, "paid": amount, "on": "2025-01-20"})
            self.sent.append(keeper.event("receipt.changed", key))
            for _ in range(times):
                assert keeper.send(self.sent[-1]).status_code == 200

        @rule(key=st.sampled_from(KEYS[2:]))
        def goes_and_rings(self, key: str) -> None:
            upstream.lists["/receipts"] = [row for row in self.receipts() if str(row["key"]) != key]
            self.sent.append(keeper.event("receipt.changed", key))
            assert keeper.send(self.sent[-1]).status_code == 200

        @rule(data=st.data())
        def an_old_one_comes_again(self, data: st.DataObject) -> None:
            if self.sent:
                assert keeper.send(data.draw(st.sampled_from(self.sent))).status_code == 200

        @rule()
        def a_forged_one_comes(self) -> None:
            assert keeper.send(keeper.event("receipt.changed", "30"), secret="guessed-secret").status_code == 401

        @rule(key=st.sampled_from(KEYS))
        def fails(self, key: str) -> None:
            upstream.cursed ^= {key}

        @rule(wait=st.sampled_from([1, 500]))
        def asks_for_patience(self, wait: int) -> None:
            upstream.troubles = [(429, wait)]

        @rule()
        def works(self) -> None:
            work()

        @rule()
        def time_passes(self) -> None:
            hurry(source)

        @rule()
        def a_worker_dies(self) -> None:
            """What a kill after the claim leaves behind."""
            waiting = InboxEvent.objects.filter(connection=source, state="queued", attempts__lt=3)
            for event in waiting:
                InboxEvent.objects.filter(pk=event.pk).update(state="working", attempts=event.attempts + 1)

        @rule(everything=st.booleans())
        def a_person_replays(self, everything: bool) -> None:
            rows = InboxEvent.objects.filter(connection=source)
            rows = rows if everything else rows.filter(state="person")
            inbox_services.replay_events(connection=source, user=None, events=rows)

        @invariant()
        def each_event_is_there_once(self) -> None:
            assert InboxEvent.objects.filter(connection=source).count() == len(self.sent)

        @invariant()
        def nobody_tries_more_than_three_times(self) -> None:
            for state, attempts in InboxEvent.objects.values_list("state", "attempts"):
                assert attempts <= 3 or state == "person"

        def teardown(self) -> None:
            upstream.cursed, upstream.troubles = set(), []
            for _ in range(4):
                hurry(source)
                work()
                rows = InboxEvent.objects.filter(connection=source, state="person")
                inbox_services.replay_events(connection=source, user=None, events=rows)
            assert set(InboxEvent.objects.values_list("state", flat=True)) <= {"done"}
            touched = {str(payload["key"]) for payload in self.sent}
            mirror = {
                row.provider_id: None if row.missing_since else str(row.amount)
                for row in ProviderRecord.objects.filter(connection=source, resource="payment", provider_id__in=touched)
            }
            listed = {str(row["key"]): str(row["paid"]) for row in self.receipts()}
            # What was never listed when somebody looked is not in the mirror at all.
            assert mirror == {key: listed.get(key) for key in touched if key in listed or key in mirror}

    run_state_machine_as_test(Machine, settings=PROFILE)
