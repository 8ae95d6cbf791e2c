"""What can be shown of how a version came about (F202): a check list computed from rows, nothing ticked by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from experiments.models import ModelFile, ModelVersion, StageChange
from experiments.selectors.model_card import SECTIONS, missing_of, source_of, written_of
from experiments.services.model_files import VERIFIED
from mlopspro.accounts.models import AuditEntry

LOOKS = {
    "met": ("Met", "good", "circle-check"),
    "not_met": ("Not met", "bad", "circle-x"),
    "attention": ("Look at it", "warning", "triangle-alert"),
    "not_yet": ("Not yet", "neutral", "circle-dashed"),
}
WHEN = "%-d %b %Y %H:%M UTC"


@dataclass(frozen=True)
class Check:
    """One question with its answer and the evidence in words. ``state`` is a key of LOOKS."""

    key: str
    question: str
    state: str
    words: str
    href: str = ""
    link: str = ""

    @property
    def label(self) -> str:
        return LOOKS[self.state][0]

    @property
    def tone(self) -> str:
        return LOOKS[self.state][1]

    @property
    def icon(self) -> str:
        return LOOKS[self.state][2]


@dataclass(frozen=True)
class Compliance:
    checks: tuple[Check, ...]

    @property
    def met(self) -> int:
        return sum(check.state == "met" for check in self.checks)

    @property
    def open(self) -> list[Check]:
        return [check for check in self.checks if check.state != "met"]

    @property
    def sentence(self) -> str:
        total = len(self.checks)
        if self.met == total:
            return f"All {total} checks are met."
        bad = sum(check.state == "not_met" for check in self.checks)
        rest = f"; {bad} {'is' if bad == 1 else 'are'} not met" if bad else ""
        return f"{self.met} of {total} checks are met{rest}."


def compliance_of(version: ModelVersion) -> Compliance:
    """Four queries. ``version`` comes with run, dataset, recipe version with its approver, and model with owner."""
    changes = list(StageChange.objects.filter(version=version).select_related("by").order_by("-at", "-id"))
    files = ModelFile.objects.filter(version=version).count()
    trail = AuditEntry.objects.filter(object_type=version._meta.label_lower, object_id=str(version.pk))
    verified = trail.filter(action=VERIFIED).select_related("actor").first()
    return Compliance(
        (
            _recipe(version),
            _gate(version, changes),
            _files(version, files, verified),
            _card(version),
            _owner(version),
            _source(version),
            _terms(version),
            _trained_by(version),
            _repeatable(version),
            _trail(version, trail.count()),
        )
    )


def _page(version: ModelVersion, name: str) -> str:
    return reverse(f"experiments:{name}", args=[version.model_id, version.pk])


def _recipe(version: ModelVersion) -> Check:
    question, made_by = "Was the recipe approved?", version.recipe_version
    if made_by is None:
        return Check("recipe", question, "attention", "It has no recipe, so nobody approved how it is built.")
    href, link = reverse("experiments:recipe_version", args=[made_by.recipe_id, made_by.pk]), "Recipe"
    name = f"{made_by.recipe.name} {made_by.number}"
    if made_by.approved_at is None:
        return Check("recipe", question, "not_met", f"{name} was never approved.", href, link)
    who = made_by.approved_by or "the system"
    words = f"{name} was approved by {who} on {made_by.approved_at.strftime(WHEN)}."
    if made_by.approved_at > version.experiment.created_at:
        return Check("recipe", question, "attention", f"{words} That was after the run was launched.", href, link)
    return Check("recipe", question, "met", words, href, link)


def _gate(version: ModelVersion, changes: list[StageChange]) -> Check:
    question, href = "Did it pass the gate before production?", _page(version, "model_version") + "#history"
    promoted = [one for one in changes if one.to_stage == "production"]
    if not promoted:
        return Check("gate", question, "not_yet", "It was never in production.", href, "History")
    last = promoted[0]
    who, when = last.by or "the system", last.at.strftime(WHEN)
    against = "; ".join(str(one.get("message", one)) if isinstance(one, dict) else str(one) for one in last.blockers)
    if last.forced:
        words = f"{who} forced it on {when}: “{last.reason}”." + (f" Against it spoke: {against}" if against else "")
        return Check("gate", question, "attention", words, href, "History")
    if last.kind == StageChange.Kind.ROLLED_BACK:
        return Check("gate", question, "attention", f"{who} rolled back to it on {when}.", href, "History")
    said = str(last.gate.get("sentence") or "nothing spoke against it")
    return Check("gate", question, "met", f"{who} promoted it on {when}: {said.rstrip('.')}.", href, "History")


def _files(version: ModelVersion, count: int, verified: AuditEntry | None) -> Check:
    question, href = "Are its files what was trained?", _page(version, "model_version") + "#files"
    if not count:
        return Check("files", question, "not_met", "It has no files.", href, "Files")
    if verified is None:
        words = "Each file's SHA-256 is checked whenever it is loaded; nobody has verified them all since."
        return Check("files", question, "not_yet", words, href, "Verify")
    who, when = verified.actor or "the system", verified.at.strftime(WHEN)
    problems = (verified.after or {}).get("problems") or []
    if problems:
        return Check("files", question, "not_met", f"Found by {who} on {when}: {'; '.join(problems)}", href, "Files")
    return Check("files", question, "met", f"All {count} were verified by {who} on {when}.", href, "Files")


def _card(version: ModelVersion) -> Check:
    question, href = "Is the model card filled in?", _page(version, "model_card")
    missing = missing_of(version)
    if missing:
        names = " and ".join(section.title.lower() for section in missing)
        return Check("card", question, "not_met", f"Nobody has written on {names}.", href, "Model card")
    asked = sum(section.asks for section in SECTIONS)
    words = f"People wrote all {asked} sections that need them."
    return Check("card", question, "met", words, href, "Model card")


def _owner(version: ModelVersion) -> Check:
    question, href = "Does somebody own it?", reverse("experiments:model", args=[version.model_id])
    owner = version.model.owner
    if owner is None:
        return Check("owner", question, "not_met", "The model has no owner.", href, "Model")
    if not owner.is_active:
        return Check("owner", question, "attention", f"{owner} owns it and can no longer sign in.", href, "Model")
    return Check("owner", question, "met", f"{owner} owns it.", href, "Model")


def _source(version: ModelVersion) -> Check:
    question, dataset = "Is it known where the data came from?", version.dataset
    href = "" if dataset.deleted_at else reverse("experiments:dataset", args=[dataset.pk])
    source = source_of(version)
    if not source:
        return Check("source", question, "not_met", f"{dataset.name} has no recorded source.", href, "Dataset")
    if dataset.sha256 != version.dataset_sha256:
        return Check("source", question, "not_met", f"{dataset.name} is not what it learnt from.", href, "Dataset")
    words = f"{dataset.name}, from {source}; SHA-256 {version.dataset_sha256}."
    return Check("source", question, "met", words, href, "Dataset")


def _terms(version: ModelVersion) -> Check:
    question, href = "Are the terms of the data recorded?", _page(version, "model_card") + "#ethics"
    terms, written = version.dataset.source.get("terms"), written_of(version).get("ethics")
    if terms:
        return Check("terms", question, "met", f"Of the import: {str(terms)[:300]}", href, "Model card")
    if written:
        words = f"{written.by or 'Somebody'} wrote on ethics and terms in the model card."
        return Check("terms", question, "met", words, href, "Model card")
    words = "Neither the import nor the model card says on which terms the data may be used."
    return Check("terms", question, "not_met", words, href, "Model card")


def _trained_by(version: ModelVersion) -> Check:
    run = version.experiment
    href = "" if run.deleted_at else reverse("experiments:experiment", args=[run.pk])
    when = run.created_at.strftime(WHEN)
    if run.created_by is None:
        words = f"{run.name} was launched through {run.created_through} on {when} by nobody on record."
        return Check("trained", "Who trained it?", "attention", words, href, "Run")
    words = f"{run.created_by} launched {run.name} through {run.created_through} on {when}."
    return Check("trained", "Who trained it?", "met", words, href, "Run")


def _repeatable(version: ModelVersion) -> Check:
    run, question = version.experiment, "Can it be made again?"
    href = "" if run.deleted_at else reverse("experiments:experiment", args=[run.pk])
    missing = [name for name, there in _evidence(run).items() if not there]
    if missing:
        return Check("repeatable", question, "attention", f"Not recorded: {', '.join(missing)}.", href, "Run")
    words = f"Data, parameters, split and seed have the digest {version.config_hash}; code and packages are recorded."
    return Check("repeatable", question, "met", words, href, "Run")


def _evidence(run: Any) -> dict[str, Any]:
    environment = run.environment or {}
    return {
        "configuration digest": run.config_hash,
        "commit of the code": environment.get("commit"),
        "packages": environment.get("packages"),
    }


def _trail(version: ModelVersion, count: int) -> Check:
    question, href = "Is there an audit trail?", reverse("accounts:audit") + f"?object={version.pk}"
    if not count:
        return Check("trail", question, "not_met", "The audit trail has no entry on it.", href, "Audit trail")
    words = f"{count} entr{'y' if count == 1 else 'ies'} that nobody can change."
    return Check("trail", question, "met", words, href, "Audit trail")
