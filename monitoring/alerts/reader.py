"""Reads any signal of one model at one moment, asking for each table once however many rules there are."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

from experiments.models import RegisteredModel
from monitoring.alerts import course, live
from monitoring.alerts.checked import Checks
from monitoring.alerts.readings import Reading
from monitoring.alerts.specs import SIGNALS
from monitoring.models import AlertRule, Source
from monitoring.services.window_reads import MINUTE
from monitoring.services.window_writes import floor


class Reader:
    """The signals of ``model`` as of ``now``."""

    def __init__(self, model: RegisteredModel, now: dt.datetime) -> None:
        self.model, self.now = model, now
        self.checks = Checks(model, now)

    def read(self, rule: AlertRule) -> Reading:
        """Raises KeyError where there is no such signal."""
        spec = SIGNALS[rule.signal]
        if spec.is_checked:
            return self.checks.read(spec)
        if spec.name == "log.lag_seconds":
            return self._lag
        if spec.is_series:
            return course.read(spec, self.sources, rule.window_seconds, rule.minimum_sample, self.now)
        return live.health(spec, self.sources, rule.window_seconds, self.now)

    def newest_at(self, rule: AlertRule) -> dt.datetime | None:
        """The ``at`` that a reading would have now: cheap, to know beforehand that there is none that counts."""
        spec = SIGNALS[rule.signal]
        if spec.is_checked:
            return self.checks.newest_at(spec)
        if spec.is_series:
            return course.newest(course.level_of(rule.window_seconds), self.now)
        return floor(self.now, MINUTE)

    @cached_property
    def sources(self) -> list[Source]:
        """Those that people were answered by: shadows are not."""
        return list(Source.objects.filter(model=self.model).exclude(role=Source.As.SHADOW).order_by("pk"))

    @cached_property
    def _lag(self) -> Reading:
        return live.lag(self.now)
