"""The tab "Explain": lists with reasons that are the model's own, typed users, and each state that shows nothing."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.explain_bars import item_bars, signed
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import split
from experiments.models import Artifact, Experiment, JobStatus
from experiments.selectors.explanations import ExplainedItem
from experiments.services import explained_model as kept
from experiments.services.runs.stored_model import recommender_of
from experiments.services.spec import split_spec
from experiments.tests.pages import scenes
from experiments.tests.pages.table import text_of
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from experiments.tests.trained import trained_run


@pytest.fixture(autouse=True)
def nothing_kept():
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def trained(workspace):
    return trained_run(stored_dataset(workspace, "Small synthetic"), "neighbours", "item_knn")


def page(client, run, **query):
    answer = client.get(f"/experiments/{run.pk}/", {"tab": "explain", **query})
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize("architecture", ["item_knn", "ease", "popularity"])
def test_the_list_is_the_models_own_and_its_parts_sum_to_the_score(client, workspace, architecture):
    run = trained_run(stored_dataset(workspace, "Small synthetic"), architecture, architecture)
    data = read_snapshot(run.dataset.path)
    parts = split(data, split_spec(run.split))
    code = int(data.user[parts.train][0])
    scores = recommender_of(run)[0].score_block(np.array([code], np.int32))[0].astype(float)
    known = np.concatenate([parts.train, parts.validation])
    scores[data.item[known][data.user[known] == code]] = -np.inf
    found = page(client, run, user=data.user_ids[code]).context["found"]
    assert [each.item_id for each in found.items] == list(data.item_ids[np.argsort(-scores, kind="stable")[:10]])
    for each in found.items:
        expected = scores[list(data.item_ids).index(each.item_id)]
        assert sum(part.value for part in each.parts) == pytest.approx(expected, abs=1e-5)
        assert sum(each.kinds.values()) == pytest.approx(each.score, abs=1e-9)
    history = {data.titles()[item] for item in data.item[parts.train][data.user[parts.train] == code]}
    assert {near.title for each in found.items for near in each.near} <= history
    assert any(each.near for each in found.items) is (architecture != "popularity")


def test_without_a_user_the_page_offers_some_and_says_what_the_model_leans_on(client, trained):
    answer = page(client, trained)
    shown = text_of(answer.content.decode())
    assert "For example" in shown
    assert "What the model leans on" in shown
    example = answer.context["examples"][0]
    assert f"user={example}" in answer.content.decode()
    assert page(client, trained, user=example).context["bars"]


def test_an_item_that_is_asked_about_shows_every_part_and_its_place(client, trained):
    user = page(client, trained).context["examples"][0]
    eleventh = page(client, trained, user=user).context["found"].items[-1]
    answer = page(client, trained, user=f" {user} ", item=eleventh.item_id)
    assert "place 10 of the user" in text_of(answer.content.decode())
    assert [label for label, _, _ in answer.context["asked"].parts] == [part.label for part in eleventh.parts]


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"user": "nobody"}, "user", "“nobody” is an unknown user; accepted"),
        ({"user": ""}, "user", "required"),
        ({"user": "x" * 300}, "user", "at most 200"),
        ({"user": "<script>"}, "user", "unknown user"),
        ({"user": "", "item": "nothing"}, "user", "required"),
    ],
)
def test_a_user_that_is_unknown_is_said_beside_the_field(client, trained, query, field, said):
    answer = page(client, trained, **query)
    assert said in " ".join(answer.context["form"].errors[field])
    assert "found" not in answer.context
    assert "<script>" not in answer.content.decode().split("explain-form")[1].split("</form>")[0]


def test_an_unknown_item_is_said_beside_its_field(client, trained):
    user = page(client, trained).context["examples"][0]
    assert "unknown item" in " ".join(page(client, trained, user=user, item="nix").context["form"].errors["item"])


def test_a_user_of_whom_nothing_was_learnt_is_told_apart(client, workspace):
    run = trained_run(stored_dataset(workspace, "Small synthetic"), "by time", "ease", split={"method": "time"})
    data = read_snapshot(run.dataset.path)
    met = set(data.user[split(data, split_spec(run.split)).train])
    cold = [code for code in range(data.num_users) if code not in met]
    assert cold, "the split by time leaves somebody for the test alone"
    assert "Nothing was learnt about this user" in text_of(
        page(client, run, user=data.user_ids[cold[0]]).content.decode()
    )


def test_files_that_are_missing_or_changed_are_said_and_never_used(client, trained):
    arrays = Artifact.objects.get(experiment=trained, name="scorer.safetensors")
    content = arrays.file.read_bytes()
    arrays.file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "SHA-256" in page(client, trained, user="1").context["reason"]
    arrays.file.unlink()
    assert "missing" in page(client, trained).context["reason"]
    arrays.file.write_bytes(content)
    assert page(client, trained).context["state"] == "ready"
    Artifact.objects.filter(experiment=trained).delete()
    assert "left no stored model" in page(client, trained).context["reason"]


def test_what_is_too_large_for_a_page_is_said_before_it_is_read(client, trained, monkeypatch):
    monkeypatch.setattr(kept, "MOST_INTERACTIONS", 10)
    assert "at most 10" in page(client, trained).context["reason"]
    monkeypatch.setattr(kept, "MOST_BYTES", 1 << 4)
    assert "MiB" in page(client, trained).context["reason"]


def test_a_model_is_read_once_and_the_longest_unused_goes_first(workspace, trained, monkeypatch):
    monkeypatch.setattr(kept, "MOST_MODELS", 1)
    first = kept.explained_model(trained)
    assert kept.explained_model(trained) is first
    other = trained_run(trained.dataset, "other", "popularity")
    second = kept.explained_model(other)
    assert kept.explained_model(other) is second
    assert kept.explained_model(trained) is not first


def test_the_tab_costs_one_query_however_many_users_were_asked_for(client, trained):
    user = page(client, trained).context["examples"][0]
    with CaptureQueriesContext(connection) as queries:
        page(client, trained, user=user)
    assert len(queries) <= 3 + 2 + 1


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": JobStatus.FAILED, "failure_kind": "error", "failure_reason": "broken"}, "ended"),
        ({"status": JobStatus.COMPLETED}, "refused"),
    ],
)
def test_runs_without_a_model_say_so(client, workspace, fields, state):
    run = scenes.finished_run(workspace, **fields)
    assert page(client, run).context["state"] == state


def test_a_running_run_and_an_evaluation_say_what_to_wait_for_or_where_to_look(client, workspace, trained):
    assert page(client, scenes.running_run(workspace)).context["state"] == "waiting"
    judged = carried_out(
        scenes.make_experiment(
            workspace, dataset=trained.dataset, run_type="eval", evaluates=trained, architecture="item_knn"
        )
    )
    assert f"/experiments/{trained.pk}/?tab=explain" in page(client, judged).content.decode()


def test_what_is_of_another_workspace_does_not_exist(outsider, viewer, trained):
    address = f"/experiments/{trained.pk}/"
    assert outsider.get(address, {"tab": "explain", "user": "1"}).status_code == 404
    assert viewer.get(address, {"tab": "explain"}).status_code == 200
    assert Experiment.objects.filter(pk=trained.pk).exists()


def explained(**kinds):
    return ExplainedItem("1", "one", 1, sum(kinds.values()), kinds, (), (), ())


def test_bars_share_one_scale_and_what_is_negative_lies_left_of_zero():
    first, second = item_bars([explained(bias=3.0, collaborative=1.0), explained(bias=2.0, content=-1.0)])
    assert (first.zero, second.zero) == (20.0, 20.0)
    assert [(part.kind, part.x, part.width) for part in first.segments] == [("bias", 20, 60), ("collaborative", 80, 20)]
    assert [(part.kind, part.x, part.width) for part in second.segments] == [("bias", 20, 40), ("content", 0, 20)]
    assert second.words == "Score 1.00: content −1.00, bias +2.00"
    assert item_bars([]) == []
    assert (signed(0.25), signed(-2), signed(0)) == ("+0.250", "−2.00", "0")
