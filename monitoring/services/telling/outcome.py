"""How one try to tell somebody went."""

from __future__ import annotations

from dataclasses import dataclass

from mlopspro.core import outgoing

BUSY = (408, 425, 429)


@dataclass(frozen=True)
class Outcome:
    """``away``: whoever should hear of it cannot be reached, so that other messages need not be tried either."""

    succeeded: bool
    status: int | None = None
    error: str = ""
    away: bool = False


ARRIVED = Outcome(True)


def of_answer(answer: outgoing.Answer, word: str = "") -> Outcome:
    """``word``: what the answer says about itself, already known to be harmless."""
    if answer.arrived:
        return Outcome(True, answer.status)
    said = f" ({word})" if word else ""
    why = "; redirects are not followed" if answer.status in outgoing.REDIRECTS else ""
    away = answer.status >= 500 or answer.status in BUSY
    return Outcome(False, answer.status, f"It answered with status {answer.status}{said}{why}.", away)


def unreached(error: Exception) -> Outcome:
    return Outcome(False, None, str(error), away=True)
