"""manage.py train_model: the same launch as everywhere, refused in words, followed to its end."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from experiments.models import Experiment
from experiments.tests.factories import make_dataset
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace
from mlopspro.testing.people import make_workspace


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("train_model", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def dataset(db):
    return make_dataset(make_workspace(), name="Mine")


def test_options_become_the_run(dataset):
    run("--dataset", "Mine", "--set", "epochs=3", "--seed", "7", "--split", "random", "--test-share", "0.3",
        "--tracker", "none", "--tag", "a", "--tag", "b", "--notes", "why", "--no-wait")  # fmt: skip
    made = Experiment.objects.get()
    assert (made.parameters["epochs"], made.seed, made.split["test_share"]) == (3, 7, 0.3)
    assert (made.trackers, made.tags, made.notes, made.created_through) == ([], ["a", "b"], "why", "command")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dataset", "Nobody's"], "Mine"),
        (["--dataset", "Mine", "--architecture", "magic"], "hybrid"),
        (["--dataset", "Mine", "--set", "epochs"], "NAME=VALUE"),
        (["--dataset", "Mine", "--set", "epochs=0"], "greater than or equal to 1"),
        (["--dataset", "Mine", "--set", "colour=red"], "parameters.colour"),
        (["--dataset", "Mine", "--as", "nobody@example.org"], "no such person"),
        (["--dataset", "Mine", "--workspace", "elsewhere"], "elsewhere"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_could_be(dataset, arguments, words):
    with pytest.raises(CommandError, match=words):
        run(*arguments, "--no-wait")
    assert not Experiment.objects.exists()


def test_reaping_by_hand_says_what_it_found(dataset):
    out = io.StringIO()
    call_command("reap_jobs", stdout=out)
    assert "0 lost attempts" in out.getvalue()


@pytest.mark.services
def test_a_run_is_followed_to_its_end_and_told_as_json(live_stack):
    stored_dataset(Workspace.objects.get(), "Small synthetic")
    out = live_stack.manage(
        "train_model", "--dataset", "Small synthetic", "--architecture", "popularity", "--tracker", "none", "--json"
    )
    told = json.loads(out)
    assert told["status"] == "completed"
    assert 0 < told["metrics"]["catalogue"]["ndcg_at_10"] < 1
