"""Challengers and shadows: rows that open and close, shares that fit, steps between stages that end them, races."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connection

from experiments.models import Deployment, Stage
from experiments.models.job import JobStateError
from experiments.selectors.traffic import traffic_of
from experiments.services import promotion, traffic
from experiments.services.spec import Refused
from experiments.tests.registered import judged_version
from mlopspro.accounts.models import AuditEntry
from mlopspro.testing.people import make_workspace

VALUES = np.full(40, 0.5)


def staged(workspace, stage=Stage.STAGING):
    version = judged_version(workspace, VALUES)
    promotion.promote(version, actor=None, to_stage=stage, force=True, reason="a test needs it there")
    version.refresh_from_db()
    return version


@pytest.fixture
def live(workspace):
    return staged(workspace, Stage.PRODUCTION)


def shares(model) -> dict[str, tuple[str, float]]:
    found = traffic_of(model)
    rows = (*found.answering, *found.shadows)
    return {one.deployment.version.number: (one.deployment.role, pytest.approx(one.share)) for one in rows}


def test_a_challenger_takes_its_share_from_the_champion(workspace, live, engineer):
    other = staged(workspace)
    made = traffic.deploy(other, role="challenger", share=0.2, actor=engineer, reason="looks better")
    assert shares(live.model) == {live.number: ("champion", 0.8), other.number: ("challenger", 0.2)}
    entry = AuditEntry.objects.get(action="start_deployment")
    assert (entry.actor, entry.reason, entry.after["share"]) == (engineer, "looks better", 0.2)
    changed = traffic.change_share(made, 0.5, actor=engineer)
    made.refresh_from_db()
    assert made.ended_at == changed.started_at
    assert made.share == 0.2, "rows are closed and opened, never edited"
    assert shares(live.model)[other.number] == ("challenger", 0.5)
    assert AuditEntry.objects.get(action="change_traffic").before["share"] == 0.2
    traffic.end(changed, actor=engineer, reason="enough")
    assert shares(live.model) == {live.number: ("champion", 1.0)}
    with pytest.raises(JobStateError, match="changed meanwhile"):
        traffic.end(changed, actor=engineer)
    with pytest.raises(JobStateError, match="changed meanwhile"):
        traffic.change_share(changed, 0.1, actor=engineer)


def test_a_shadow_takes_nothing(workspace, live):
    other = staged(workspace)
    traffic.deploy(other, role="shadow", share=1.0, actor=None)
    assert shares(live.model) == {live.number: ("champion", 1.0), other.number: ("shadow", 1.0)}


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan"), float("inf"), 0.0001])
def test_a_share_is_bounded(workspace, live, share):
    with pytest.raises(Refused, match=r"share.*0\.001 to 1"):
        traffic.deploy(staged(workspace), role="challenger", share=share, actor=None)


def test_challengers_sum_to_one_at_most(workspace, live):
    first, second = staged(workspace), staged(workspace)
    one = traffic.deploy(first, role="challenger", share=0.7, actor=None)
    with pytest.raises(Refused, match=r"up to 0\.3"):
        traffic.deploy(second, role="challenger", share=0.31, actor=None)
    traffic.deploy(second, role="challenger", share=0.3, actor=None)
    assert shares(live.model)[live.number] == ("champion", 0.0)
    with pytest.raises(Refused, match=r"up to 0\.7"):
        traffic.change_share(one, 0.8, actor=None)


def test_who_may_not_answer_beside_is_told_why(workspace):
    lonely = staged(workspace)
    with pytest.raises(JobStateError, match="in production"):
        traffic.deploy(lonely, role="challenger", share=0.1, actor=None)
    live = staged(workspace, Stage.PRODUCTION)
    with pytest.raises(JobStateError, match="is in production"):
        traffic.deploy(live, role="challenger", share=0.1, actor=None)
    with pytest.raises(Refused, match="challenger, shadow or interleaved"):
        traffic.deploy(lonely, role="champion", share=0.1, actor=None)
    traffic.deploy(lonely, role="shadow", share=0.1, actor=None)
    with pytest.raises(JobStateError, match="shadow already"):
        traffic.deploy(lonely, role="challenger", share=0.1, actor=None)
    with pytest.raises(Refused, match="promoting another"):
        traffic.end(Deployment.objects.get(role="champion"), actor=None)


def test_a_version_whose_file_is_gone_does_not_begin(workspace, live):
    other = staged(workspace)
    other.files.first().file.unlink()
    with pytest.raises(Refused, match="cannot be loaded"):
        traffic.deploy(other, role="challenger", share=0.1, actor=None)


def running(version) -> int:
    return Deployment.objects.filter(version=version, ended_at__isnull=True).exclude(role="champion").count()


@pytest.mark.parametrize("to_stage", [Stage.ARCHIVED, Stage.DEVELOPMENT])
def test_a_version_that_leaves_staging_answers_no_more(workspace, live, to_stage):
    other = staged(workspace)
    traffic.deploy(other, role="challenger", share=0.1, actor=None)
    promotion.move(other, actor=None, to_stage=to_stage)
    assert running(other) == 0
    assert shares(live.model) == {live.number: ("champion", 1.0)}


def test_a_challenger_that_is_promoted_ends_as_challenger_and_others_stay(workspace, live):
    other, third = staged(workspace), staged(workspace)
    traffic.deploy(other, role="challenger", share=0.1, actor=None)
    traffic.deploy(third, role="challenger", share=0.2, actor=None)
    promotion.promote(other, actor=None, force=True, reason="a test needs it there")
    assert shares(live.model) == {other.number: ("champion", 0.8), third.number: ("challenger", 0.2)}
    ended = Deployment.objects.get(version=other, role="challenger")
    assert ended.ended_at == Deployment.objects.get(version=other, role="champion").started_at


def test_without_a_champion_nobody_answers_beside_it(workspace, live):
    other = staged(workspace)
    traffic.deploy(other, role="shadow", share=1.0, actor=None)
    promotion.move(live, actor=None, to_stage=Stage.ARCHIVED)
    assert not traffic_of(live.model).live
    assert running(other) == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_share_out_the_rest_at_once_never_share_out_too_much():
    workspace = make_workspace()
    staged(workspace, Stage.PRODUCTION)
    others = [staged(workspace) for _ in range(4)]

    def begin(version):
        try:
            return traffic.deploy(version, role="challenger", share=0.4, actor=None)
        except Refused as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(begin, others))
    assert sum(isinstance(one, Deployment) for one in done) == 2
    assert traffic_of(others[0].model).answering[0].share == pytest.approx(0.2)
