"""manage.py compare_experiments: the verdict in words, everything as JSON, and clear refusals."""

from __future__ import annotations

import json
import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from experiments.tests.pages.compared import measured_run, trained_pair
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(db, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    return make_workspace()


def compare(workspace, *ids, **options) -> str:
    out = StringIO()
    call_command("compare_experiments", *map(str, ids), workspace=workspace.slug, stdout=out, **options)
    return out.getvalue()


def test_the_verdict_comes_in_words_and_as_json(workspace):
    runs = trained_pair(workspace)
    lean = "catalogue.popularity_bias_at_10"
    told = compare(workspace, *(run.pk for run in runs), metric=lean)
    assert "A  neighbours" in told
    assert "neighbours is better than popular on Popularity bias@10 (catalogue)" in told
    assert "NDCG@10" in told
    data = json.loads(compare(workspace, *(run.pk for run in runs), metric=lean, json=True))
    assert data["verdict"]["groups"][0]["pairs"][0]["better"] == str(runs[0].pk)


def test_bad_ids_and_metrics_are_refused_in_words(workspace):
    run, other = (measured_run(workspace, name) for name in ("one", "two"))
    theirs = measured_run(make_workspace(), "theirs")
    for ids, words in (
        ([run.pk], "accepted: 2 to 10"),
        ([run.pk, "foo"], "“foo” is not the id of a run"),
        ([run.pk, uuid.uuid4()], "There is no run here"),
        ([run.pk, theirs.pk], "There is no run here"),
    ):
        with pytest.raises(CommandError, match=words):
            compare(workspace, *ids)
    with pytest.raises(CommandError, match="cannot be compared user by user here; accepted: rated"):
        compare(workspace, run.pk, other.pk, metric="accuracy")
