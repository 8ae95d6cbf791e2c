"""Counts and ranks stored beside the metrics of each user, against lists sorted and counted one by one."""

from __future__ import annotations

import pytest
from hypothesis import given

from experiments.learning.comparison.per_user import metrics_available, read
from experiments.tests.metrics import by_hand
from experiments.tests.metrics.scenes import Scene, random_scene, scenes

KS = (2, 5)


def rows(evaluation, protocol):
    table = evaluation.per_user
    mine = table[table["protocol"] == protocol]
    return {int(row["user"]): row for row in mine.to_dict("records")}


def ranks_in(items, relevant):
    return [place for place, item in enumerate(items, start=1) if item in relevant]


def check_ranks(row, ranks):
    assert (row["relevant"], row["first_rank"], row["last_rank"]) == (len(ranks), ranks[0], ranks[-1])
    assert row["mean_rank"] == pytest.approx(sum(ranks) / len(ranks), rel=1e-12)


@given(scenes())
def test_catalogue_counts_are_those_of_the_sorted_lists(scene):
    found = rows(scene.evaluate(ks=KS), "catalogue")
    expected = by_hand.catalogue_lists(scene)
    assert found.keys() == expected.keys()
    for user, (items, relevant) in expected.items():
        check_ranks(found[user], ranks_in(items, relevant))
        assert found[user]["candidates"] == len(items)
        for k in KS:
            assert found[user][f"recommended_at_{k}"] == min(k, len(items))
            assert found[user][f"hits_at_{k}"] == len(relevant & set(items[:k]))


@given(scenes())
def test_rated_counts_look_at_the_whole_order_and_count_only_what_reaches_the_cut(scene):
    cut = 3.0
    found = rows(scene.evaluate(ks=(3,), cut=cut), "rated")
    for user in {user for user, _, _ in scene.test}:
        rated = {item: value for who, item, value in scene.test if who == user}
        relevant = {item for item, value in rated.items() if value >= 4.0}
        if not relevant:
            assert user not in found
            continue
        items = by_hand.ranked(scene.scores[user], rated)
        shown = [item for item in items[:3] if scene.scores[user, item] >= cut]
        check_ranks(found[user], ranks_in(items, relevant))
        assert found[user]["test_items"] == len(rated)
        assert found[user]["recommended_at_3"] == len(shown)
        assert found[user]["hits_at_3"] == len(relevant & set(shown))


def test_nobody_counted_gives_no_rows_and_no_error():
    scene = Scene(((0, 0, 5.0),), (), ((0, 1, 1.0),), [[1.0, 1.0, 1.0]], 3).with_scores([[1.0, 1.0, 1.0]])
    assert rows(scene.evaluate(), "catalogue") == {}


def test_comparisons_read_the_table_as_before(tmp_path):
    """Counts are columns like others to a reader of the file, and no metric that runs are compared by."""
    file = tmp_path / "per_user.parquet"
    random_scene(70).evaluate().per_user.to_parquet(file)
    assert not [
        name for names in metrics_available(file).values() for name in names if "hits" in name or "rank" in name
    ]
    assert {"relevant", "first_rank", "ndcg_at_10"} <= set(read(file, "catalogue").columns)
