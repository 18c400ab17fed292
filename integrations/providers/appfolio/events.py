"""AppFolio's event names and what each means here. Topics as seen in use: the vendor's list is behind its sign-in."""

from __future__ import annotations

from integrations.records import Resource
from integrations.specs import EventRule

# A lease's id is not the tenancy's (that is the occupancy), nor is a bill's that of its lines; their lists can be read
# by time of change, which costs one call whatever the number of events.
_TOPICS: dict[str, tuple[str, Resource | None, bool]] = {
    "properties": ("property", Resource.PROPERTY, False),
    "units": ("unit", Resource.PROPERTY, True),
    "tenants": ("tenant", Resource.TENANCY, False),
    "leases": ("lease", Resource.TENANCY, False),
    "work_orders": ("work_order", Resource.JOB, True),
    "bills": ("bill", Resource.BILL, False),
    "vendors": ("vendor", Resource.CONTACT, False),
    "owners": ("owner", Resource.CONTACT, False),
    "charges": ("charge", Resource.PAYMENT, False),
    "journal_entries": ("journal_entry", None, False),
    "leads": ("lead", None, False),
}
_ACTIONS = {"create": "created", "update": "changed", "destroy": "deleted"}

EVENTS: dict[str, EventRule] = {
    f"{topic}.{action}": EventRule(f"{noun}.{ours}", resource, "entity_id", by_id)
    for topic, (noun, resource, by_id) in _TOPICS.items()
    for action, ours in _ACTIONS.items()
} | {
    # Names of the reference architecture that integrators send on AppFolio's behalf.
    "lease.signed": EventRule("lease.signed", Resource.TENANCY, "entity_id", by_id=False),
    "lease.terminated": EventRule("lease.terminated", Resource.TENANCY, "entity_id", by_id=False),
    "work_order.completed": EventRule("work_order.completed", Resource.JOB, "entity_id"),
}
