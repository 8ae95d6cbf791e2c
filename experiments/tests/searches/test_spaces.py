"""Spaces are read within the architecture's own bounds, and everything wrong is said field by field."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats.qmc import discrepancy

from experiments.learning import architectures
from experiments.learning.search.defaults import usual_space
from experiments.learning.search.importance import importances
from experiments.learning.search.points import share_at
from experiments.learning.search.space import Choices, Interval, read, stored

EASE = architectures.get("ease").parameters
HYBRID = architectures.get("hybrid").parameters


def fields(parameters, given):
    return [problem.field for problem in read(parameters, given)[1]]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"nonsense": {"low": 1, "high": 2}}, "space.nonsense"),
        ({"learning_rate": {"low": 0.1, "high": 0.01}}, "space.learning_rate.high"),
        ({"learning_rate": {"low": 0.1, "high": 0.1}}, "space.learning_rate.high"),
        ({"learning_rate": {"low": 1e-9, "high": 0.1}}, "space.learning_rate.low"),
        ({"learning_rate": {"low": 0.1, "high": 7}}, "space.learning_rate.high"),
        ({"regularization": {"low": 0, "high": 1, "log": True}}, "space.regularization.low"),
        ({"learning_rate": {"low": 0.1}}, "space.learning_rate.high"),
        ({"learning_rate": {"low": "x", "high": 1}}, "space.learning_rate.low"),
        ({"learning_rate": {"low": float("nan"), "high": 1}}, "space.learning_rate.low"),
        ({"embedding_dim": {"low": 1.5, "high": 8}}, "space.embedding_dim.low"),
        ({"embedding_dim": {"low": 1, "high": 8, "step": 99}}, "space.embedding_dim.step"),
        ({"embedding_dim": {"low": 1, "high": 8, "step": 1, "log": True}}, "space.embedding_dim.step"),
        ({"embedding_dim": {"low": 1, "high": 8, "stride": 1}}, "space.embedding_dim.stride"),
        ({"objective": {"low": 1, "high": 2}}, "space.objective"),
        ({"objective": {"choices": []}}, "space.objective.choices"),
        ({"objective": {"choices": ["rating", "nonsense"]}}, "space.objective.choices"),
        ({"objective": {"choices": ["rating"], "low": 1}}, "space.objective.low"),
        ({"objective": "rating"}, "space.objective"),
        ({}, "space"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_wrong(said, field):
    assert fields(HYBRID, said) == [field]


def test_a_space_is_typed_and_can_be_stored_and_read_again():
    given = {
        "learning_rate": {"low": "1e-4", "high": "0.1", "log": "on"},
        "embedding_dim": {"low": "8", "high": "64", "step": "8"},
        "objective": {"choices": ["rating", "joint"]},
        "biases": {"choices": ["true", "false"]},
    }
    space, problems = read(HYBRID, given)
    assert not problems
    assert space["learning_rate"] == Interval(1e-4, 0.1, log=True)
    assert space["embedding_dim"] == Interval(8, 64, step=8, whole=True)
    assert space["biases"] == Choices((True, False))
    assert read(HYBRID, stored(space)) == (space, [])


@pytest.mark.parametrize("key", architectures.all_keys())
def test_every_architecture_has_a_usual_space_that_it_accepts_and_that_holds_its_defaults(key):
    parameters = architectures.get(key).parameters
    defaults = parameters().model_dump()
    space = usual_space(parameters, defaults)
    if not space:
        assert not set(defaults) & {"learning_rate", "regularization", "embedding_dim"}
        return
    assert read(parameters, stored(space)) == (space, [])
    assert all(space[name].holds(defaults[name]) for name in space)
    for share in (0.0, 0.3, 0.9999):
        parameters.model_validate(defaults | {name: one.at(share) for name, one in space.items()})


def test_even_points_are_more_even_than_random_ones():
    """By SciPy's centred discrepancy, which is 0 for a perfectly even set."""
    even = np.array([[share_at(number, axis, 5) for axis in range(3)] for number in range(64)])
    drawn = np.random.default_rng(5).random((64, 3))
    assert discrepancy(even) < discrepancy(drawn) / 2
    assert ((even >= 0) & (even < 1)).all()


def test_importance_finds_what_matters_and_nothing_in_noise():
    generator = np.random.default_rng(1)
    matters, noise = generator.random(80), generator.random(80)
    kind = generator.integers(0, 2, 80)
    value = -((matters - 0.5) ** 2) + 0.02 * kind + 0.01 * generator.random(80)
    found = importances(list(value), {"noise": list(noise), "matters": list(matters), "kind": [bool(k) for k in kind]})
    assert next(iter(found)) == "matters"
    assert found["matters"] > 0.5
    assert found["noise"] < 0.1
    assert importances(list(value), {"same": [1.0] * 80}) == {"same": None}
    assert importances([1.0] * 9, {"x": list(range(9))}) == {}
