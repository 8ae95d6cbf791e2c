"""Promotion by rules, force with a reason and a role, rollback that needs no gate, and what each leaves behind."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from experiments.models import Deployment, MetricValue, ModelVersion, RegistryMessage, StageChange
from experiments.models.job import JobStateError
from experiments.selectors import registry as rows
from experiments.services import promotion, registry
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from experiments.tests.recipes_made import make_recipe
from experiments.tests.registered import judged_run, judged_version, make_version
from experiments.tests.registry.conftest import scores
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import NotAllowed, Role
from mlopspro.testing.people import make_member, make_workspace

REASON = "The shop opens tomorrow, agreed with Ada."


def codes(found) -> list[str]:
    return [blocker.code for blocker in found]


def refused(call, *args, **kwargs) -> list[str]:
    with pytest.raises(PromotionRefused) as error:
        call(*args, **kwargs)
    return codes(error.value.blockers)


def fresh(version: ModelVersion) -> ModelVersion:
    return ModelVersion.objects.get(pk=version.pk)


@pytest.fixture
def pair(workspace, engineer):
    """The version in production, and a better one."""
    live = judged_version(workspace, scores(0.3, seed=1))
    promotion.promote(live, actor=engineer)
    return fresh(live), judged_version(workspace, scores(0.5, seed=2))


def test_a_better_version_takes_the_place_of_the_champion(pair, engineer):
    live, better = pair
    change = promotion.promote(better, actor=engineer, reason="better")

    assert (fresh(live).stage, fresh(better).stage) == ("archived", "production")
    assert rows.champion(live.model) == better
    replaced = StageChange.objects.get(kind="replaced")
    assert (replaced.version, replaced.to_stage, replaced.at) == (live, "archived", change.at)
    assert change.gate["passed"] is True
    assert change.gate["against"] == live.number
    assert (change.blockers, change.forced, change.by) == ([], False, engineer)
    ended, running = Deployment.objects.order_by("started_at")
    assert (ended.version, ended.ended_at) == (live, running.started_at)
    entry = AuditEntry.objects.get(action="promote_model", object_id=str(better.pk))
    assert (entry.before["production"], entry.after["stage"], entry.reason) == (live.number, "production", "better")
    told = RegistryMessage.objects.filter(kind="alias").values_list("payload__alias", "payload__number")
    assert list(told) == [("champion", "1.0.0"), ("champion", "1.0.1")]


def test_history_is_never_rewritten(pair):
    with pytest.raises(IntegrityError), transaction.atomic():
        StageChange.objects.update(reason="it was always like this")
    with pytest.raises(IntegrityError), transaction.atomic():
        StageChange.objects.all().delete()


def test_a_version_that_is_not_better_is_held_and_production_untouched(pair, engineer, workspace):
    live, _ = pair
    worse = judged_version(workspace, scores(0.1, seed=3))
    assert refused(promotion.promote, worse, actor=engineer) == ["gate_failed"]
    assert rows.champion(live.model) == live
    assert fresh(worse).stage == "development"


def test_force_needs_a_reason_a_role_and_something_that_can_be_forced(pair, workspace, engineer):
    worse = judged_version(workspace, scores(0.1, seed=3))
    for reason in ("", "because", " " * 20):
        with pytest.raises(Refused, match="at least 10 characters"):
            promotion.promote(worse, actor=engineer, force=True, reason=reason)
    scientist = make_member(workspace, Role.SCIENTIST)
    with pytest.raises(NotAllowed):
        promotion.promote(worse, actor=scientist, force=True, reason=REASON)
    change = promotion.promote(worse, actor=engineer, force=True, reason=REASON)
    assert change.forced
    assert [blocker["code"] for blocker in change.blockers] == ["gate_failed"]
    assert change.reason == REASON
    assert AuditEntry.objects.get(object_id=str(worse.pk), action="promote_model").after["forced"] is True


def test_force_without_blockers_is_an_ordinary_promotion(pair, engineer):
    _, better = pair
    assert promotion.promote(better, actor=engineer, force=True, reason=REASON).forced is False


def test_a_missing_file_is_never_forced(pair, engineer):
    live, better = pair
    better.files.get(name="model.json").file.unlink()
    found = promotion.blockers(better)
    assert [(one.code, one.can_force) for one in found] == [("files", False)]
    assert "model.json: the file is missing" in found[0].message
    assert refused(promotion.promote, better, actor=engineer, force=True, reason=REASON) == ["files"]
    assert rows.champion(live.model) == live


def test_each_rule_has_its_blocker(pair, workspace):
    recipe = make_recipe(workspace)
    approved = recipe.versions.first()
    manifest = {"pipeline": {"evaluation": {"metrics": {"catalogue.ndcg_at_10": {"minimum": 0.9}}}}}
    version = judged_version(
        workspace,
        scores(0.6, seed=4),
        recipe_version=approved,
        manifest=manifest,
        dataset=pair[0].dataset,
        architecture="ease",
    )
    assert codes(promotion.blockers(version)) == ["threshold"]
    type(recipe).objects.filter(pk=recipe.pk).update(status="archived")
    assert codes(promotion.blockers(fresh(version))) == ["recipe_archived", "threshold"]
    type(approved).objects.filter(pk=approved.pk).update(status="draft")
    assert codes(promotion.blockers(fresh(version))) == ["recipe_not_approved", "threshold"]
    MetricValue.objects.filter(experiment=version.experiment, name="ndcg_at_10").update(popularity=0.99)
    assert codes(promotion.blockers(fresh(version))) == ["recipe_not_approved", "threshold", "loses_to_popularity"]
    MetricValue.objects.filter(experiment=version.experiment).delete()
    assert codes(promotion.blockers(fresh(version))) == ["recipe_not_approved", "no_evaluation", "threshold"]
    assert all(blocker.can_force for blocker in promotion.blockers(fresh(version)))


def test_staging_asks_no_gate_and_the_newest_there_is_the_challenger(pair, workspace, engineer):
    live, better = pair
    worse = judged_version(workspace, scores(0.1, seed=3))
    assert promotion.blockers(worse, "staging") == []
    promotion.promote(better, actor=engineer, to_stage="staging")
    promotion.promote(worse, actor=engineer, to_stage="staging")
    assert rows.challenger(live.model) == worse
    promotion.move(fresh(worse), actor=engineer, to_stage="archived", reason="no better")
    assert rows.challenger(live.model) == better
    promotion.promote(fresh(better), actor=engineer)
    assert rows.challenger(live.model) is None
    told = [
        (message.kind, message.payload["alias"], message.payload.get("number"))
        for message in RegistryMessage.objects.exclude(kind="register").order_by("pk")
    ]
    assert told == [
        ("alias", "champion", "1.0.0"),
        ("alias", "challenger", "1.0.1"),
        ("alias", "challenger", "1.0.2"),
        ("alias", "challenger", "1.0.1"),
        ("alias", "champion", "1.0.1"),
        ("unalias", "challenger", None),
    ]


@pytest.mark.parametrize(
    ("stage", "to_stage"),
    [("production", "production"), ("production", "staging"), ("archived", "production"), ("staging", "staging")],
)
def test_steps_that_are_no_promotion_say_what_to_do(workspace, engineer, stage, to_stage):
    version = judged_version(workspace, scores(0.3))
    ModelVersion.objects.filter(pk=version.pk).update(stage=stage)
    assert refused(promotion.promote, fresh(version), actor=engineer, to_stage=to_stage, force=True, reason=REASON) == [
        "wrong_stage"
    ]


def test_an_unknown_stage_is_refused(workspace):
    version = judged_version(workspace, scores(0.3))
    with pytest.raises(Refused, match="staging or production"):
        promotion.promote(version, actor=None, to_stage="heaven")
    with pytest.raises(Refused, match="is not known"):
        promotion.move(version, actor=None, to_stage="heaven")


def test_an_archived_model_promotes_and_rolls_back_nothing(workspace, engineer):
    version = judged_version(workspace, scores(0.3))
    registry.archive_model(version.model, actor=engineer)
    assert "archived_model" in refused(promotion.promote, version, actor=engineer, force=True, reason=REASON)


def test_a_model_in_production_is_not_archived(pair, engineer):
    live, _ = pair
    with pytest.raises(JobStateError, match=r"1\.0\.0 is in production"):
        registry.archive_model(live.model, actor=engineer)


# --- Going back ------------------------------------------------------------------------------------------------------


def test_rollback_is_one_call_also_where_the_gate_would_refuse(pair, engineer):
    live, better = pair
    promotion.promote(better, actor=engineer)
    change = promotion.rollback(live.model, actor=engineer)
    assert rows.champion(live.model) == live
    assert (change.kind, change.from_stage, change.to_stage) == ("rolled_back", "archived", "production")
    assert fresh(better).stage == "archived"
    assert AuditEntry.objects.filter(action="roll_back_model").count() == 1


def test_rollbacks_in_a_row_go_further_back_and_not_there_and_back(workspace, engineer):
    made = [judged_version(workspace, scores(0.2 + 0.1 * step, seed=step)) for step in range(3)]
    for version in made:
        promotion.promote(version, actor=engineer)
    model = made[0].model
    assert [promotion.rollback(model, actor=engineer).version for _ in range(2)] == [made[1], made[0]]
    assert [version.number for version in rows.former_champions(model)] == ["1.0.1", "1.0.2"]
    with_name = promotion.rollback(model, actor=engineer, to_version=made[2])
    assert with_name.version == made[2]


def test_after_production_was_taken_out_a_rollback_brings_it_back(pair, engineer):
    live, _ = pair
    promotion.move(live, actor=engineer, to_stage="archived", reason="it misbehaves")
    assert rows.champion(live.model) is None
    assert promotion.rollback(live.model, actor=engineer).version == live


def test_rollback_goes_only_to_what_was_in_production_and_is_whole(pair, engineer, workspace):
    live, better = pair
    with pytest.raises(Refused, match="no former version"):
        promotion.rollback(live.model, actor=engineer)
    with pytest.raises(Refused, match="was not in production before"):
        promotion.rollback(live.model, actor=engineer, to_version=better)
    promotion.promote(better, actor=engineer)
    live.files.get(name="model.json").file.unlink()
    with pytest.raises(Refused, match=r"1\.0\.0 cannot be loaded\. model\.json"):
        promotion.rollback(live.model, actor=engineer)
    assert rows.champion(live.model) == better


def test_a_version_of_another_model_is_no_way_back(pair, engineer, workspace):
    live, _ = pair
    other = judged_version(make_workspace(), scores(0.3))
    promotion.promote(other, actor=None)
    with pytest.raises(Refused, match="was not in production before"):
        promotion.rollback(live.model, actor=engineer, to_version=other)


# --- Other steps -----------------------------------------------------------------------------------------------------


def test_an_archived_version_comes_back_to_development_and_is_promoted_by_the_rules(workspace, engineer):
    version = judged_version(workspace, scores(0.3))
    promotion.move(version, actor=engineer, to_stage="archived")
    promotion.move(fresh(version), actor=engineer, to_stage="development")
    assert promotion.promote(fresh(version), actor=engineer).to_stage == "production"


def test_production_is_left_by_archiving_it(pair, engineer):
    live, _ = pair
    with pytest.raises(JobStateError, match="archive it, promote another or roll back"):
        promotion.move(live, actor=engineer, to_stage="development")
    promotion.move(live, actor=engineer, to_stage="archived", reason="it misbehaves")
    assert RegistryMessage.objects.filter(kind="unalias", payload__alias="champion").exists()
    assert not Deployment.objects.filter(ended_at__isnull=True).exists()


def test_a_page_that_showed_another_champion_is_told(pair, engineer, workspace):
    live, better = pair
    third = judged_version(workspace, scores(0.7, seed=5))
    promotion.promote(better, actor=engineer)
    with pytest.raises(JobStateError, match=r"meanwhile: version 1\.0\.1 is now in production"):
        promotion.promote(third, actor=engineer, seen_champion=live.pk)
    with pytest.raises(JobStateError, match="meanwhile"):
        promotion.rollback(live.model, actor=engineer, seen_champion=None)
    promotion.promote(third, actor=engineer, seen_champion=better.pk)


def test_real_models_are_judged_and_promoted(workspace, engineer):
    """Popularity first, then a model that really ranks better; back again, and the files still score."""
    simple, better = make_version(workspace, architecture="popularity"), make_version(workspace, architecture="ease")
    promotion.promote(simple, actor=engineer)
    found = promotion.assess(better)
    assert found.gate is not None
    assert (found.gate.passed, codes(found.blockers)) == (True, [])
    promotion.promote(better, actor=engineer)
    assert refused(promotion.promote, judged_version_like(simple), actor=engineer)
    promotion.rollback(simple.model, actor=engineer)
    assert registry.load_scorer(fresh(simple)).arrays()


def judged_version_like(version: ModelVersion) -> ModelVersion:
    """Another version on the same data that is worse."""
    run = judged_run(version.model.workspace, scores(0.01), dataset=version.dataset, split=version.split)
    return registry.register(run, actor=None, model=version.model)
