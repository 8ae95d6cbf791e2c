"""What must be alike in two runs, aspect by aspect, and what remains comparable where it is not.

An aspect has one value a run. ``UNKNOWN`` is unlike everything, itself included: what is not recorded is never assumed
to be the same, nor to be another, so that figures may stand side by side and no verdict is given.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from experiments.learning.comparison.unit_words import tested, unit_of

Level = Literal["none", "figures", "verdict"]
"""Not comparable; figures side by side without a verdict; everything."""
LEVELS: tuple[Level, ...] = ("none", "figures", "verdict")

UNKNOWN: Final = "unknown"
ABSENT: Final = "absent"
LOGGED: Final = "logged"
"""Protocol of figures that were logged elsewhere, whose protocol nobody recorded."""

_DECIDES_TEST_PART: Mapping[str, tuple[str, ...]] = {
    "random": ("test_share", "seed"),
    "time": ("test_share",),
    "leave_last_out": (),
    "given": (),
    "rolling_origin": ("folds", "horizon"),
    "spatial_blocks": ("block_km", "test_share", "seed"),
}
"""Which settings of a split decide which rows are test rows (``data.splits``, ``tabular.splits``); the others only
divide the rest."""
_LABELS = {
    "method": "split",
    "test_share": "test share",
    "folds": "number of folds",
    "horizon": "horizon",
    "block_km": "size of blocks",
    "seed": "split seed",
}
_DRAWS_VALIDATION = ("random", "given", "spatial_blocks")


@dataclass(frozen=True)
class RunRecord:
    """What is known of how a run was measured, as plain data.

    Attributes:
        key, name: the caller's key and what people call the run.
        dataset_sha256: of the data's content; None where it is not recorded.
        dataset_name, dataset_id: the name that is shown, and which snapshot it is. Two snapshots may hold the same rows
            in another order, and a random split draws by position.
        split: method, test_share, validation_share, seed; empty where it is not recorded.
        protocols: the definition of each protocol, as ``Evaluation.protocols`` has it.
        definitions: protocol to {metric: version of its definition}; "logged" for figures without a protocol.
        per_user: whether it has per-user results; ``why_no_per_user`` says why not.
        origin: "" for runs of this site, else where it was logged, such as "MLflow".
    """

    key: str
    name: str
    dataset_sha256: str | None
    dataset_name: str = ""
    dataset_id: str = ""
    split: Mapping[str, Any] = field(default_factory=dict)
    protocols: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    per_user: bool = True
    why_no_per_user: str = ""
    origin: str = ""

    def definition(self, protocol: str, metric: str) -> str:
        """Version of a metric's definition; UNKNOWN where it was logged elsewhere, ABSENT where there is none."""
        version = self.definitions.get(protocol, {}).get(metric)
        if version is not None:
            return version
        return UNKNOWN if metric in self.definitions.get(LOGGED, {}) else ABSENT

    @property
    def unit(self) -> str:
        """What is judged one by one: what its protocol's units are called, users where it has none."""
        return next((unit_of(protocol) for protocol in self.definitions if protocol != LOGGED), unit_of(LOGGED))

    def has(self, protocol: str) -> bool:
        """Whether it has any figure under a protocol, or figures of which the protocol is not known."""
        return bool(self.definitions.get(protocol)) or bool(self.definitions.get(LOGGED))


@dataclass(frozen=True)
class Aspect:
    """One thing about a run's measurement.

    Attributes:
        kind: short name.
        left: what remains comparable between runs that differ in it.
        value: of a run under a protocol.
        words: what differs, "{who} …", from the runs' names, the record that differs and the usual one.
        unknown_words: the same where it is not recorded; empty where another aspect says so.
        within: kinds that must be alike before this one means anything (a split of other data is another split).
    """

    kind: str
    left: Level
    value: Callable[[RunRecord, str], Hashable]
    words: Callable[[str, RunRecord, RunRecord, str], str]
    unknown_words: str = ""
    within: tuple[str, ...] = ()


def _tested(run: RunRecord, _protocol: str) -> Hashable:
    """What decides which ratings are tested; equal values mean the same test part of the same data."""
    method = str(run.split.get("method"))
    if method not in _DECIDES_TEST_PART:
        return UNKNOWN
    decisive = tuple(run.split.get(name) for name in _DECIDES_TEST_PART[method])
    if None in decisive:
        return UNKNOWN
    return (method, *decisive, run.dataset_id if method == "random" else "")


def _training_part(run: RunRecord, _protocol: str) -> Hashable:
    names = ("validation_share", "seed") if run.split.get("method") in _DRAWS_VALIDATION else ("validation_share",)
    return () if run.split.get("method") == "leave_last_out" else tuple(run.split.get(name) for name in names)


def _of_protocol(*names: str) -> Callable[[RunRecord, str], Hashable]:
    def value(run: RunRecord, protocol: str) -> Hashable:
        stored = run.protocols.get(protocol)
        return UNKNOWN if stored is None else tuple(_plain(stored.get(name)) for name in names)

    return value


def _plain(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value


def _dataset_words(who: str, run: RunRecord, usual: RunRecord, _: str) -> str:
    if run.dataset_name == usual.dataset_name:
        return f"{who} used other content of the dataset {run.dataset_name}: not comparable."
    return f"{who} used another dataset ({run.dataset_name}, not {usual.dataset_name}): not comparable."


def _split_words(who: str, run: RunRecord, usual: RunRecord, protocol: str) -> str:
    rows = tested(protocol)
    result = f"the test {rows} differ, so figures stand side by side without a verdict."
    for name, words in _LABELS.items():
        mine, theirs = run.split.get(name), usual.split.get(name)
        if mine != theirs and (name == "method" or name in _DECIDES_TEST_PART[str(run.split.get("method"))]):
            return f"{who} used another {words} ({_written(mine)}, not {_written(theirs)}): {result}"
    return (
        f"{who} used another snapshot of the same data, whose rows may stand in another order: the test {rows} "
        "may differ, so figures stand side by side without a verdict."
    )


def _written(value: Any) -> str:
    return str(value).replace("_", " ")


def _protocol_words(name: str, words: str) -> Callable[[str, RunRecord, RunRecord, str], str]:
    def sentence(who: str, run: RunRecord, usual: RunRecord, protocol: str) -> str:
        mine, theirs = (record.protocols.get(protocol, {}).get(name) for record in (run, usual))
        return f"{who} used {words} ({mine}, not {theirs}) under the {protocol} protocol: not comparable there."

    return sentence


ASPECTS: tuple[Aspect, ...] = (
    Aspect(
        "dataset",
        "none",
        lambda run, _: run.dataset_sha256 or UNKNOWN,
        _dataset_words,
        "It is not recorded which data {who} used: figures stand side by side without a verdict.",
    ),
    Aspect(
        "split",
        "figures",
        _tested,
        _split_words,
        "It is not recorded how {who} split the data: figures stand side by side without a verdict.",
        within=("dataset",),
    ),
    Aspect(
        "protocol",
        "none",
        _of_protocol("definition"),
        _protocol_words("definition", "another version of the definition"),
        "It is not recorded how {who} measured: figures stand side by side without a verdict.",
    ),
    Aspect(
        "relevance",
        "none",
        _of_protocol("relevance", "relevant_from"),
        _protocol_words("relevance", "another relevance rule"),
    ),
    Aspect("target", "none", _of_protocol("target"), _protocol_words("target", "another target")),
    Aspect("candidates", "none", _of_protocol("candidates"), _protocol_words("candidates", "other candidates")),
    Aspect(
        "scale",
        "none",
        _of_protocol("scale"),
        _protocol_words("scale", "another rating scale"),
        within=("dataset",),
    ),
    Aspect(
        "training",
        "verdict",
        _training_part,
        lambda who, _run, _usual, protocol: (
            f"{who} divided training and validation data in another way; the test {tested(protocol)} are the same, so "
            "the verdict is about that as well."
        ),
        within=("dataset", "split"),
    ),
    Aspect(
        "list lengths",
        "verdict",
        _of_protocol("ks"),
        lambda who, run, usual, protocol: (
            f"{who} measured other list lengths under the {protocol} protocol ({_lengths(run, protocol)}, not "
            f"{_lengths(usual, protocol)}); only those that both have are compared."
        ),
    ),
    Aspect(
        "cut",
        "verdict",
        _of_protocol("cut"),
        lambda who, *_: f"{who} recommends from another cut. Each run has its own by design, so this is compared.",
    ),
)
"""In the order in which a page tells them: what rules most out comes first."""
BY_KIND: Mapping[str, Aspect] = {aspect.kind: aspect for aspect in ASPECTS}


def _lengths(run: RunRecord, protocol: str) -> str:
    return ", ".join(str(k) for k in run.protocols.get(protocol, {}).get("ks", ()))
