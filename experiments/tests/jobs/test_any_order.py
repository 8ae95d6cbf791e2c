"""A model-based test: claims, heartbeats, lost workers, stops, late writes and ends in any order."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from experiments.jobs import lifecycle
from experiments.jobs.lease import Lease, LeaseLost
from experiments.models import Experiment, JobStatus
from experiments.tests.factories import make_experiment


class Jobs(RuleBasedStateMachine):
    """Three jobs, any number of workers that may be dead, asleep or late."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.runs = [make_experiment(max_attempts=3) for _ in range(3)]
        self.leases: list[Lease] = []
        self.completed: dict[object, int] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def some_lease(self, number: int) -> Lease | None:
        return self.leases[number % len(self.leases)] if self.leases else None

    @rule()
    def claim(self) -> None:
        Experiment.objects.update(not_before=None)
        lease = lifecycle.claim("experiment")
        if lease is not None:
            self.leases.append(lease)

    @rule(number=st.integers(0, 20))
    def finish(self, number: int) -> None:
        lease = self.some_lease(number)
        if lease is None:
            return
        try:
            with transaction.atomic():
                lease.commit(lambda job: lifecycle.end(job, JobStatus.COMPLETED))
            self.completed[lease.pk] = self.completed.get(lease.pk, 0) + 1
        except LeaseLost:
            pass

    @rule(number=st.integers(0, 20))
    def heartbeat(self, number: int) -> None:
        lease = self.some_lease(number)
        if lease is not None:
            try:
                lease.renew()
            except LeaseLost:
                assert Experiment.objects.get(pk=lease.pk).lease_token > lease.token or (
                    Experiment.objects.get(pk=lease.pk).status != JobStatus.RUNNING
                )

    @rule(number=st.integers(0, 2))
    def lose_the_worker(self, number: int) -> None:
        past = timezone.now() - dt.timedelta(seconds=1)
        Experiment.objects.filter(pk=self.runs[number].pk, status=JobStatus.RUNNING).update(lease_until=past)

    @rule()
    def reap(self) -> None:
        lifecycle.reap()

    @rule(number=st.integers(0, 2))
    def stop(self, number: int) -> None:
        lifecycle.request_stop(self.runs[number], None)

    @invariant()
    def at_most_one_end_each(self) -> None:
        assert all(count == 1 for count in self.completed.values())

    @invariant()
    def no_job_is_lost(self) -> None:
        """Each is waiting, running under a lease that can expire, or ended with its time and, if failed, its reason."""
        for run in Experiment.objects.all():
            if run.status == JobStatus.RUNNING:
                assert run.lease_until is not None
            elif run.status != JobStatus.QUEUED:
                assert run.finished_at is not None
            assert run.attempt <= run.max_attempts
        assert Experiment.objects.count() == 3


@pytest.mark.django_db
def test_one_winner_and_no_lost_job_in_any_order():
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Jobs, settings=settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=quiet)
    )
