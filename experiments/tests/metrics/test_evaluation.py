"""What an evaluation is as a whole: independent of blocks, bounded in memory, storable, repeatable."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.tests.metrics.scenes import Scene, TableScorer, fold, random_scene, result


@pytest.mark.parametrize("last_block", [0, 1, 5])
def test_the_size_of_blocks_changes_nothing(last_block):
    scene = random_scene(51, distinct=30)
    whole = scene.evaluate(block_users=1000)
    counted = result(whole, "recall_at_10").users_counted
    pieces = scene.evaluate(block_users=1 if last_block == 0 else counted - last_block)
    for one, other in zip(whole.metrics, pieces.metrics, strict=True):
        for line in ("value", "random", "popularity", "oracle", "everything"):
            assert getattr(one, line) == pytest.approx(getattr(other, line), abs=1e-12), (one.name, line)
    pd.testing.assert_frame_equal(whole.per_user, pieces.per_user)
    assert (whole.confusion, whole.roc, whole.protocols) == (pieces.confusion, pieces.roc, pieces.protocols)


def test_two_evaluations_are_equal():
    scene = random_scene(52)
    assert scene.evaluate().metrics == scene.evaluate().metrics


def test_no_more_users_are_scored_at_a_time_than_asked_for():
    scene = random_scene(53)
    scorer = TableScorer(scene.scores)
    scene.evaluate(scorer=scorer, block_users=8)
    assert 0 < scorer.largest_block <= 8


class FormulaScorer:
    """Scores computed when asked for, so that no matrix of users x items exists anywhere."""

    def __init__(self, items):
        self.items = items

    def score_pairs(self, users, items):
        return ((users * 31 + items * 17) % 1009).astype(np.float32)

    def score_block(self, users):
        return self.score_pairs(users[:, None], np.arange(self.items)[None, :])


def test_memory_is_bounded_by_a_block_and_not_by_users_times_items():
    users, items = 3000, 4000
    generator = np.random.default_rng(0)
    rows = [(user, int(item), 5.0) for user in range(users) for item in generator.choice(items, 4, replace=False)]
    train, test = fold(rows[0::2]), fold(rows[1::2])
    tracemalloc.start()
    try:
        evaluate(
            FormulaScorer(items),
            train=train,
            validation=fold([]),
            test=test,
            num_items=items,
            feedback="implicit",
            scale=None,
            predicts_ratings=False,
            settings=EvaluationSettings(block_users=64),
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < users * items * 4 / 2  # half of one float32 score matrix


def test_a_large_catalogue_gets_smaller_blocks():
    settings = EvaluationSettings(block_users=1024)
    assert settings.users_per_block(1000) == 1024
    assert settings.users_per_block(100_000) == 80
    assert settings.users_per_block(10**9) == 1


def test_what_is_stored_is_plain_json_and_never_nan():
    evaluation = random_scene(54).evaluate()
    for part in (evaluation.protocols, evaluation.confusion, evaluation.roc, evaluation.precision_recall):
        json.dumps(part, allow_nan=False)
    json.dumps(evaluation.calibration, allow_nan=False)
    json.dumps([metric.__dict__ | {"attained": metric.attained} for metric in evaluation.metrics], allow_nan=False)


def test_no_metric_is_named_twice_and_no_name_has_an_at_sign():
    metrics = random_scene(55).evaluate().metrics
    keys = [(metric.protocol, metric.segment, metric.name) for metric in metrics]
    assert len(set(keys)) == len(keys)
    assert not any("@" in metric.name for metric in metrics)


def test_the_table_of_users_gives_the_means_again():
    evaluation = random_scene(56).evaluate()
    table = evaluation.per_user
    for protocol in ("rated", "catalogue"):
        mine = table[table["protocol"] == protocol]
        for name in ("precision_at_10", "recall_at_10", "ndcg_at_10"):
            assert mine[name].mean() == pytest.approx(result(evaluation, name, protocol).value, abs=1e-12)
        assert len(mine) == result(evaluation, "recall_at_10", protocol).users_counted
    errors = table[table["protocol"] == "pointwise"]
    rmse = np.sqrt(errors["squared_error"].sum() / errors["ratings"].sum())
    assert rmse == pytest.approx(result(evaluation, "rmse", "pointwise").value, abs=1e-12)


def test_every_protocol_says_what_it_is():
    protocols = random_scene(57).evaluate().protocols
    assert set(protocols) == {"rated", "catalogue", "pointwise"}
    for described in protocols.values():
        assert {"definition", "label", "summary", "candidates", "users_counted", "users_left_out"} <= set(described)
    for name in ("rated", "catalogue"):
        assert protocols[name]["relevance"] == "test rating of 4 or more"
    assert protocols["rated"]["cut_chosen_on"] == "validation"


def test_progress_counts_users():
    scene = random_scene(58)
    seen: list[tuple[int, int]] = []
    evaluate(
        TableScorer(scene.scores),
        train=fold(scene.train),
        validation=fold(scene.validation),
        test=fold(scene.test),
        num_items=scene.num_items,
        feedback="explicit",
        scale=(1, 5),
        predicts_ratings=True,
        settings=EvaluationSettings(block_users=25),
        on_progress=lambda done, total: seen.append((done, total)),
    )
    total = seen[-1][1]
    assert seen == [(min(25 * (at + 1), total), total) for at in range(len(seen))]
    assert len(seen) == -(-total // 25)


def test_a_cold_user_is_evaluated_like_any_other():
    scores = np.array([[3, 2, 1], [1, 2, 3]], dtype=np.float32)
    scene = Scene(((0, 0, 5.0),), (), ((1, 2, 5.0),), scores, 3)
    evaluation = scene.evaluate(ks=(1,))
    assert result(evaluation, "recall_at_1").value == 1.0
    assert result(evaluation, "recall_at_1", "catalogue", "new_users").users_counted == 1
