"""The built-in rules: families, questions, requests for changes, and honesty about what was not understood."""

from __future__ import annotations

import pytest

from experiments.assistant.recognise import recognise
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import Family
from experiments.recipes.checking import check
from experiments.recipes.merging import merge
from experiments.tests.assistant.talk import BASELINES, Talk

SAID = {
    Family.RECOMMENDATION: [
        "I want to recommend movies to people from their ratings",
        "Personalised playlists: what to listen to next, ranked items for each user",
        "Which books should we show on the home page? collaborative filtering maybe",
    ],
    Family.FORECASTING: [
        "Forecast daily sales of 40 shops for the next month",
        "How many orders will we get in the coming 28 days? There is a strong weekly season",
        "We need a time series model for staffing",
    ],
    Family.PRICING: [
        "What is the own-price elasticity of our products?",
        "Help me set the prices and margins so that revenue grows",
        "find the optimal price of each article by willingness to pay",
    ],
    Family.NEXT_BEST_ACTION: [
        "Which customers should get a coupon by e-mail so that they do not churn?",
        "next best offer for every customer, by uplift",
        "decide which action a campaign takes: call or e-mail",
    ],
    Family.LOCATION_SCORING: [
        "Where to open a new store?",
        "score places by footfall, latitude and longitude",
        "site selection for restaurants in a city",
    ],
}


@pytest.mark.parametrize(("family", "text"), [(family, text) for family, texts in SAID.items() for text in texts])
def test_a_family_is_recognised_by_what_is_said(family: Family, text: str):
    assert recognise(text).family is family


def test_without_evidence_it_asks_and_takes_a_name_for_an_answer():
    talk = Talk()
    said = talk.say("hello there")
    assert "did not recognise" in said
    assert all(family.label in said for family in Family)
    assert talk.pending == {}
    assert "pricing" in talk.say("Pricing.").lower()
    assert talk.family == "pricing"


def test_what_could_be_two_families_is_asked_about():
    seen = recognise("forecast with recommendation")
    assert seen.family is None
    assert set(seen.also) == {Family.FORECASTING, Family.RECOMMENDATION}


def test_a_conversation_ends_in_a_manifest_that_holds():
    talk = Talk()
    talk.say("Recommend films to people from ratings.")
    talk.say("People find a film within a minute")
    talk.say("Use EASE with regularization 300 and NDCG@10 at least 0.35")
    talk.say("split by time, at least 1,000 users")
    talk.say("The start page shows them")
    last = talk.say("Search team")
    assert "Nothing that I know of is missing" in last
    manifest = check(talk.whole, "recommendation")
    assert manifest.metadata.business_goal == "People find a film within a minute"
    assert manifest.metadata.owner == "Search team"
    assert manifest.pipeline.training.architecture == "ease"
    assert manifest.pipeline.training.parameters == {"regularization": 300}
    assert manifest.pipeline.evaluation.validation.method == "time"
    assert manifest.pipeline.evaluation.metrics["catalogue.ndcg_at_10"].minimum == 0.35
    assert manifest.requirements.min_history.users == 1000


@pytest.mark.parametrize(
    ("family", "text", "path", "value"),
    [
        (Family.RECOMMENDATION, "use hybrid, 20 epochs", "pipeline.training.parameters.epochs", 20),
        (Family.RECOMMENDATION, "the seed is 7", "pipeline.training.seed", 7),
        (Family.RECOMMENDATION, "F1@10 above 75%", "pipeline.evaluation.metrics.rated\\.f1_at_10.minimum", 0.75),
        (
            Family.RECOMMENDATION,
            "RMSE must be below 0.95",
            "pipeline.evaluation.metrics.pointwise\\.rmse.maximum",
            0.95,
        ),
        (Family.RECOMMENDATION, "leave last out please", "pipeline.evaluation.validation.method", "leave_last_out"),
        (Family.RECOMMENDATION, "leave out columns age and zip", "pipeline.feature_prep.leave_out", ["age", "zip"]),
        (Family.RECOMMENDATION, "every Monday at 3:30 in batch", "pipeline.deployment.schedule", "30 3 * * 1"),
        (Family.RECOMMENDATION, "in batch, nightly", "pipeline.deployment.mode", "batch"),
        (Family.RECOMMENDATION, "promote automatically", "pipeline.deployment.auto_promote", True),
        (Family.RECOMMENDATION, "never auto-promote", "pipeline.deployment.auto_promote", False),
        (Family.RECOMMENDATION, "answer within 50 ms", "pipeline.deployment.max_latency_ms", 50),
        (Family.RECOMMENDATION, "drift above 0.2 should alarm", "monitoring.drift.threshold", 0.2),
        (Family.RECOMMENDATION, "data must not be older than 2 days", "monitoring.freshness.max_age_hours", 48),
        (Family.FORECASTING, "4 weeks ahead", "pipeline.evaluation.validation.horizon", 28),
        (Family.FORECASTING, "5 folds, rolling origin", "pipeline.evaluation.validation.folds", 5),
        (Family.FORECASTING, "MASE at most 0.9", "pipeline.evaluation.metrics.forecast\\.mase.maximum", 0.9),
        (
            Family.NEXT_BEST_ACTION,
            "uplift@10 above 0.02",
            "pipeline.evaluation.metrics.action\\.uplift_at_10.minimum",
            0.02,
        ),
        (Family.LOCATION_SCORING, "spatial blocks", "pipeline.evaluation.validation.method", "spatial_blocks"),
    ],
)
def test_plain_requests_change_the_manifest(family: Family, text: str, path: str, value: object):
    talk = Talk(manifest=BASELINES[family])
    said = talk.say(text)
    assert "I propose" in said
    found: object = talk.pending
    for key in path.replace("\\.", "\0").split("."):
        found = found[key.replace("\0", ".")]  # type: ignore[index]
    assert found == value


def test_a_new_architecture_leaves_the_old_parameters_behind():
    manifest = {
        "family": "recommendation",
        "pipeline": {"training": {"architecture": "hybrid", "parameters": {"epochs": 20, "learning_rate": 0.01}}},
    }
    talk = Talk(manifest=manifest)
    talk.say("switch to EASE with regularization 100")
    training = merge(manifest, talk.pending)["pipeline"]["training"]
    assert training == {"architecture": "ease", "parameters": {"regularization": 100}}


def test_what_is_not_understood_changes_nothing_and_is_said():
    talk = Talk(manifest=BASELINES[Family.RECOMMENDATION], state={"family": "recommendation"})
    said = talk.say("make it sparkle")
    assert "did not read a change" in said
    assert talk.pending == {}


def test_a_question_can_be_left_open():
    talk = Talk()
    talk.say("Recommend films from ratings")
    assert talk.state["asked"] == "goal"
    talk.say("skip")
    assert talk.state["asked"] != "goal"
    assert "business_goal" not in talk.pending.get("metadata", {})


@pytest.mark.parametrize("family", list(BASELINES))
def test_it_lists_every_architecture_of_the_family(family: Family):
    said = Talk(manifest=BASELINES[family]).say("Which architectures are there?")
    assert all(f"`{key}`" in said for key in ARCHITECTURES_OF[family])


def test_a_later_proposal_goes_on_from_the_one_before():
    talk = Talk(manifest=BASELINES[Family.RECOMMENDATION])
    talk.say("split by time")
    talk.say("seed 9")
    assert talk.pending["pipeline"]["evaluation"]["validation"]["method"] == "time"
    assert talk.pending["pipeline"]["training"]["seed"] == 9
