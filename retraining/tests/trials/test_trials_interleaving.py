"""Interleaved lists through the whole path: whose items users chose, by user, against brute force."""

import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models import Source
from monitoring.services.log_rows import write_predictions
from retraining.services import trial_readings, trials
from retraining.tests.trial_scene import ITEMS, answer, begun, say, stage
from retraining.trial.interleaving import Preferences, credit

pytestmark = pytest.mark.django_db
TEAM = {"1": "first", "2": "second", "b": "both"}


@pytest.fixture
def here(db):
    return stage(make_workspace())


def running(here, **fields):
    asked = {"kind": "interleaving", "metric": "credit", "shares": {"1.0.1": 0.6}, "planned_users": 300} | fields
    return begun(here, **asked)


def shown(here, trial, users, liking, seed=1):
    """Two lists for each user; he clicks items of the variant with the chance ``liking``, else the champion's."""
    rng = np.random.default_rng(seed)
    source = here.source("1.0.1", Source.As.INTERLEAVED)
    at = timezone.now() - dt.timedelta(hours=1)
    answers, clicks, by_user = [], [], {}
    for user in users:
        for _ in range(2):
            teams = "".join(rng.permutation(list("1111222b12")))
            one = answer(source, user, at, features={"interleaved": {"with": "1.0.0", "teams": teams}})
            answers.append(one)
            wanted = "2" if rng.random() < liking else "1"
            places = [place for place, team in enumerate(teams) if team in (wanted, "b") and rng.random() < 0.3]
            clicks += [(one, {"item": ITEMS[place]}) for place in places]
            got = credit([TEAM[team] for team in teams], places)
            before = by_user.get(user, (0, 0))
            by_user[user] = (before[0] + got[0], before[1] + got[1])
    write_predictions(answers)
    say(here.workspace, clicks)
    return by_user


def alone(here, users):
    """Those whom the champion answers alone."""
    at = timezone.now() - dt.timedelta(hours=1)
    write_predictions([answer(here.source("1.0.0"), user, at) for user in users])


def test_the_list_that_users_choose_from_wins(here):
    trial = running(here)
    chosen = shown(here, trial, [f"i{n}" for n in range(180)], 0.8)
    alone(here, [f"c{n}" for n in range(120)])
    reading = trial_readings.read(trial)
    truth = Preferences.of(chosen.values())
    verdict = reading.verdict
    assert verdict["users"] == verdict["preference"]["users"] == truth.n
    assert verdict["preference"]["value"] == pytest.approx(truth.d / truth.n)
    assert (verdict["outcome"], verdict["winner"]) == ("winner", "1.0.1")
    assert not verdict["split"]["alarm"]
    told = {one["version"]: one for one in reading.arms}
    assert (told["1.0.0"]["users"], told["1.0.1"]["users"]) == (120, 180)
    assert told["1.0.0"]["metric"]["x"] == sum(first for first, _ in chosen.values())
    assert told["1.0.1"]["metric"]["x"] == sum(second for _, second in chosen.values())
    assert told["1.0.1"]["metric"]["y"] == 360
    assert trials.promote(trial, actor=None).version.number == "1.0.1"


def test_a_list_nobody_prefers_is_no_winner_and_one_that_is_disliked_stops(here):
    trial = running(here, planned_users=150)
    shown(here, trial, [f"i{n}" for n in range(180)], 0.5)
    alone(here, [f"c{n}" for n in range(120)])
    assert trial_readings.read(trial).verdict["outcome"] == "no_difference"
    shown(here, trial, [f"j{n}" for n in range(300)], 0.05, seed=2)
    alone(here, [f"d{n}" for n in range(200)])
    verdict = trial_readings.read(trial, timezone.now() + dt.timedelta(seconds=1)).verdict
    assert (verdict["winner"], verdict["harmful"]) == ("1.0.0", ["1.0.1"])
    trial.refresh_from_db()
    assert trial.state == "ended"


def test_lists_that_were_shared_with_another_version_credit_nobody(here):
    trial = running(here)
    source = here.source("1.0.1", Source.As.INTERLEAVED)
    at = timezone.now() - dt.timedelta(hours=1)
    told = {"interleaved": {"with": "0.9.0", "teams": "2222222222"}}
    answers = [answer(source, f"u{n}", at, features=told if n else None) for n in range(40)]
    write_predictions(answers)
    say(here.workspace, [(one, {}) for one in answers])
    assert trial_readings.read(trial).verdict["users"] == 0
