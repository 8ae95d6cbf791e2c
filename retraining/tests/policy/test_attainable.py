"""Floors that no model can reach, or that anything reaches, and what is proposed instead."""

from __future__ import annotations

from dataclasses import replace

from retraining.policy.attainable import Baseline, attainable
from retraining.policy.policy import Performance

OWN = Baseline("ndcg_at_10", "catalogue", 0.40)
RULE = Performance()


def test_between_everything_and_the_oracle_it_stands() -> None:
    for everything, oracle in ((0.65, 0.90), (0.7499, 0.75)):
        found = attainable(RULE, oracle, everything, OWN)
        assert (found.reached, found.proposal) == (True, None)


def test_above_the_oracle_or_not_above_everything_another_is_proposed() -> None:
    beyond = attainable(RULE, 0.74, 0.3, OWN)
    assert beyond.reached is False
    assert beyond.proposal == replace(RULE, metric="ndcg_at_10", protocol="catalogue", floor=0.34)
    assert beyond.sentence == (
        "F1@10 (rated) of at least 0.75 is out of reach on this data: the best any model could score is 0.74. "
        "Proposed instead: NDCG@10 (catalogue) of 0.34, 85 % of the version's own baseline of 0.4."
    )
    for everything in (0.75, 0.8):
        found = attainable(RULE, 0.9, everything, OWN)
        assert found.proposal is not None
        assert "recommending everything scores" in found.sentence


def test_errors_are_mirrored() -> None:
    rule = Performance(metric="rmse", protocol="pointwise", floor=0.5, worse="above")
    assert attainable(rule, 0.0, 1.2, None).reached is True
    found = attainable(rule, 0.6, 1.2, Baseline("rmse", "pointwise", 0.85))
    assert found.proposal is not None
    assert found.proposal.floor == 1.0


def test_without_lines_or_a_baseline_nothing_is_proposed() -> None:
    assert attainable(RULE, None, None, OWN).reached is None
    assert attainable(RULE, 0.9, None).reached is True
    assert attainable(RULE, 0.5, None).proposal is None
    assert attainable(RULE, 0.5, None, replace(OWN, value=0.0)).proposal is None
