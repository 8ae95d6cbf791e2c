"""One version: how good it is, what it is made of, its files and its history; and two of them side by side."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from experiments.learning.families import Family
from experiments.learning.model_files import COMPACT_FILE
from experiments.models import ModelFile, ModelVersion, Stage
from experiments.selectors import metrics, tiles, verdict
from experiments.selectors.importance import shares_of
from experiments.selectors.mirrors import mirrors_of
from experiments.selectors.model_card import missing_of
from experiments.selectors.model_page import history_of, lines_of
from experiments.selectors.settings_of import settings_of
from experiments.selectors.version_comparison import compare_versions
from experiments.services import model_files, quantizing
from experiments.services.promotion_blockers import PROMOTABLE
from experiments.services.stored_files import FileMissing, file_of
from experiments.views.allowed import allowed
from experiments.views.artifacts import as_data
from experiments.views.find_models import find_model, find_version
from experiments.views.version_links import links_of
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, render_page
from mlopspro.core.toasts import toast

DETAIL = "experiments/models/version.html"
COMPARE = "experiments/models/version_compare.html"
MOVES = {
    Stage.DEVELOPMENT: (Stage.ARCHIVED,),
    Stage.STAGING: (Stage.DEVELOPMENT, Stage.ARCHIVED),
    Stage.PRODUCTION: (Stage.ARCHIVED,),
    Stage.ARCHIVED: (Stage.DEVELOPMENT,),
}
"""Steps that are no promotion, by the present stage."""
MOST_SHARES = 12


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    found = find_version(request, pk, version)
    run = found.experiment
    values = metrics.overall_metrics(run)
    files = list(found.files.all())
    context = {
        "model": found.model,
        "version": found,
        "run": run,
        "tiles": tiles.headline(values),
        "protocols": metrics.protocols_of(run),
        "verdicts": verdict.verdicts(values, run.architecture),
        "settings": settings_of(run),
        "files": files,
        **_size(found, files),
        "history": history_of(found),
        "mirrors": [one for one in mirrors_of(run) if one.run.url],
        "missing": missing_of(found),
        **_importance(found),
        "others": [line.version for line in lines_of(found.model) if line.version.pk != found.pk],
        "moves": MOVES[found.state],
        "promotions": [to for to, froms in PROMOTABLE.items() if found.state in froms],
        "links": links_of(found),
        "allowed": allowed(request),
    }
    return render_page(request, DETAIL, context)


def _size(version: ModelVersion, files: list[ModelFile]) -> dict[str, bool]:
    """Whether it is, or can be, kept smaller for serving."""
    return {
        "compact": any(file.name == COMPACT_FILE for file in files),
        "shrinks": quantizing.shrinks(version),
        "answers": quantizing.answers(version),
    }


def _importance(version: ModelVersion) -> dict[str, Any]:
    """The shares that matter most; the rest as a number."""
    shares = shares_of(version)
    shown = dict(list(shares.items())[:MOST_SHARES])
    tabular = Family(version.model.family).is_tabular
    return {
        "importance": shown,
        "importance_further": len(shares) - len(shown),
        "importance_rest": sum(list(shares.values())[MOST_SHARES:]),
        "importance_of": "Column" if tabular else "Part",
        "importance_note": "Share of each column in the mean absolute Shapley values."
        if tabular
        else "Share of the variance of scores over users and items that each part explains.",
    }


@requires(Action.VIEW, change=Action.REGISTER_MODEL)
@require_POST
def verify(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    """Reads every file again and says which are no longer what was registered."""
    found = find_version(request, pk, version)
    problems = model_files.verify(found, actor=request.user)
    if problems:
        toast(request, f"Not as registered: {'; '.join(problems)}", "error")
    else:
        toast(request, "Every file is what was registered.")
    return redirect(reverse("experiments:model_version", args=[pk, version]) + "#files")


@requires(Action.VIEW)
@require_safe
def download(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID, file: int) -> HttpResponseBase:
    """As an attachment of no known type; one that is gone is said on the version's page."""
    row = get_object_or_404(ModelFile, pk=file, version=find_version(request, pk, version))
    try:
        path = file_of(row)
    except FileMissing as error:
        toast(request, f"{error} Register the run again to have it back.", "error")
        return redirect("experiments:model_version", pk=pk, version=version)
    return as_data(FileResponse(path.open("rb"), as_attachment=True, filename=row.name))


@requires(Action.VIEW)
@require_safe
def compare(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """``?a=`` and ``?b=``: ids of two versions; left out, the live one and the newest."""
    model = find_model(request, pk)
    versions = [line.version for line in lines_of(model)]
    a, b, problem = _asked(request, versions)
    context = {"model": model, "versions": versions, "a": a, "b": b, "problem": problem, "allowed": allowed(request)}
    if a is not None and b is not None and a.pk != b.pk:
        one, other = find_version(request, pk, a.pk), find_version(request, pk, b.pk)
        found = compare_versions(request.workspace, one, other)
        work = is_fragment(request) or request.GET.get("verdict") == "now"
        context |= {"comparison": found, "a": one, "b": other, "verdicts": found.verdicts(work=work)}
    return render_page(request, COMPARE, context, partial="verdict", status=400 if problem else 200)


def _asked(
    request: WorkspaceRequest, versions: list[ModelVersion]
) -> tuple[ModelVersion | None, ModelVersion | None, str]:
    by_id = {str(version.pk): version for version in versions}
    live = next((version for version in versions if version.stage == Stage.PRODUCTION), None)
    chosen: list[ModelVersion | None] = []
    for name in ("a", "b"):
        text = request.GET.get(name, "")
        if text and text not in by_id:
            return None, None, f"{name} is “{text[:40]}”, which is no version of this model. Choose two below."
        chosen.append(by_id.get(text))
    b = chosen[1] or next((version for version in versions if version is not chosen[0]), None)
    rest = [version for version in ([live] if live else []) + versions if version is not b]
    return chosen[0] or (rest[0] if rest else None), b, ""
