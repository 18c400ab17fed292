"""What beat starts, and how often. Cadences of single connections are data, not schedule entries."""

from __future__ import annotations

BEAT_SCHEDULE = {
    "dispatch-due-syncs": {"task": "integrations.tasks.dispatch_due_syncs", "schedule": 60.0},
    "recover-lost-runs": {"task": "integrations.tasks.recover_lost_runs", "schedule": 60.0},
    "recover-uploads": {"task": "integrations.tasks.recover_uploads", "schedule": 60.0},
    "flush-calls": {"task": "integrations.tasks.flush_calls", "schedule": 60.0},
    # Events are wanted within seconds: this bounds what a lost message costs.
    "sweep-inbox": {"task": "integrations.tasks.sweep_inbox", "schedule": 10.0},
    "send-due-emails": {"task": "communications.tasks.send_due_emails", "schedule": 60.0},
    "sweep-maintenance": {"task": "maintenance.tasks.sweep_due", "schedule": 60.0},
}
