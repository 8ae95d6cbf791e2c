from retraining.models.drill import Drill
from retraining.models.policy import Decision, KillSwitch, Policy, Tier
from retraining.models.retraining import OPEN, Retraining, RetrainingStep
from retraining.models.tour import Tour, TourStep
from retraining.models.trial import Trial, TrialArm, TrialReading

__all__ = [
    "OPEN",
    "Decision",
    "Drill",
    "KillSwitch",
    "Policy",
    "Retraining",
    "RetrainingStep",
    "Tier",
    "Tour",
    "TourStep",
    "Trial",
    "TrialArm",
    "TrialReading",
]
