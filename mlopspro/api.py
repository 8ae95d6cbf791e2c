"""The JSON API: one OpenAPI document, one form of errors, and no operation without a sign-in or a key."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from experiments.api import router as experiments_router
from experiments.api_assistant import router as assistant_router
from experiments.api_comparison import router as comparison_router
from experiments.api_custom_metrics import router as custom_metrics_router
from experiments.api_explain import router as explain_router
from experiments.api_explain_tables import router as explain_tables_router
from experiments.api_history import router as history_router
from experiments.api_ml_runs import router as ml_runs_router
from experiments.api_models import router as models_router
from experiments.api_recipe_versions import router as recipe_versions_router
from experiments.api_recipes import router as recipes_router
from experiments.api_registry import router as registry_router
from experiments.api_searches import router as searches_router
from experiments.api_traffic import router as traffic_router
from experiments.models.job import JobStateError
from experiments.query import QueryError
from experiments.services.explained_model import CannotExplain
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused, TooMany
from mlopspro.accounts.api_auth import API_AUTH
from mlopspro.accounts.permissions import NotAllowed
from mlopspro.insights.api import router as insights_router
from mlopspro.serving.api import router as serving_router
from mlopspro.serving.problems import CannotAnswer, NoModel, NotReady
from monitoring.api_alerts import router as alerts_router
from monitoring.api_channels import router as channels_router
from monitoring.api_drift import router as drift_router
from monitoring.api_health import router as health_router
from monitoring.api_judged import router as judged_router
from monitoring.api_log import router as log_router
from monitoring.api_predictions import router as mlops_predictions_router
from monitoring.api_snapshots import router as snapshots_router
from retraining.api import router as retraining_router
from retraining.api_off_policy import router as off_policy_router
from retraining.api_trials import router as trials_router


class Problem(Schema):
    """An error, as RFC 9457 problem details; ``errors`` names each field that was refused."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] = []


api = NinjaAPI(
    title="ML Ops Pro",
    version="1",
    description="Datasets, training runs and their metrics. Sign in, or send `Authorization: Bearer <key>`.",
    auth=API_AUTH,
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
# First: addresses are tried in this order, and answers are asked for hundreds of times a second.
api.add_router("", serving_router)
api.add_router("", experiments_router)
api.add_router("", history_router)
api.add_router("", models_router)
api.add_router("", comparison_router)
api.add_router("", explain_router)
api.add_router("", explain_tables_router)
api.add_router("", custom_metrics_router)
api.add_router("", registry_router)
api.add_router("", searches_router)
api.add_router("", traffic_router)
api.add_router("", recipes_router)
api.add_router("", recipe_versions_router)
api.add_router("", ml_runs_router)
api.add_router("", assistant_router)
api.add_router("", health_router)
api.add_router("", mlops_predictions_router)
api.add_router("", snapshots_router)
api.add_router("", drift_router)
api.add_router("", judged_router)
api.add_router("", log_router)
api.add_router("", channels_router)
api.add_router("", alerts_router)
api.add_router("", retraining_router)
api.add_router("", insights_router)
api.add_router("", trials_router)
api.add_router("", off_policy_router)


def problem(
    request: HttpRequest, status: int, title: str, detail: str, errors: list[dict[str, Any]] | None = None
) -> HttpResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": errors or []}
    response = api.create_response(request, body, status=status)
    response["Content-Type"] = "application/problem+json"
    return response


@api.exception_handler(Refused)
def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    status = 429 if isinstance(error, TooMany) else 422
    errors = [{"field": item.field, "message": item.message} for item in error.problems]
    return problem(request, status, "Refused", "What was asked cannot be done; see errors.", errors)


@api.exception_handler(JobStateError)
def wrong_state(request: HttpRequest, error: JobStateError) -> HttpResponse:
    return problem(request, 409, "Not possible now", str(error))


@api.exception_handler(CannotExplain)
def unexplained(request: HttpRequest, error: CannotExplain) -> HttpResponse:
    return problem(request, 409, "Cannot be explained", str(error))


@api.exception_handler(PromotionRefused)
def blocked(request: HttpRequest, error: PromotionRefused) -> HttpResponse:
    errors = [{"field": one.code, "message": one.message, "can_force": one.can_force} for one in error.blockers]
    return problem(request, 409, "Blocked", "Rules speak against this promotion; see errors.", errors)


@api.exception_handler(CannotAnswer)
def unanswerable(request: HttpRequest, error: CannotAnswer) -> HttpResponse:
    errors = [{"field": one.field, "message": one.message} for one in error.problems]
    return problem(request, 422, "Refused", "What was asked cannot be answered; see errors.", errors)


@api.exception_handler(NoModel)
def nothing_live(request: HttpRequest, error: NoModel) -> HttpResponse:
    return problem(request, 404, "No model answers", str(error))


@api.exception_handler(NotReady)
def not_ready(request: HttpRequest, error: NotReady) -> HttpResponse:
    """Soon: 503, ask again. Else the state of the model speaks against it until somebody does something."""
    if not error.soon:
        return problem(request, 409, "Cannot answer", str(error))
    response = problem(request, 503, "Not ready", str(error))
    response["Retry-After"] = "5"
    return response


@api.exception_handler(QueryError)
def unreadable(request: HttpRequest, error: QueryError) -> HttpResponse:
    place = {"position": error.position, "length": error.length, "suggestion": error.suggestion}
    errors = [{"field": "q", "message": error.message, **place}]
    return problem(request, 422, "Query not understood", error.message, errors)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"field": ".".join(str(part) for part in item["loc"][1:]), "message": item["msg"]} for item in error.errors
    ]
    return problem(request, 422, "Not valid", "The request does not have the form it must have; see errors.", errors)


@api.exception_handler(AuthenticationError)
def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = problem(
        request, 401, "Not signed in", "Send Authorization: Bearer with a key that is valid, or sign in."
    )
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(NotAllowed)
def not_allowed(request: HttpRequest, error: NotAllowed) -> HttpResponse:
    return problem(request, 403, "Not allowed", str(error))


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, "Not found", "There is nothing of this id, or it is not yours to see.")


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, error.status_code, "Refused", str(error))
