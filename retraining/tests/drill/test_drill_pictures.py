"""The picture of a drill says what its figures say."""

from __future__ import annotations

import json

import pytest

from retraining import drill_charts
from retraining.drill.ease import ease
from retraining.drill.report import drill
from retraining.drill.stream import Compose
from retraining.drill.synthetic import World, synthetic


@pytest.fixture(scope="module")
def shown():
    stream = synthetic("new_items", World(users=250, items=60, days=56, warm_up_days=28))
    return json.loads(json.dumps(drill(stream, ease(), 28, compose=Compose(14.0)).to_json()))


def test_what_is_gained_ends_at_what_is_recovered(shown) -> None:
    lines = {one.name: one.points for one in drill_charts.charts(shown)[0].series}
    outcomes = {one["strategy"]: one for one in shown["outcomes"]}
    for name in ("weekly", "daily", "ours"):
        assert lines[drill_charts.TITLES[name]][0] == (28.0, 0.0)
        assert lines[drill_charts.TITLES[name]][-1] == (56.0, pytest.approx(outcomes[name]["recovered"]))
    assert [x for x, _ in lines["It retrains"]] == outcomes["ours"]["retrainings"]


def test_every_retraining_has_one_reason_and_a_place_in_the_picture(shown) -> None:
    ours = next(one for one in shown["outcomes"] if one["strategy"] == "ours")
    why = drill_charts.reasons(ours)
    assert sorted(day for days in why.values() for day in days) == ours["retrainings"]
    rows = {one.name: [x for x, _ in one.points] for one in drill_charts.when(shown).series}
    assert rows.get("By a signal", []) == why["signal"] != []


def test_the_sentence_has_both_figures_and_old_results_are_drawn(shown) -> None:
    said = drill_charts.sentence(shown)
    assert said.startswith("This policy recovered ")
    assert "every week recovered" in said
    old = json.loads(json.dumps(shown))
    for one in old["outcomes"]:
        for name in ("by_data", "recovered_low", "recovered_high"):
            del one[name]
    assert "draws" not in drill_charts.sentence(old)
    assert len(drill_charts.charts(old)) == 4
    assert drill_charts.when(old).series
    old["gap"] = -0.1
    assert "nothing to recover" in drill_charts.sentence(old)
