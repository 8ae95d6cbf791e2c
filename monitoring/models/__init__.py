from monitoring.models.alerts import (
    Alert,
    AlertEvent,
    AlertRule,
    Channel,
    Delivery,
    DeliveryAttempt,
    Severity,
)
from monitoring.models.feedback import Feedback, FeedbackKind, WaitingFeedback
from monitoring.models.judgement import Check, Finding, MonitoringSettings, Reference, Verdict
from monitoring.models.prediction import Prediction, PredictionArchive
from monitoring.models.service import LogLoss, ProcessBeat, ServiceMinute
from monitoring.models.source import NOT_OWN, Source
from monitoring.models.window import Snapshot, StaleMinute, Window

__all__ = [
    "NOT_OWN",
    "Alert",
    "AlertEvent",
    "AlertRule",
    "Channel",
    "Check",
    "Delivery",
    "DeliveryAttempt",
    "Feedback",
    "FeedbackKind",
    "Finding",
    "LogLoss",
    "MonitoringSettings",
    "Prediction",
    "PredictionArchive",
    "ProcessBeat",
    "Reference",
    "ServiceMinute",
    "Severity",
    "Snapshot",
    "Source",
    "StaleMinute",
    "Verdict",
    "WaitingFeedback",
    "Window",
]
