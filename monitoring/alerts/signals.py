"""The signals that alert rules may look at, by name, and how each is read.

Most are figures of the judge's checks (monitoring/services/judging.py), some are read from windows, and every measure
of windows can be held against its own past.
"""

from __future__ import annotations

import datetime as dt

from experiments.models import RegisteredModel
from monitoring.alerts.reader import Reader
from monitoring.alerts.readings import Reading, SignalSpec
from monitoring.alerts.specs import SIGNALS
from monitoring.models import AlertRule

__all__ = ["SIGNALS", "Reading", "SignalSpec", "read"]


def read(model: RegisteredModel, rule: AlertRule, now: dt.datetime) -> Reading:
    """The newest reading of the rule's signal. Raises KeyError where there is no such signal."""
    return Reader(model, now).read(rule)
