"""The report of a model as a file."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from experiments.models import RegisteredModel
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.selectors.report import report
from monitoring.selectors.windows import BadPeriod, period


@requires(Action.VIEW)
@require_safe
def download(request: WorkspaceRequest) -> HttpResponse:
    """``report.json?model=`` and a period as the monitoring page has it."""
    given = request.GET
    if not given.get("model"):
        return _bad("model is missing; accepted: the id of a model of this workspace.")
    model = get_visible_or_404(RegisteredModel, request, given["model"])
    try:
        chosen = period(given.get("period") or "24h", start=given.get("from"), end=given.get("to"))
    except BadPeriod as error:
        return _bad(str(error))
    now = timezone.now()
    answer = JsonResponse(
        report(model, chosen, now), encoder=DjangoJSONEncoder, json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    name = f"{slugify(model.name) or 'model'}-monitoring-{now:%Y%m%d-%H%M}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _bad(why: str) -> HttpResponse:
    return HttpResponseBadRequest(why, content_type="text/plain; charset=utf-8")
