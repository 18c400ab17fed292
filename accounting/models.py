from __future__ import annotations

import builtins
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from access.models import Organisation, OrganisationOwned, User
from core.models import BaseModel
from properties.models import Property
from tenancies.models import Lease


class Kind(models.TextChoices):
    INCOME = "income", "Income"
    EXPENSE = "expense", "Expense"


class Category(OrganisationOwned, BaseModel):
    """A line of the rental schedule (income and deductions of a rental property)."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="category_code_once")]

    def __str__(self) -> str:
        return self.name


class CategoryRule(OrganisationOwned, BaseModel):
    """One row of the ordered table that gives a bill its category; the first row that matches decides.

    A blank condition matches everything. `supplier` and each of `words` match anywhere in the text, without case.
    """

    class JobLink(models.TextChoices):
        ANY = "any", "Any bill"
        YES = "yes", "Bills of a job"
        NO = "no", "Bills without a job"

    position = models.PositiveIntegerField()
    supplier = models.CharField(max_length=120, blank=True, default="")
    words = models.JSONField(default=list, blank=True, help_text="Any one of these words is enough.")
    job_link = models.CharField(max_length=4, choices=JobLink, default=JobLink.ANY)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="rules")
    is_enabled = models.BooleanField(default=True)
    # `words` as LIKE patterns in small letters, wildcards escaped; NULL without words. Kept by the database.
    patterns = models.GeneratedField(
        expression=models.Func("words", function="pt_word_patterns"),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )

    class Meta:
        ordering = ["position", "id"]
        # In the order of the table, so that matching stops at the first rule that fits.
        indexes = [models.Index(fields=["organisation", "position", "id"], name="rule_org_order")]

    @property
    def words_text(self) -> str:
        """The conditions as a sentence part."""
        parts = [f"supplier has “{self.supplier}”"] if self.supplier else []
        if self.words:
            parts.append("text has " + " or ".join(f"“{word}”" for word in self.words))
        if self.job_link != self.JobLink.ANY:
            parts.append(self.get_job_link_display().lower())
        return " and ".join(parts) or "everything else"

    def __str__(self) -> str:
        return self.words_text


class BooksLock(OrganisationOwned, BaseModel):
    """The day through which the books are closed; nothing on or before it may change."""

    closed_through = models.DateField()
    closed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="books_lock_once")]

    def __str__(self) -> str:
        return f"closed through {self.closed_through}"


class Transaction(BaseModel):
    """A line of the books. Never deleted: what is undone is reversed by an entry of the opposite amount.

    `amount` is positive for a normal entry and negative for a reversing one, in `currency`, tax included.
    Relations carry no database constraint (docs/adr/0004): rows are written set-based from rows read in the same
    statement, and four constraint triggers a row cost more than the insert itself.
    """

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", "Confirmed"
        REVERSED = "reversed", "Reversed"
        REVERSAL = "reversal", "Reversing entry"

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    property = models.ForeignKey(
        Property, on_delete=models.PROTECT, related_name="transactions", db_index=False, db_constraint=False
    )
    lease = models.ForeignKey(
        Lease,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="transactions",
        db_index=False,
        db_constraint=False,
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="transactions", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.CONFIRMED)
    occurred_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    tax_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=300, blank=True, default="")
    counterparty = models.CharField(max_length=200, blank=True, default="")
    reference = models.CharField(max_length=120, blank=True, default="")
    is_derived = models.BooleanField(
        default=False, help_text="Worked out from balances or quotations, not read from a ledger line."
    )
    job_ref = models.CharField(max_length=128, blank=True, default="", help_text="The provider's id of the job billed.")
    category_reason = models.CharField(max_length=300, blank=True, default="")
    category_rule_id = models.UUIDField(null=True, blank=True)

    provider = models.CharField(max_length=40, blank=True, default="")
    connection_id = models.UUIDField(null=True, blank=True)
    provider_transaction_id = models.CharField(max_length=160, blank=True, default="")
    sync_run_id = models.UUIDField(null=True, blank=True, help_text="The run that made this row.")

    # Its unique index holds reversing entries alone (migration 0004): ordinary lines pay nothing for it.
    reverses = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversed_by", db_constraint=False
    )
    edited_at = models.DateTimeField(null=True, blank=True, help_text="Set when a person changed it: their edit wins.")
    edited_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, db_constraint=False
    )
    exported_at = models.DateTimeField(null=True, blank=True, help_text="Set once it left for an accounting system.")

    class Meta:
        constraints = [
            # In this order the connections of the books are found by one step in the index each (selectors.py).
            models.UniqueConstraint(
                fields=["organisation", "provider", "connection_id", "provider_transaction_id"],
                condition=~models.Q(provider_transaction_id=""),
                name="transaction_provider_once",
            )
        ]
        indexes = [
            models.Index(fields=["organisation", "-occurred_on", "-id"], name="transaction_org_date"),
            models.Index(fields=["property", "-occurred_on", "-id"], name="transaction_property_date"),
            BrinIndex(fields=["sync_run_id"], name="transaction_run_brin", pages_per_range=16),
            # Rare lines have small indexes of their own; the many (confirmed rent from a provider) pay for none.
            models.Index(
                fields=["organisation", "-occurred_on", "-id"],
                name="transaction_org_expense",
                condition=models.Q(kind="expense"),
            ),
            models.Index(
                fields=["organisation", "category", "-occurred_on", "-id"],
                name="transaction_org_category",
                condition=models.Q(kind="expense"),
            ),
            models.Index(
                fields=["organisation", "status", "-occurred_on", "-id"],
                name="transaction_org_unusual",
                condition=~models.Q(status="confirmed"),
            ),
            models.Index(
                fields=["organisation", "-occurred_on", "-id"],
                name="transaction_org_manual",
                condition=models.Q(provider=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.occurred_on} {self.description} {self.amount}"

    @builtins.property
    def signed_amount(self) -> Decimal:
        """What the line adds to the owner's money: expenses are negative."""
        return self.amount if self.kind == Kind.INCOME else -self.amount

    @builtins.property
    def is_locked(self) -> bool:
        """Whether nobody may change it, apart from closed periods."""
        return self.status != self.Status.CONFIRMED or self.exported_at is not None


class TransactionRevision(OrganisationOwned, BaseModel):
    """What a transaction said before a change, who changed it and why: its history."""

    transaction = models.ForeignKey(Transaction, on_delete=models.CASCADE, related_name="revisions")
    # {field: [old, new]} as text; amounts keep their two decimals.
    changes = models.JSONField(default=dict)
    reason = models.CharField(max_length=300)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    sync_run_id = models.UUIDField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.reason
