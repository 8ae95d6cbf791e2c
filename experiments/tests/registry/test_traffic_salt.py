"""Salts of the division and interleaved versions: kept with every change of share, one for all, lists alone."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.models import Stage
from experiments.selectors.traffic import traffic_of
from experiments.services import promotion, traffic
from experiments.services.spec import Refused
from experiments.tests.registered import judged_version, make_model
from experiments.tests.versions import make_version_row
from mlopspro.testing.people import make_workspace

VALUES = np.full(40, 0.5)


def staged(workspace, stage=Stage.STAGING, model="recommender"):
    version = judged_version(workspace, VALUES, model)
    promotion.promote(version, actor=None, to_stage=stage, force=True, reason="a test needs it there")
    version.refresh_from_db()
    return version


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def live(workspace):
    return staged(workspace, Stage.PRODUCTION)


def test_a_salt_is_kept_when_the_share_changes_and_taken_by_who_comes_later(workspace, live):
    first, second = staged(workspace), staged(workspace)
    made = traffic.deploy(first, role="challenger", share=0.2, actor=None, salt="trial-7")
    assert traffic.change_share(made, 0.3, actor=None).salt == "trial-7"
    assert traffic.deploy(second, role="interleaved", share=0.2, actor=None).salt == "trial-7"


def test_another_salt_beside_running_versions_is_refused_as_it_would_move_their_users(workspace, live):
    first, second, third = staged(workspace), staged(workspace), staged(workspace)
    traffic.deploy(first, role="challenger", share=0.2, actor=None)
    with pytest.raises(Refused, match=r"salt.*anew"):
        traffic.deploy(second, role="challenger", share=0.2, actor=None, salt="trial-8")
    with pytest.raises(Refused, match=r"salt.*41 characters"):
        traffic.deploy(second, role="challenger", share=0.2, actor=None, salt="x" * 41)
    traffic.deploy(third, role="shadow", share=1.0, actor=None)
    for one in traffic.running(live.model).filter(role="challenger"):
        traffic.end(one, actor=None)
    assert traffic.deploy(second, role="challenger", share=0.2, actor=None, salt="trial-8").salt == "trial-8"


def test_an_interleaved_version_takes_its_share_from_the_champion(workspace, live):
    first, second = staged(workspace), staged(workspace)
    traffic.deploy(first, role="interleaved", share=0.6, actor=None)
    with pytest.raises(Refused, match=r"up to 0\.4"):
        traffic.deploy(second, role="challenger", share=0.5, actor=None)
    traffic.deploy(second, role="challenger", share=0.4, actor=None)
    rows = [(one.deployment.role, one.share) for one in traffic_of(live.model).answering]
    assert [role for role, _ in rows] == ["champion", "interleaved", "challenger"]
    assert [share for _, share in rows] == pytest.approx([0, 0.6, 0.4])


def test_rows_of_tables_are_not_interleaved(workspace):
    model = make_model(workspace, "Shops", family="pricing")
    with pytest.raises(Refused, match=r"role.*Shops answers rows of tables"):
        traffic.deploy(make_version_row(workspace, model), role="interleaved", share=0.5, actor=None)
