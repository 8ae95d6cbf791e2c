"""What a manifest does not say yet and somebody should decide: one question each, asked in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.assistant.patches import at
from experiments.learning.families import Family

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """``takes_text``: whatever is answered becomes the value at ``path``, where no rule reads more out of it."""

    key: str
    text: str
    example: str
    is_answered: Callable[[Manifest], bool]
    path: tuple[str, ...] = ()
    families: tuple[Family, ...] = tuple(Family)

    @property
    def takes_text(self) -> bool:
        return bool(self.path)


def _says(*path: str) -> Callable[[Manifest], bool]:
    return lambda manifest: bool(at(manifest, *path))


def _validation_chosen(manifest: Manifest) -> bool:
    return bool(at(manifest, "pipeline", "evaluation", "validation", "method", default="auto") != "auto")


_THRESHOLDS = {
    Family.RECOMMENDATION: "NDCG@10 at least 0.3",
    Family.FORECASTING: "MASE at most 0.9",
    Family.PRICING: "RMSE at most 10",
    Family.NEXT_BEST_ACTION: "AUC at least 0.65",
    Family.LOCATION_SCORING: "RMSE at most 10",
}

QUESTIONS = (
    Question(
        "goal",
        "What should get better for the business when this works?",
        "People find something to watch within a minute.",
        _says("metadata", "business_goal"),
        ("metadata", "business_goal"),
    ),
    *(
        Question(
            "thresholds",
            "What must a run reach before it may be promoted?",
            example,
            _says("pipeline", "evaluation", "metrics"),
            families=(family,),
        )
        for family, example in _THRESHOLDS.items()
    ),
    Question(
        "validation",
        "How should it be tested: with the newest rows, at random, or one interaction of each user?",
        "split by time",
        _validation_chosen,
        families=(Family.RECOMMENDATION, Family.PRICING, Family.NEXT_BEST_ACTION),
    ),
    Question(
        "horizon",
        "How far ahead must it forecast, and from how many origins is that tested?",
        "28 days ahead, 4 folds, rolling origin",
        _validation_chosen,
        families=(Family.FORECASTING,),
    ),
    Question(
        "history",
        "How much data must there be before training makes sense?",
        "at least 1,000 rows and 90 days",
        lambda manifest: (
            any(at(manifest, "requirements", "min_history", key, default=0) for key in ("users", "items", "days"))
            or at(manifest, "requirements", "min_history", "rows", default=10) > 10
        ),
    ),
    Question(
        "use",
        "Who uses the answers, and what should they not be used for?",
        "The home page shows them; they do not decide prices.",
        _says("metadata", "intended_use"),
        ("metadata", "intended_use"),
    ),
    Question(
        "owner",
        "Who owns it and is asked when it alarms?",
        "Search team",
        _says("metadata", "owner"),
        ("metadata", "owner"),
    ),
)


def open_questions(manifest: Manifest, family: Family, skipped: list[str]) -> list[Question]:
    return [
        question
        for question in QUESTIONS
        if family in question.families and question.key not in skipped and not question.is_answered(manifest)
    ]
