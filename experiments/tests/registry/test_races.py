"""Two people at once: threads on the real database. One wins, the other is told, and never are there two champions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.models import Deployment, ModelVersion, RegisteredModel, StageChange
from experiments.models.job import JobStateError
from experiments.services import promotion, registry
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from experiments.tests.registered import judged_version
from experiments.tests.registry.conftest import scores
from mlopspro.testing.people import make_workspace

go_on = threading.Event()
REASON = "Both of us are in a hurry today."


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each came to, in their order: its result, or the error it ended with."""
    started = threading.Barrier(len(acts))
    outcomes: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        started.wait()
        try:
            outcomes[place] = act()
        except (JobStateError, PromotionRefused, Refused) as error:
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def check(model: RegisteredModel) -> None:
    """What always holds, whoever did what."""
    live = list(model.versions.filter(stage="production"))
    running = list(Deployment.objects.filter(model=model, ended_at__isnull=True))
    assert len(live) <= 1
    assert [row.version_id for row in running] == [version.pk for version in live]
    rows = list(Deployment.objects.filter(model=model).order_by("started_at", "pk"))
    for before, after in pairwise(rows):
        assert before.ended_at is not None
        assert before.ended_at <= after.started_at, "no two at one moment"
    for version in model.versions.all():
        steps = list(StageChange.objects.filter(version=version).order_by("pk"))
        assert [step.from_stage for step in steps[1:]] == [step.to_stage for step in steps[:-1]]
        assert steps[-1].to_stage == version.stage


def promoted(version: ModelVersion) -> Callable[[], object]:
    return lambda: promotion.promote(version, actor=None, force=True, reason=REASON)


@pytest.fixture
def model(transactional_db: None) -> RegisteredModel:
    workspace = make_workspace()
    made = [judged_version(workspace, scores(0.2 + step / 10, seed=step)) for step in range(4)]
    promotion.promote(made[0], actor=None)
    promotion.promote(made[1], actor=None)
    return made[0].model


def version(model: RegisteredModel, patch: int) -> ModelVersion:
    return model.versions.get(patch=patch)


@pytest.mark.parametrize("case", ["promote", "rollback", "archive"])
def test_of_two_at_once_one_wins_and_the_other_is_told(model, case):
    acts = {
        "promote": (promoted(version(model, 2)), promoted(version(model, 3))),
        "rollback": (promoted(version(model, 2)), lambda: promotion.rollback(model, actor=None)),
        "archive": (
            promoted(version(model, 2)),
            lambda: promotion.move(version(model, 2), actor=None, to_stage="archived"),
        ),
    }[case]
    for _ in range(3):
        outcomes = at_once(*acts)
        check(model)
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if len(errors) == 2:
            pytest.fail(f"nobody won: {errors}")
        if errors:
            break
        # One was quicker than the other began: both are right then. Try again from there.
        acts = (promoted(_any_in_development(model)), acts[1])
    told = str(errors[0]) if errors else ""
    assert not errors or "meanwhile" in told or "archived" in told or "production" in told, told


def _any_in_development(model: RegisteredModel) -> ModelVersion:
    found = model.versions.filter(stage="development").first()
    if found is None:
        found = judged_version(model.workspace, scores(0.9), model)
    return found


def test_while_one_decides_the_other_waits_and_is_told_who_won(model):
    """Without luck: the lock of the model is held by one, the other has looked already and comes second."""
    waiting, go = version(model, 2), threading.Event()
    outcome: list[object] = []

    def second() -> None:
        go.wait()
        outcome.extend(at_once(promoted(waiting)))

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        registry.lock(model)
        go.set()
        _wait_for_a_lock()
        promotion.promote(version(model, 3), actor=None, force=True, reason=REASON)
    thread.join()
    (error,) = outcome
    assert isinstance(error, JobStateError)
    assert "version 1.0.3 is now in production" in str(error)
    check(model)


def _wait_for_a_lock() -> None:
    """Until another session waits for a lock that this one holds."""
    for _ in range(2000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        go_on.wait(0.002)
    pytest.fail("nobody waits")


def test_a_model_is_not_archived_under_a_promotion(transactional_db):
    workspace = make_workspace()
    only = judged_version(workspace, scores(0.3))
    outcomes = at_once(promoted(only), lambda: registry.archive_model(only.model, actor=None))
    check(only.model)
    fresh = RegisteredModel.objects.get(pk=only.model_id)
    live = fresh.versions.filter(stage="production").exists()
    assert live != (fresh.archived_at is not None), outcomes
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["promote", "stage", "archive", "back", "rollback"]), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_any_order_of_steps_there_is_one_champion_and_a_whole_history(steps):
    workspace = make_workspace()
    made = [judged_version(workspace, scores(0.2 + step / 10, users=40, seed=step)) for step in range(3)]
    for act, place in steps:
        one = ModelVersion.objects.get(pk=made[place].pk)
        try:
            match act:
                case "promote":
                    promotion.promote(one, actor=None, force=True, reason=REASON)
                case "stage":
                    promotion.promote(one, actor=None, to_stage="staging")
                case "archive":
                    promotion.move(one, actor=None, to_stage="archived")
                case "back":
                    promotion.move(one, actor=None, to_stage="development")
                case "rollback":
                    promotion.rollback(one.model, actor=None)
        except (JobStateError, PromotionRefused, Refused):
            pass
        check(one.model)
