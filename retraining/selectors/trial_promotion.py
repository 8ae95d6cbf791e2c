"""What promoting a trial's winner will do, and what speaks against it, for the page before the button."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.models import ModelVersion
from experiments.services import promotion
from experiments.services.promotion_blockers import Blocker
from retraining.models import Trial
from retraining.selectors import trials
from retraining.services.trials import outweighed


@dataclass(frozen=True)
class Promotion:
    """``standing`` forbid it; ``overruled`` are the gate's offline findings, which a win on users outweighs.

    ``why_not``: no variant has won, or the trial does not run; nothing else is known then.
    """

    winner: ModelVersion | None
    control: ModelVersion | None
    sentence: str
    standing: tuple[Blocker, ...] = ()
    overruled: tuple[Blocker, ...] = ()
    why_not: str = ""

    @property
    def possible(self) -> bool:
        return self.winner is not None and not self.standing


def of(trial: Trial) -> Promotion:
    """Reads the winner's files and its gate, so it is asked for when somebody wants to promote, not on each poll."""
    view = trials.detail(trial)
    control = view.control.version if view.control else None
    sentence = str(view.verdict["sentence"])
    if not view.can_promote:
        why = "The trial does not run." if view.trial.state != Trial.State.RUNNING else "No version has won yet."
        return Promotion(None, control, sentence, why_not=why)
    won = next(one for one in view.variants if one.number == view.verdict["winner"])
    winner = ModelVersion.objects.select_related("model__workspace", "dataset", "experiment").get(pk=won.version_id)
    found = promotion.assess(winner).blockers
    return Promotion(
        winner,
        control,
        sentence,
        tuple(one for one in found if not outweighed(one)),
        tuple(one for one in found if outweighed(one)),
    )
