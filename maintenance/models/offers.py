from __future__ import annotations

from django.db import models

from access.models import OrganisationOwned, User
from core.models import BaseModel
from maintenance.models.vendors import Vendor
from maintenance.models.work_orders import WorkOrder


class Offer(OrganisationOwned, BaseModel):
    """A job put to one vendor, or a quote asked of one, through the vendor's channel.

    The row is the guarantee: beat sweeps those with `due_at` in the past. In `queued` it is to be sent then, in `sent`
    the answer is late then, in a refused, timed-out or failed one the job goes on to whoever comes next.
    """

    class Kind(models.TextChoices):
        JOB = "job", "Job"
        QUOTE = "quote", "Quote asked for"

    class State(models.TextChoices):
        QUEUED = "queued", "To be sent"
        SENT = "sent", "Waiting for an answer"
        QUOTED = "quoted", "Price sent"
        ACCEPTED = "accepted", "Accepted"
        COMPLETED = "completed", "Completed"
        DECLINED = "declined", "Declined"
        TIMED_OUT = "timed_out", "No answer in time"
        FAILED = "failed", "Could not be sent"
        WITHDRAWN = "withdrawn", "Withdrawn"

    LIVE = (State.QUEUED, State.SENT, State.QUOTED, State.ACCEPTED)
    LOST = (State.DECLINED, State.TIMED_OUT, State.FAILED)

    work_order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="offers")
    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE, related_name="offers")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.JOB)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    # Chosen by routing (the job goes on by itself when this one falls through) or by a person.
    is_routed = models.BooleanField(default=False)
    reasons = models.JSONField(default=list, blank=True)
    channel = models.CharField(max_length=40, default="email")
    channel_reference = models.CharField(max_length=200, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True, default="")
    due_at = models.DateTimeField(null=True, blank=True)
    respond_by = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=300, blank=True, default="")
    # SHA-256 of the link's secret; the secret itself is not stored (maintenance/tokens.py).
    token_hash = models.CharField(max_length=64, unique=True)
    token_expires_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            # Never two vendors for one job.
            models.UniqueConstraint(
                fields=["work_order"],
                condition=models.Q(kind="job", state__in=["queued", "sent", "quoted", "accepted"]),
                name="offer_one_live_job",
            ),
            models.UniqueConstraint(
                fields=["work_order", "vendor"],
                condition=models.Q(kind="quote", state__in=["queued", "sent", "quoted", "accepted"]),
                name="offer_one_live_quote",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="offer_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["work_order", "-id"], name="offer_order"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE


class Quote(OrganisationOwned, BaseModel):
    """What a vendor would do a job for."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", "To be decided"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Not taken"

    work_order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="quotes")
    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE, related_name="quotes")
    offer = models.ForeignKey(Offer, on_delete=models.SET_NULL, null=True, blank=True, related_name="quotes")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    description = models.TextField(blank=True, default="")
    can_start_on = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.SUBMITTED)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["work_order"], condition=models.Q(state="accepted"), name="quote_one_accepted"
            ),
            models.UniqueConstraint(
                fields=["work_order", "vendor"], condition=models.Q(state="submitted"), name="quote_one_open_each"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


class OwnerApproval(OrganisationOwned, BaseModel):
    """A quote above the agency's limits, put to the owner by a link."""

    class State(models.TextChoices):
        QUEUED = "queued", "To be sent"
        SENT = "sent", "Waiting for the owner"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Could not be sent"
        WITHDRAWN = "withdrawn", "Withdrawn"

    quote = models.ForeignKey(Quote, on_delete=models.CASCADE, related_name="approvals")
    owner_name = models.CharField(max_length=200)
    owner_email = models.EmailField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True, default="")
    due_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    token_hash = models.CharField(max_length=64, unique=True)
    token_expires_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["quote"], condition=models.Q(state__in=["queued", "sent"]), name="approval_one_live"
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="approval_due", condition=models.Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return f"{self.owner_name} · {self.get_state_display()}"
