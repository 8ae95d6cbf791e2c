"""Estimates from logged traffic hold against the truth: of lists that serving drew itself, and of lists sent to us."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
import zlib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from django.core.cache import cache as kept
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from experiments.models import Dataset, Stage
from experiments.services import promotion
from experiments.services.exploration import change_exploration
from experiments.services.serving_files import catalogue_of
from experiments.services.version_files import load_scorer
from experiments.tests.registered import make_model, make_version
from mlopspro.accounts.permissions import Role
from mlopspro.serving import loaded
from mlopspro.serving.entries import list_entry
from mlopspro.serving.list_answers import answer_list
from mlopspro.testing.people import make_member, make_workspace
from monitoring.models import Source
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.own_choices import Drawn, ranker
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of
from retraining.models import Retraining, RetrainingStep
from retraining.services import gate_hint, off_policy

N = 3
"""Items of a list."""


@pytest.fixture(autouse=True)
def nothing_loaded():
    loaded.forget()
    yield
    loaded.forget()


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def pair(workspace):
    """(in production, beside it), on the same small data, which ended yesterday."""
    made = []
    for architecture, stage in (("popularity", Stage.PRODUCTION), ("item_knn", Stage.STAGING)):
        version = make_version(workspace, make_model(workspace, "Films"), architecture=architecture)
        promotion.promote(version, actor=None, to_stage=stage, force=True, reason="a test needs it there")
        made.append(version)
    Dataset.objects.filter(workspace=workspace).update(last_at=timezone.now() - dt.timedelta(days=1))
    for version in made:
        version.refresh_from_db()
    return tuple(made)


def wanted(item: str) -> float:
    """The chance with which anybody says yes to an item: what the world is like."""
    return 0.1 + 0.8 * (zlib.crc32(item.encode()) % 1000) / 1000


def served(workspace, live, number: int, share: float, seed: int = 1) -> list[LoggedPrediction]:
    """Lists as production answers them, with a share that explores, and what users say of them."""
    change_exploration(live.model, share, actor=None)
    model = loaded.live(workspace)["Films"]
    users = list(catalogue_of(live).user_ids)
    rng = np.random.default_rng(seed)
    at = timezone.now() - dt.timedelta(hours=2)
    rows = []
    for place in range(number):
        moment = at + dt.timedelta(milliseconds=place)
        user, made = users[int(rng.integers(len(users)))], uuid.uuid5(uuid.NAMESPACE_OID, f"{seed} {place}")
        answer = answer_list(model, model.champion, user, N, at=moment, request=made)
        rows.append(replace(list_entry(answer, user, new_id(moment), moment, 1.0)))
    react(workspace, rows, rng)
    return rows


def react(workspace, rows: list[LoggedPrediction], rng: np.random.Generator) -> None:
    write_predictions(rows)
    said = [
        FeedbackRow(prediction_id=row.id, kind="click", item=item, value=float(rng.random() < wanted(item)), at=row.at)
        for row in rows
        for item in row.items or ()
    ]
    write_feedback(said, workspace=workspace)


def test_the_worth_of_a_version_on_lists_that_serving_drew_is_the_true_one(workspace, pair):
    live, other = pair
    rows = served(workspace, live, 3_000, 1.0)
    found = off_policy.estimate(other, seconds=60)
    assert (found.state, found.kind, found.lists, found.unused) == ("estimated", "exploration", 3_000, 0)
    model = loaded.live(workspace)["Films"]
    truth = {"own": [], "other": []}
    for row in rows:
        truth["own"].append(wanted(candidates(model, row.user)[0]))
        truth["other"].append(wanted(best(other, row.user, candidates(model, row.user))))
    for document, true in ((found.challenger, truth["other"]), (found.champion, truth["own"])):
        half = (document["high"] - document["low"]) / 2
        # Twice the 95 % interval: a fair estimate lies outside once in ten thousand runs.
        assert abs(document["value"] - np.mean(true)) < 2 * half
        assert half < 0.15
    assert abs(found.robust["value"] - np.mean(truth["other"])) < found.robust["high"] - found.robust["low"]
    assert f"{other.number} shows at the place that is drawn" in found.sentence
    assert "A hint, and no test." in found.sentence


def candidates(model, user: str) -> list[str]:
    deep = replace(model, exploration=0.0)
    answer = answer_list(deep, deep.champion, user, N - 1 + 20, at=timezone.now(), request=uuid.uuid4())
    return [one.item for one in answer.found.items][N - 1 :]


def best(version, user: str, items: list[str]) -> str:
    """By the version's own scorer, of what it does not know as seen."""
    key = (version.pk, user)
    if key not in _BEST:
        catalogue, scorer = parts_of(version)
        code = catalogue.user_ids.find(user)
        scores = scorer.score_block(np.array([code], np.int32))[0]
        seen = set(catalogue.seen(code).tolist())
        codes = {item: catalogue.item_ids.find(item) for item in items}
        _BEST[key] = max((one for one in items if codes[one] not in seen), key=lambda one: scores[codes[one]])
    return _BEST[key]


@cache
def parts_of(version):
    return catalogue_of(version), load_scorer(version)


_BEST: dict[tuple[object, str], str] = {}


def test_a_share_of_one_in_five_says_the_same_with_less_certainty(workspace, pair):
    live, other = pair
    served(workspace, live, 600, 0.2)
    found = off_policy.estimate(other, seconds=60)
    assert found.challenger["effective"] < found.champion["effective"] <= 600
    few = off_policy.estimate(other, seconds=0)
    assert few.unused == 599
    assert few.state == "not_enough"
    assert "100 are needed" in few.sentence or "nothing can be said" in few.sentence


def test_lists_that_cannot_be_made_again_and_old_ones_are_not_used(workspace, pair):
    live, other = pair
    rows = served(workspace, live, 40, 1.0)
    swapped = [replace_items(row, [row.items[1], row.items[0], row.items[2]]) for row in rows[:10]]
    write_predictions(swapped)
    assert off_policy.estimate(other, seconds=60).unused == 10
    Dataset.objects.filter(workspace=workspace).update(last_at=timezone.now())
    other.refresh_from_db()
    gone = off_policy.estimate(other, seconds=60)
    assert (gone.state, gone.lists) == ("none", 0)
    assert f"when what {other.number} learnt from ends" in gone.sentence
    assert "Let a share of the lists explore" in gone.sentence


def replace_items(row: LoggedPrediction, items: list[str]) -> LoggedPrediction:
    return replace(row, id=new_id(row.at), items=items)


def test_lists_that_others_sent_with_propensities_are_judged_item_by_item(workspace, pair):
    """Two items compete for each place, at known chances; the version's list has one, both or none of them."""
    live, other = pair
    source = source_of(model=live.model, version=None, role=Source.As.ELSEWHERE, label="their own ranker")
    users, items = list(catalogue_of(live).user_ids)[:60], list(catalogue_of(live).item_ids)
    rng = np.random.default_rng(5)
    at = timezone.now() - dt.timedelta(hours=2)
    rows, shown_truth = [], []
    mine = dict(zip(users, ranker().lists(other, [(user, 8) for user in users]), strict=True))
    for place in range(900):
        user = users[place % len(users)]
        pairs = [(items[2 * slot], items[2 * slot + 1]) for slot in range(8)]
        first = rng.random(8) < 0.7
        chosen = [a if one else b for (a, b), one in zip(pairs, first, strict=True)]
        rows.append(
            LoggedPrediction(
                id=new_id(at),
                at=at + dt.timedelta(milliseconds=place),
                source_id=source.pk,
                user=user,
                items=chosen,
                propensities=[0.7 if one else 0.3 for one in first],
            )
        )
        shown_truth += [wanted(item) for both in pairs for item in both if item in mine[user]]
    react(workspace, rows, rng)
    found = off_policy.estimate(other, seconds=60)
    assert (found.state, found.kind, found.robust) == ("estimated", "external", None)
    half = (found.challenger["high"] - found.challenger["low"]) / 2
    assert abs(found.challenger["value"] - np.mean(shown_truth)) < 2 * half
    assert found.challenger["rows"] == 8 * 900


def test_users_and_items_that_one_version_does_not_know(workspace, pair):
    live, other = pair
    model = loaded.live(workspace)["Films"]
    nobody = [one.item for one in answer_list(
        model, model.champion, "nobody", N, at=timezone.now(), request=uuid.uuid4()).found.items]  # fmt: skip
    drawn = [Drawn("nobody", tuple(nobody[:-1]), nobody[-1]), Drawn("nobody", tuple(nobody[:-1]), "no such item")]
    first, second = ranker().choices(live, other, drawn)
    assert (first.logged, first.other) == (0, 0), "both show popularity to whom nobody knows"
    assert second is None


def test_what_there_is_nothing_to_say_of(workspace, pair):
    live, other = pair
    assert "is in production itself" in off_policy.estimate(live).sentence
    nothing = off_policy.estimate(other)
    assert nothing.state == "none"
    assert "Let a share of the lists explore" in nothing.sentence


def test_page_api_and_command_say_the_same(workspace, pair, client):
    live, other = pair
    kept.clear()
    client.force_login(make_member(workspace, Role.ENGINEER))
    version_page = client.get(reverse("experiments:model_version", args=[live.model_id, other.pk])).content.decode()
    address = reverse("retraining:off_policy", args=[other.pk])
    assert address in version_page
    assert "Not asked in the last ten minutes" in client.get(address).content.decode()
    served(workspace, live, 400, 1.0)
    assert client.post(address).url == address
    page = client.get(address).content.decode()
    data = client.get("/api/retraining/off-policy", {"version": str(other.pk)}).json()["data"]
    assert data["lists"] == 400
    assert data["sentence"][:60] in page
    served(workspace, live, 20, 1.0, seed=2)
    again = client.get("/api/retraining/off-policy", {"version": str(other.pk)}).json()["data"]
    assert again == data, "remembered for ten minutes"
    out = io.StringIO()
    call_command("off_policy", other.number, "--model", "Films", "--workspace", workspace.slug, "--json", stdout=out)
    assert json.loads(out.getvalue())["lists"] == 420
    with pytest.raises(CommandError, match="id of a version"):
        call_command("off_policy", "newest", "--workspace", workspace.slug)
    for query in ({"version": "x"}, {}, {"version": str(other.pk), "days": 0}, {"version": str(other.pk), "nights": 3}):
        assert client.get("/api/retraining/off-policy", query).status_code == 422


def test_the_gate_keeps_the_hint_once_and_the_page_shows_it(workspace, pair, client):
    live, other = pair
    served(workspace, live, 400, 1.0)
    row = Retraining.objects.create(model=live.model, base=live, version=other, state="gate")
    step = RetrainingStep.objects.create(retraining=row, number=1, kind="gate", sentence="is judged")
    gate_hint.keep(row, step, other)
    assert step.evidence["off_policy"]["lists"] == 400
    before = dict(step.evidence["off_policy"])
    served(workspace, live, 10, 1.0, seed=2)
    gate_hint.keep(row, step, other)
    step.refresh_from_db()
    assert step.evidence["off_policy"] == before
    client.force_login(make_member(workspace, Role.VIEWER))
    page = client.get(reverse("retraining:run", args=[row.pk])).content.decode()
    assert "Estimate from logged traffic" in page
    assert before["sentence"][:40] in page


def test_a_hint_that_cannot_be_had_stops_nothing(workspace, pair):
    live, other = pair
    served(workspace, live, 20, 1.0)
    for file in other.files.all():
        file.file.unlink()
    row = Retraining.objects.create(model=live.model, base=live, version=other, state="gate")
    step = RetrainingStep.objects.create(retraining=row, number=1, kind="gate", sentence="is judged")
    gate_hint.keep(row, step, other)
    assert step.evidence["off_policy"]["state"] == "cannot"
    assert "cannot be loaded" in step.evidence["off_policy"]["sentence"]
