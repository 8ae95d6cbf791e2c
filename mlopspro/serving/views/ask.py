"""The page on which a person asks a live model: a user's list with its reasons, or an answer to one row of values."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods

from experiments.explain_bars import KIND_LABELS, kinds_of
from experiments.learning.families import Family
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.serving.answers import CannotAnswer, NotReady, Prediction, Recommendation, predict, recommend
from mlopspro.serving.bars import bars_of
from mlopspro.serving.forms import AskForm, RowForm
from mlopspro.serving.live import LiveModel
from mlopspro.serving.loaded import live

TEMPLATE = "serving/ask.html"
ANSWERS = {
    Family.FORECASTING: "Forecast",
    Family.PRICING: "Expected quantity",
    Family.LOCATION_SCORING: "Score of the place",
    Family.NEXT_BEST_ACTION: "Chance that it works",
}
"""What the number is called in the words of its family."""
NOBODY = "somebody-new"
"""An example of a user that no data has."""


@requires(Action.ASK_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: WorkspaceRequest) -> HttpResponse:
    """``model`` and, of recommenders, ``user``, ``n`` and ``explain`` are the address; rows of tables are posted."""
    try:
        models = sorted(live(request.workspace).values(), key=lambda one: one.name.casefold())
    except NotReady as error:
        return render_page(request, TEMPLATE, {"models": [], "waiting": str(error)}, status=503)
    asked = request.GET.get("model", "")
    chosen = next((one for one in models if asked in (one.name, str(one.id))), None)
    context: dict[str, Any] = {
        "models": models,
        "missing": asked[:200] if asked and chosen is None else "",
        "chosen": chosen or (models[0] if models else None),
        "monitoring": _monitoring(chosen or (models[0] if models else None)),
    }
    return _answered(request, context["chosen"], context)


def _answered(request: WorkspaceRequest, model: LiveModel | None, context: dict[str, Any]) -> HttpResponse:
    if model is None:
        return render_page(request, TEMPLATE, context)
    version = model.champion.version if model.champion is not None else None
    try:
        if version is None:
            context["refused"] = " ".join(model.problems) or "Its files are being prepared; reload in a few seconds."
        elif version.table is not None:
            form = RowForm(request.POST if request.method == "POST" else None, inputs=version.table.inputs)
            context |= {"form": form, "is_table": True} | _row(request, model, form)
        elif version.recommender is not None:
            given = request.GET if "user" in request.GET and "choose" not in request.GET else None
            form_of_user = AskForm(given)
            examples = version.recommender.catalogue.examples()
            context |= {"form": form_of_user, "examples": examples, "nobody": NOBODY}
            context |= _list(request, model, form_of_user)
    except NotReady as error:
        context["refused"] = str(error)
    wrong = context.get("form") is not None and context["form"].is_bound and context["form"].errors
    return render_page(request, TEMPLATE, context, status=422 if wrong else 200)


def _list(request: WorkspaceRequest, model: LiveModel, form: AskForm) -> dict[str, Any]:
    if not form.is_bound or not form.is_valid():
        return {}
    given = form.cleaned_data
    try:
        found = recommend(request.workspace, given["user"], n=given["n"], model=str(model.id), explain=given["explain"])
    except CannotAnswer as error:
        form.refuse(error)
        return {}
    bars = bars_of(found.items) if given["explain"] and not found.no_reasons else []
    return {
        "found": found,
        "bars": bars,
        "kinds": [(kind, KIND_LABELS[kind]) for kind in kinds_of(one.item for one in bars)],
        "because": any(one.near for one in bars),
        "curl": _curl_list(request, found, given["n"], given["explain"]),
    }


def _row(request: WorkspaceRequest, model: LiveModel, form: RowForm) -> dict[str, Any]:
    if not form.is_bound or not form.is_valid():
        return {}
    row = form.row
    try:
        found = predict(request.workspace, str(model.id), [row])
    except CannotAnswer as error:
        form.refuse(error)
        return {}
    return {
        "predicted": found,
        "one": found.rows[0],
        "answer_name": ANSWERS.get(Family(found.family), "Answer"),
        "ranked": _ranked(found),
        "curl": _curl_row(request, found, row),
    }


def _ranked(found: Prediction) -> list[tuple[str, float]]:
    return sorted(found.rows[0].answer.actions.items(), key=lambda one: -one[1])


def _monitoring(model: LiveModel | None) -> str:
    """Where the answers of a model are watched; empty where that page does not exist."""
    try:
        address = reverse("monitoring:overview")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode({'model': str(model.id)})}" if model is not None else address


def _curl_list(request: WorkspaceRequest, found: Recommendation, n: int, explain: bool) -> str:
    query = {"n": n, "model": found.model} | ({"explain": "true"} if explain else {})
    address = request.build_absolute_uri(f"/api/recommend/{quote(found.user, safe='')}?{urlencode(query)}")
    return f'curl -H "Authorization: Bearer $MLOPSPRO_KEY" {shlex.quote(address)}'


def _curl_row(request: WorkspaceRequest, found: Prediction, row: dict[str, Any]) -> str:
    address = request.build_absolute_uri(f"/api/predict/{quote(found.model, safe='')}")
    body = json.dumps({"rows": [row]}, ensure_ascii=False)
    return (
        f'curl -H "Authorization: Bearer $MLOPSPRO_KEY" -H "Content-Type: application/json" '
        f"-d {shlex.quote(body)} {shlex.quote(address)}"
    )
