"""Whole ways through the product: a candidate from newer data, and models of tables that are promoted by their run."""

from __future__ import annotations

import pytest

from experiments.services import importing, promotion, registrations, registry, tables
from experiments.services.gate import gate
from experiments.tests.registered import make_model, make_run, make_version
from experiments.tests.stored import stored_dataset
from experiments.tests.trained import trained_run


def test_the_evaluation_that_the_gate_names_settles_it(workspace, engineer):
    """Production learnt from last month, the candidate from this one: judged on the same rows after all."""
    live = make_version(workspace, architecture="popularity")
    promotion.promote(live, actor=engineer)
    newer = stored_dataset(workspace, "newer ratings", seed=2)
    candidate = make_version(workspace, run=make_run(workspace, "ease", newer))
    found = gate(candidate)
    assert (found.state, found.passed) == ("not_comparable", None)
    assert found.offer is not None

    again = trained_run(
        newer, "production on newer ratings", "popularity", run_type="eval", evaluates=found.offer.evaluates,
        split=found.offer.split,
    )  # fmt: skip
    settled = gate(candidate)
    assert settled.judged_run == str(again.pk)
    assert settled.state in ("passed", "failed")
    assert settled.production == pytest.approx(_ndcg(again))
    assert settled.candidate == pytest.approx(_ndcg(candidate.experiment))


def _ndcg(run) -> float:
    return run.metric_values.get(protocol="catalogue", name="ndcg_at_10", segment="all").value


def test_models_of_tables_are_registered_judged_and_promoted_by_their_runs(workspace, engineer):
    job = importing.carry_out_here(
        tables.import_synthetic_table(workspace=workspace, actor=engineer, family="pricing", name="prices")
    )
    model = make_model(workspace, "prices", family="pricing")
    for architecture in ("mean_demand", "log_log_elasticity"):
        trained_run(job.dataset, architecture, architecture, register_as=model.pk, auto_promote=True)
        registrations.register_pending(5)
    first, second = model.versions.order_by("created_at")
    assert (first.stage, second.stage) == ("archived", "production")
    assert second.number == "2.0.0", "another architecture"
    change = second.stage_changes.get(kind="promoted")
    assert change.gate["headline"] == "demand.rmse_log"
    assert change.gate["improvement"] > 0.01
    assert change.gate["high"] < 0, "lower is better"
    assert registry.load_scorer(second).config()["kind"]
