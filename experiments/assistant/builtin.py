"""The built-in adapter: rules, no model and no network. It says so, and says what it did not understand."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from experiments.assistant import metric_names
from experiments.assistant.missing import Question, open_questions
from experiments.assistant.patches import at, composed
from experiments.assistant.protocol import Context, Piece, Proposal, Turn, Understood, Words
from experiments.assistant.recognise import Recognised, named, recognise
from experiments.assistant.wishes import Wish, wishes
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import ABOUT, Family
from experiments.recipes.merging import merge

_SKIP = re.compile(r"^\W*(?:skip|next|later|no idea|i do not know|i don't know|pass)\b", re.IGNORECASE)
_ASKS = (
    ("architectures", re.compile(r"\b(?:which|what|list)\b.*\b(?:architecture|model|algorithm)s?\b", re.IGNORECASE)),
    ("metrics", re.compile(r"\b(?:which|what|list|suggest|propose)\b.*\bmetrics?\b", re.IGNORECASE)),
    ("missing", re.compile(r"\bmissing\b|\bwhat (?:else|next|now)\b|\bare we done\b", re.IGNORECASE)),
    ("help", re.compile(r"^\W*(?:help|what can you do|who are you)\b", re.IGNORECASE)),
)  # fmt: skip
LONGEST_TEXT = 2_000


@dataclass
class _Talk:
    """One answer in the making."""

    text: str
    context: Context
    family: Family
    manifest: dict[str, Any]
    asked: str
    skipped: list[str]
    patch: dict[str, Any] = field(default_factory=dict)
    said_back: list[str] = field(default_factory=list)

    def take(self, patch: dict[str, Any], words: str) -> None:
        self.patch = composed(self.patch, patch)
        self.manifest = merge(self.manifest, patch)
        self.said_back.append(words)


class BuiltIn:
    """Works without a key and without a network."""

    key = "builtin"
    label = "Built-in rules"

    @property
    def about(self) -> str:
        return (
            "Answered by rules that ship with the product, not by a language model: nothing leaves this server. "
            "It knows the families, their metrics and architectures, and reads plain requests for changes."
        )

    def answer(self, turns: Sequence[Turn], context: Context) -> Iterator[Piece]:
        text = turns[-1].text.strip()
        known = _known_family(context)
        seen = Recognised(known) if known else _recognised(text)
        if seen.family is None:
            yield from _which_family(seen)
            return
        if known is None:
            yield from _greeting(seen)
        talk = _Talk(
            text=text,
            context=context,
            family=seen.family,
            manifest=merge(context.manifest or context.baselines.get(seen.family, {}), context.pending),
            asked=str(context.state.get("asked", "")),
            skipped=[str(key) for key in context.state.get("skipped", [])],
        )
        about = next((name for name, pattern in _ASKS if pattern.search(text)), "")
        yield from _changes(talk, is_new=known is None, asks=bool(about))
        if about:
            yield from _TELL[about](talk)
        if talk.patch:
            yield Proposal(composed(context.pending, talk.patch))
        asked = yield from _next_question(talk)
        yield Understood({"family": talk.family.value, "asked": asked, "skipped": talk.skipped})


def _known_family(context: Context) -> Family | None:
    value = context.manifest.get("family") or context.state.get("family")
    return Family(value) if value in set(Family) else None


def _recognised(text: str) -> Recognised:
    if family := named(text):
        return Recognised(family)
    return recognise(text)


def _which_family(seen: Recognised) -> Iterator[Piece]:
    if seen.also:
        yield Words("That could be " + _or([family.label.lower() for family in seen.also]) + ". ")
    else:
        yield Words("I did not recognise what kind of model this is about. ")
    yield Words("Which one do you mean?\n\n")
    for family in seen.also or tuple(Family):
        yield Words(f"- {ABOUT[family].label}: {ABOUT[family].summary}\n")


def _greeting(seen: Recognised) -> Iterator[Piece]:
    family = seen.family
    if family is None:
        return
    because = f", as you wrote {_and([f'“{word}”' for word in seen.because[:3]])}" if seen.because else ""
    yield Words(f"This is about {ABOUT[family].label.lower()}{because}. ")
    yield Words(f"{ABOUT[family].summary} ")
    yield Words("I start from the workspace's baseline for it.\n\n")


def _changes(talk: _Talk, *, is_new: bool, asks: bool) -> Iterator[Piece]:
    """Reads the message for changes, says them back, and puts them into the patch."""
    if is_new and not talk.context.manifest:
        talk.take({"metadata": {"title": _title(talk.text)}}, "its title is your first sentence")
    if is_new:
        _propose_metrics(talk)
    before = len(talk.said_back)
    for wish in wishes(talk.text, talk.family, at(talk.manifest, "pipeline", "training", "architecture", default="")):
        talk.take(_whole(wish, talk.manifest), wish.words)
    question = _pending_question(talk)
    understood = is_new or asks or len(talk.said_back) > before
    if question is not None and _SKIP.search(talk.text):
        talk.skipped.append(question.key)
        yield Words("Left open. ")
        return
    if question is not None and question.takes_text and not asks and len(talk.said_back) == before:
        patch: Any = talk.text[:LONGEST_TEXT]
        for key in reversed(question.path):
            patch = {key: patch}
        talk.take(patch, f"{'.'.join(question.path)} is what you wrote")
        understood = True
    if talk.said_back:
        yield Words("I propose:\n\n" + "".join(f"- {words}\n" for words in talk.said_back) + "\n")
    elif not understood:
        yield Words(
            "I did not read a change in that; I follow rules and know only plain requests, such as "
            f"“{_an_example(talk.family)}”. Ask “which metrics”, “which architectures” or “what is missing”.\n\n"
        )


def _whole(wish: Wish, manifest: dict[str, Any]) -> dict[str, Any]:
    """A new architecture leaves the old one's parameters behind: they are removed by name."""
    if wish.path != ("pipeline", "training"):
        return wish.patch
    old = at(manifest, "pipeline", "training", "parameters", default={})
    same = at(manifest, "pipeline", "training", "architecture") == wish.value["architecture"]
    value = dict(wish.value) | ({} if same or not old else {"parameters": dict.fromkeys(old)})
    return {"pipeline": {"training": value}}


def _propose_metrics(talk: _Talk) -> None:
    """Thresholds the family is usually held to, unless the baseline says some."""
    if at(talk.manifest, "pipeline", "evaluation", "metrics"):
        return
    for metric in metric_names.SUGGESTED[talk.family]:
        if metric.bound is None:
            continue
        side = "minimum" if metric.higher_is_better else "maximum"
        words = "at least" if metric.higher_is_better else "at most"
        patch = {"pipeline": {"evaluation": {"metrics": {metric.key: {side: metric.bound}}}}}
        talk.take(patch, f"{metric.label} {words} {metric.bound:g}, so that {metric.why}")


def _pending_question(talk: _Talk) -> Question | None:
    before = merge(talk.context.manifest or talk.context.baselines.get(talk.family, {}), talk.context.pending)
    waiting = open_questions(before, talk.family, talk.skipped)
    return next((question for question in waiting if question.key == talk.asked), None)


def _next_question(talk: _Talk) -> Generator[Piece, None, str]:
    """Asks for the first thing that is missing; returns its key, empty where nothing is."""
    waiting = open_questions(talk.manifest, talk.family, talk.skipped)
    if not waiting:
        yield Words("Nothing that I know of is missing. Apply the proposal, or ask for changes.")
        return ""
    yield Words(f"{waiting[0].text} For example: “{waiting[0].example.rstrip('.')}”. Or write “skip”.")
    return waiting[0].key


def _tell_architectures(talk: _Talk) -> Iterator[Piece]:
    yield Words(f"Architectures for {ABOUT[talk.family].label.lower()}:\n\n")
    for key, architecture in ARCHITECTURES_OF[talk.family].items():
        yield Words(f"- {architecture.label} (`{key}`): {architecture.summary}\n")
    yield Words("\n")


def _tell_metrics(talk: _Talk) -> Iterator[Piece]:
    yield Words(f"For {ABOUT[talk.family].label.lower()} I would look at:\n\n")
    for metric in metric_names.SUGGESTED[talk.family]:
        direction = "higher" if metric.higher_is_better else "lower"
        yield Words(f"- {metric.label} (`{metric.key}`), {direction} is better: {metric.why}\n")
    yield Words("\n")


def _tell_missing(talk: _Talk) -> Iterator[Piece]:
    waiting = open_questions(talk.manifest, talk.family, talk.skipped)
    if waiting:
        yield Words("Still open:\n\n" + "".join(f"- {question.text}\n" for question in waiting) + "\n")


def _tell_help(talk: _Talk) -> Iterator[Piece]:
    yield Words(BuiltIn().about + f" Write for example “{_an_example(talk.family)}”.\n\n")


_TELL = {
    "architectures": _tell_architectures,
    "metrics": _tell_metrics,
    "missing": _tell_missing,
    "help": _tell_help,
}

_EXAMPLES = {
    Family.RECOMMENDATION: "use EASE, NDCG@10 at least 0.35, split by time",
    Family.FORECASTING: "use lag_boosting, 28 days ahead, MASE at most 0.9",
    Family.PRICING: "use log_log_elasticity, at least 90 days",
    Family.NEXT_BEST_ACTION: "use action_boosting, AUC at least 0.65",
    Family.LOCATION_SCORING: "use place_ridge, spatial blocks, R2 at least 0.4",
}


def _an_example(family: Family) -> str:
    return _EXAMPLES[family]


def _title(text: str) -> str:
    first = re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0].rstrip(".!?")
    return first[:1].upper() + first[1:120]


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
