"""The page of a dataset that a retraining made says where its rows come from."""

from __future__ import annotations

import pytest
from django.urls import reverse

from experiments.selectors import dataset_line
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.services import driver, retrainings
from retraining.tests.retrain_scene import PLAN, move_taste, scene, work

pytestmark = pytest.mark.django_db


def test_parent_cut_and_counts_stand_on_the_page():
    here = scene(make_workspace(), users=30, items=20, interactions=300)
    move_taste(here, 4)
    row = driver.advance(retrainings.begin(here.model, through="command", plan=PLAN))
    work()
    row = driver.advance(row)
    assert row.dataset is not None, row.sentence
    line = dataset_line.of(row.dataset)
    assert (line.parent, line.root) == (here.base.dataset, None)
    counts = dict(line.counts)
    assert (
        counts["New rows"]
        == counts["New rows to learn from"]
        + counts["Newest rows, to judge by"]
        + counts["Left for the next retraining"]
    )
    page = browser(make_member(here.workspace)).get(reverse("experiments:dataset", args=[row.dataset_id]))
    said = page.content.decode()
    assert "Put together from feedback" in said
    assert reverse("experiments:dataset", args=[here.base.dataset_id]) in said
    assert f'<dd class="figure">{counts["New rows"]}</dd>' in said
    assert dataset_line.of(here.base.dataset) is None
