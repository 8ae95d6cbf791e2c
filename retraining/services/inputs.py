"""What a policy is shown of a model: its newest checks as readings, what came since, and what is under way.

About ten queries, whatever the traffic.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import BigIntegerField, Max, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models import MetricValue, ModelVersion, RegisteredModel
from experiments.services.deployments import champion
from monitoring.models import Check, Finding, MonitoringSettings, Verdict, Window
from monitoring.services import monitoring_settings
from monitoring.services.scene import in_words
from monitoring.services.window_writes import floor
from retraining.models import OPEN, Decision, Retraining
from retraining.policy.inputs import Inputs, Open, Reading
from retraining.policy.policy import Performance
from retraining.policy.schedule import day_of
from retraining.services import kill_switch
from retraining.services.policies import Agreed

LIVE = "live"
"""The protocol of figures that come from feedback on what was served; others are those of the version's test data."""
LEAST_WINDOWS = 5
"""F1 instability is judged from so many windows on (monitoring/stats/instability.py)."""


_WHAT = {"quality": "judged answers", "drift": "predictions", "cost": "judged answers"}
"""What the samples of an area count."""


@dataclass(frozen=True)
class _Found:
    """The newest check of each area with its findings by signal."""

    checks: dict[str, Check]
    findings: dict[tuple[str, str], Finding]
    now: dt.datetime

    def reading(self, area: str, sample: int, minimum: int) -> Reading | None:
        """Of the area's one figure."""
        check = self.checks.get(area)
        if check is None:
            return self.unjudged(minimum)
        return Reading(check.score, sample, minimum, check.at, f"{_WHAT[area]} of the {_stretch(check)}")

    def unjudged(self, minimum: int) -> Reading | None:
        """Of an area without a check: nothing is known while nothing was judged yet; else it does not apply."""
        return None if self.checks else Reading(None, 0, minimum, self.now)

    def of(self, area: str, signal: str) -> Finding | None:
        return self.findings.get((area, signal))

    def size(self, area: str, signal: str) -> int:
        found = self.of(area, signal)
        return (found.current_size or 0) if found is not None else 0

    def judged_size(self, area: str) -> int:
        """Of the smallest sample that was judged: places in lists are more than predictions."""
        rows = [one for (where, _), one in self.findings.items() if where == area]
        judged = [one.current_size or 0 for one in rows if one.verdict != Verdict.NOT_ENOUGH]
        return min(judged) if judged else max((one.current_size or 0 for one in rows), default=0)


def inputs_of(
    model: RegisteredModel, agreed: Agreed, *, by_hand: bool = False, now: dt.datetime | None = None
) -> Inputs:
    """Everything ``retraining.policy.decide`` looks at, as of now."""
    moment = now or timezone.now()
    live = champion(model)
    found = _newest(model, moment)
    rules = monitoring_settings.of(model)
    return Inputs(
        now=moment,
        performance=_performance(agreed.policy.performance, live, found, rules, moment),
        degradation=_degradation(found, rules),
        drift=found.reading(Check.Area.DRIFT, found.judged_size(Check.Area.DRIFT), rules.minimum_sample),
        instability=_instability(found),
        cost=found.reading(Check.Area.COST, found.size(Check.Area.COST, "cost_per_1000"), rules.minimum_labels),
        new_rows=_new_rows(model, live),
        new_user_rows=_new_user_rows(model, live),
        learnt_rows=_learnt_rows(live),
        schedule_since=agreed.row.schedule_since if agreed.row is not None else None,
        last_retraining=Retraining.objects.filter(model=model).aggregate(last=Max("ended_at"))["last"],
        open=_open(model),
        retrainings_today=_today(model, moment, agreed.policy.zone),
        kill_switch=kill_switch.is_on(model.workspace),
        by_hand=by_hand,
    )


def _stretch(check: Check) -> str:
    return f"last {in_words(int((check.end - check.start).total_seconds()))}"


def _newest(model: RegisteredModel, now: dt.datetime) -> _Found:
    """Checks of the model's own stretch: those that somebody asked for over another one say nothing of now."""
    rows = Check.objects.filter(model=model, through="schedule", at__lte=now).order_by("area", "-at")
    checks = {one.area: one for one in rows.distinct("area")}
    areas = {one.pk: one.area for one in checks.values()}
    found = Finding.objects.filter(check_of__in=list(areas)).defer("detail").order_by("-pk")
    return _Found(checks, {(areas[one.check_of_id], one.signal): one for one in found}, now)


def _performance(
    rule: Performance, live: ModelVersion | None, found: _Found, rules: MonitoringSettings, now: dt.datetime
) -> Reading | None:
    """The policy's own metric: live where its protocol says so, else as the live version scored on its test data."""
    if rule.protocol == LIVE:
        finding, check = found.of(Check.Area.QUALITY, rule.metric), found.checks.get(Check.Area.QUALITY)
        if check is None:
            return found.unjudged(rules.minimum_labels)
        value = finding.value if finding is not None else None
        size = (finding.current_size or 0) if finding is not None else 0
        return Reading(value, size, rules.minimum_labels, check.at, f"{_WHAT['quality']} of the {_stretch(check)}")
    if live is None:
        return None
    row = MetricValue.objects.filter(
        experiment=live.experiment_id, protocol=rule.protocol, name=rule.metric, segment="all"
    ).first()
    if row is None:
        return None
    return Reading(row.value, row.users_counted, 1, now, f"users of the test data of {live.number}")


def _degradation(found: _Found, rules: MonitoringSettings) -> Reading | None:
    check = found.checks.get(Check.Area.QUALITY)
    if check is None:
        return found.unjudged(rules.minimum_labels)
    value = None if check.score is None else max(0.0, 1.0 - check.score)
    sizes = [
        one.current_size or 0
        for (area, signal), one in found.findings.items()
        if area == Check.Area.QUALITY and not signal.startswith("segment.")  # those of items count places
    ]
    return Reading(
        value, max(sizes, default=0), rules.minimum_labels, check.at, f"{_WHAT['quality']} of the {_stretch(check)}"
    )


def _instability(found: _Found) -> Reading | None:
    finding, check = found.of(Check.Area.QUALITY, "f1_instability"), found.checks.get(Check.Area.QUALITY)
    if finding is None or check is None:
        return None
    return Reading(finding.value, finding.current_size or 0, LEAST_WINDOWS, check.at, "windows with enough labels")


def _new_rows(model: RegisteredModel, live: ModelVersion | None) -> int | None:
    """Predictions with feedback since the live version was registered, by whole days. One query over windows."""
    if live is None:
        return None
    since = floor(live.created_at, Window.Level.DAY)
    rows = Window.objects.filter(source__model=model, level=Window.Level.DAY, start__gte=since)
    return int(rows.aggregate(found=Sum("labelled"))["found"] or 0)


def _new_user_rows(model: RegisteredModel, live: ModelVersion | None) -> int | None:
    """Those of the live version's own answers whose user it learnt nothing of, counted alike. None of tables."""
    if live is None or model.family != Family.RECOMMENDATION.value:
        return None
    since = floor(live.created_at, Window.Level.DAY)
    rows = Window.objects.filter(
        source__model=model, source__version=live, level=Window.Level.DAY, start__gte=since, labelled__gt=0
    )
    number = Cast(KeyTextTransform("labelled_new", KeyTransform("counts", "summary")), BigIntegerField())
    return int(rows.aggregate(found=Sum(number))["found"] or 0)


def _learnt_rows(live: ModelVersion | None) -> int | None:
    found = live.experiment.dataset_statistics.get("num_train") if live is not None else None
    return int(found) if found else None


def _open(model: RegisteredModel) -> Open | None:
    running = Retraining.objects.filter(model=model, state__in=OPEN).values_list("started_at", flat=True).first()
    if running is not None:
        return Open(running)
    waiting = Decision.objects.filter(model=model, answer=Decision.Answer.OPEN).values_list("at", flat=True).first()
    return Open(waiting, waiting=True) if waiting is not None else None


def _today(model: RegisteredModel, now: dt.datetime, zone: str) -> int:
    """Begun since the midnight of the policy's zone; a day is never longer than two."""
    rows = Retraining.objects.filter(model=model, started_at__gt=now - dt.timedelta(days=2), started_at__lte=now)
    return sum(day_of(at, zone) == day_of(now, zone) for at in rows.values_list("started_at", flat=True))
