"""The model card of a version (F201): what is known of it, generated, and beside it what people wrote.

Sections follow Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019). Generated facts are never edited; a
person's words stand above them in the section, with who wrote them and when.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime

from experiments.learning.families import ABOUT, Family
from experiments.models import Experiment, JobStatus, ModelVersion, StageChange
from experiments.selectors.lineage_features import available_columns, used_columns
from experiments.selectors.metrics import MetricGroup, metric_groups
from experiments.selectors.model_card_findings import limitations, personal_columns
from experiments.selectors.settings_of import settings_of
from mlopspro.core import formats

Fact = tuple[str, str]
DAY = "%-d %b %Y"


@dataclass(frozen=True)
class About:
    """What a section is for. ``asks``: words only a person can add, and the card is not filled without them."""

    key: str
    title: str
    prompt: str
    asks: bool = False


SECTIONS = (
    About("details", "Model details", "Anything the record does not say: licence, citation, where to read more."),
    About("use", "Intended use", "Which decisions is it for, for whom, and what is it not for?", asks=True),
    About("data", "Training data", "How was it collected, from whom, and what is missing in it?"),
    About("training", "Training", "Why this architecture and these settings?"),
    About("evaluation", "Evaluation", "What do the figures mean for the people who use it?"),
    About("limitations", "Limitations", "Where does it fail, and how would one notice?"),
    About(
        "ethics", "Ethics and terms", "Who could be harmed or left out? On which terms may the data be used?", asks=True
    ),
    About("history", "Versions and history", "What should readers of the history know?"),
    About("contact", "Contact", "Who answers questions, and where?"),
)
KEYS = tuple(section.key for section in SECTIONS)


@dataclass(frozen=True)
class Written:
    """What a person wrote into a section. ``stamp`` names this state of it, to notice changes meanwhile."""

    text: str
    by: str
    at: dt.datetime | None
    stamp: str


@dataclass(frozen=True)
class Section:
    about: About
    written: Written | None
    facts: tuple[Fact, ...] = ()
    sentences: tuple[str, ...] = ()
    groups: tuple[MetricGroup, ...] = ()

    @property
    def is_missing(self) -> bool:
        return self.about.asks and self.written is None


def written_of(version: ModelVersion) -> dict[str, Written]:
    """By section; no query."""
    found = {}
    for key in KEYS:
        stored = version.card.get(key)
        if isinstance(stored, str) and stored:
            found[key] = Written(stored, "", None, "")
        elif isinstance(stored, Mapping) and stored.get("text"):
            at = str(stored.get("at", ""))
            found[key] = Written(str(stored["text"]), str(stored.get("by", "")), parse_datetime(at) if at else None, at)
    return found


def missing_of(version: ModelVersion) -> list[About]:
    """Sections that need a person's words and have none; no query."""
    written = written_of(version)
    return [section for section in SECTIONS if section.asks and section.key not in written]


def card_of(version: ModelVersion) -> list[Section]:
    """Every section in order. Six queries. ``version`` comes with run, dataset, recipe version and model."""
    groups = tuple(metric_groups(version.experiment))
    manifest = version.experiment.manifest or {}
    generated: dict[str, tuple[Sequence[Fact], Sequence[str]]] = {
        "details": (_details(version), ()),
        "use": _use(version, manifest),
        "data": _data(version),
        "training": (_training(version), ()),
        "evaluation": ((), _evaluation(groups)),
        "limitations": ((), limitations(version, groups, _repeats(version.experiment))),
        "ethics": _ethics(version),
        "history": (_history(version), ()),
        "contact": (_contact(version, manifest), ()),
    }
    written = written_of(version)
    return [
        Section(
            about,
            written.get(about.key),
            tuple(generated[about.key][0]),
            tuple(generated[about.key][1]),
            groups if about.key == "evaluation" else (),
        )
        for about in SECTIONS
    ]


def _details(version: ModelVersion) -> list[Fact]:
    recipe = version.recipe_version
    return [
        ("Model", version.model.name),
        ("Version", f"{version.number}, {version.state.label.lower()}"),
        ("Family", version.model.get_family_display()),
        ("Architecture", version.architecture),
        ("Recipe", f"{recipe.recipe.name} {recipe.number}" if recipe else "none"),
        ("Registered", f"{version.created_at.strftime(DAY)} by {_who(version.created_by)}"),
        ("Description", version.model.description or formats.UNDEFINED),
        ("Notes", version.notes or formats.UNDEFINED),
    ]


def _use(version: ModelVersion, manifest: Mapping[str, Any]) -> tuple[list[Fact], list[str]]:
    said = manifest.get("metadata") or {}
    names = {"business_goal": "Goal", "intended_use": "Intended use"}
    facts = [(label, str(said[key])) for key, label in names.items() if said.get(key)]
    return facts, [f"{version.model.get_family_display()}: {ABOUT[Family(version.model.family)].summary}"]


def _data(version: ModelVersion) -> tuple[list[Fact], list[str]]:
    dataset, run = version.dataset, version.experiment
    facts = [("Dataset", dataset.name), ("Rows", formats.number(dataset.num_interactions))]
    if not dataset.is_table:
        facts += [("Users", formats.number(dataset.num_users)), ("Items", formats.number(dataset.num_items))]
        facts += [("Feedback", dataset.get_feedback_display())]
    if dataset.first_at and dataset.last_at:
        facts += [("Time", f"{dataset.first_at.strftime(DAY)} to {dataset.last_at.strftime(DAY)}")]
    facts += [
        ("Refused rows", formats.number(dataset.num_refused)),
        ("Source", source_of(version) or "not recorded"),
        ("Content digest (SHA-256)", version.dataset_sha256),
    ]
    columns, used = available_columns(run), used_columns(run)
    left = [name for name in columns if name not in used]
    sentences = [f"It learns from {', '.join(sorted(used)) or 'no column that is known'}."] if columns else []
    return facts, sentences + ([f"It does not use {', '.join(left)}."] if left else [])


def source_of(version: ModelVersion) -> str:
    """Format and files the data was read from; empty where the import kept neither."""
    source = version.dataset.source
    files = ", ".join(map(str, (source.get("files") or {}).values()))
    return ", ".join(part for part in (str(source.get("format", "")), files) if part)


def _training(version: ModelVersion) -> list[Fact]:
    run = version.experiment
    facts = [(row.label, formats.UNDEFINED if row.value is None else str(row.value)) for row in settings_of(run)]
    return [
        *facts,
        ("Configuration digest", version.config_hash),
        ("Run", f"{run.name}, {formats.duration(run.duration)}"),
        ("Launched by", f"{_who(run.created_by)}, through {run.created_through}"),
        ("Code", str(run.environment.get("commit") or "not recorded")),
    ]


def _evaluation(groups: Sequence[MetricGroup]) -> list[str]:
    if not groups:
        return ["The run has no stored metrics."]
    return [group.definition for group in groups]


def _ethics(version: ModelVersion) -> tuple[list[Fact], list[str]]:
    terms = version.dataset.source.get("terms")
    sentences = []
    if not version.dataset.is_table:
        sentences.append("Rows tell what single users did; whoever has them may recognise a person by it.")
    personal = personal_columns(available_columns(version.experiment))
    if personal:
        used = [name for name in personal if name in used_columns(version.experiment)]
        learnt = f"it learns from {', '.join(used)}" if used else "it learns from none of them"
        sentences.append(f"Columns that seem to describe people: {', '.join(personal)}; {learnt}.")
    if not terms:
        sentences.append("The import recorded no terms of use of the data.")
    return ([("Terms of the data", str(terms))] if terms else []), sentences


def _history(version: ModelVersion) -> list[Fact]:
    rows = StageChange.objects.filter(version=version).select_related("by").order_by("at", "id")
    found = []
    for row in rows:
        words = f"{row.get_kind_display()}, {row.get_to_stage_display().lower()}, by {_who(row.by)}"
        words += f" (forced: {row.reason})" if row.forced else f" ({row.reason})" if row.reason else ""
        found.append((row.at.strftime(f"{DAY} %H:%M UTC"), words))
    return found or [("Registered", version.created_at.strftime(DAY))]


def _contact(version: ModelVersion, manifest: Mapping[str, Any]) -> list[Fact]:
    facts = [("Owner", str(version.model.owner) if version.model.owner else "nobody")]
    said = (manifest.get("metadata") or {}).get("owner")
    facts += [("Owner of the recipe", str(said))] if said else []
    return [*facts, ("Registered by", _who(version.created_by))]


def _repeats(run: Experiment) -> int:
    """Completed runs of the same configuration with any seed: one query."""
    if not run.settings_hash:
        return 1
    rows = Experiment.objects.filter(workspace=run.workspace_id, settings_hash=run.settings_hash)
    return rows.filter(status=JobStatus.COMPLETED).values("seed").distinct().count()


def _who(person: Any) -> str:
    return str(person) if person else "the system"
