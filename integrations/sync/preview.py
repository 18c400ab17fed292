"""Works out a preview: the provider is read into the mirror, nothing is applied, every intended change is stored."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, QuerySet

from integrations.adapters import open_adapter
from integrations.models import ProviderRecord, SyncPlan, SyncRun
from integrations.records import Resource
from integrations.sync import replay
from integrations.sync.apply import Job
from integrations.sync.plan_money import MoneyRules
from integrations.sync.read import read_resource
from integrations.sync.waiting import Waiting


def build(job: Job, run: SyncRun) -> None:
    """Fills the run's plan with lines. A plan that cannot be finished is marked as failed by the caller's error."""
    plan = run.plan
    if plan is None:
        raise LookupError("a preview run has a plan")
    try:
        if plan.kind == SyncPlan.Kind.RULES:
            _plan_rules(job, plan)
        else:
            waiting = Waiting(run.id)
            with open_adapter(job.source, sleep=waiting.wait, on_wait=waiting.announce) as adapter:
                for resource in Resource:
                    read_resource(job, adapter, resource, full=run.full, force=run.force, apply=False)
            # What this reading had to reject is not waiting, but a person wants to see it in the preview.
            rejected = ProviderRecord.objects.filter(connection=job.source, verdict="rejected", last_run_id=run.pk)
            _plan(job, plan, replay.waiting(job.source) | rejected, Resource)
    except BaseException as error:
        SyncPlan.objects.filter(pk=plan.pk).update(status=SyncPlan.Status.FAILED, error=str(error)[:300])
        raise
    counts = dict(plan.lines.values_list("action").annotate(number=Count("id")))
    SyncPlan.objects.filter(pk=plan.pk).update(status=SyncPlan.Status.READY, counts=counts)


def _plan(job: Job, plan: SyncPlan, records: QuerySet[ProviderRecord], resources: Iterable[Resource]) -> None:
    # Tried again after a lost worker, it begins anew.
    plan.lines.all().delete()
    job.preview = plan
    try:
        replay.replay(job, records, resources=resources)
    finally:
        job.preview = None


def _plan_rules(job: Job, plan: SyncPlan) -> None:
    rules = job.rules
    job.rules = MoneyRules(
        manual=True, closed_through=rules.closed_through, categories=rules.categories, recategorise=True
    )
    bills = ProviderRecord.objects.filter(connection=job.source, verdict="imported")
    _plan(job, plan, bills, (Resource.BILL,))
    # Closed and exported bills keep their category: a changed rule is no reason to ask a person about each of them.
    plan.lines.exclude(action="update").delete()
