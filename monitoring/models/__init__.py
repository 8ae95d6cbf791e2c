from monitoring.models.feedback import Feedback, FeedbackKind, WaitingFeedback
from monitoring.models.prediction import Prediction, PredictionArchive
from monitoring.models.service import LogLoss, ProcessBeat, ServiceMinute
from monitoring.models.source import Source
from monitoring.models.window import Snapshot, StaleMinute, Window

__all__ = [
    "Feedback",
    "FeedbackKind",
    "LogLoss",
    "Prediction",
    "PredictionArchive",
    "ProcessBeat",
    "ServiceMinute",
    "Snapshot",
    "Source",
    "StaleMinute",
    "WaitingFeedback",
    "Window",
]
