"""A view or operation that forgot to say who may reach it answers nobody, and the checks say so."""

import importlib
import sys
import types

import pytest
from django.http import HttpResponse
from django.urls import clear_url_caches, include, path
from ninja import NinjaAPI

from mlopspro.accounts import checks, routes
from mlopspro.accounts.access import requires, signed_in
from mlopspro.accounts.api_auth import API_AUTH
from mlopspro.accounts.permissions import Action, NotAllowed, Role
from mlopspro.testing.people import browser, make_member

pytestmark = pytest.mark.django_db


def forgotten(request):
    return HttpResponse("open to the world")


@requires(Action.VIEW, change=Action.LAUNCH_TRAINING)
def two_actions(request):
    return HttpResponse(f"{request.workspace} {request.membership.role}")


@signed_in
def personal(request):
    return HttpResponse(request.user.email)


api = NinjaAPI(auth=API_AUTH, urls_namespace="forgetful", docs_url=None)


@api.get("/forgotten")
def forgotten_operation(request):
    return {"open": True}


@api.exception_handler(NotAllowed)
def not_allowed(request, error):
    return api.create_response(request, {"detail": str(error)}, status=403)


@pytest.fixture(autouse=True)
def forgetful_site(settings):
    product = importlib.import_module("mlopspro.urls")
    module = types.ModuleType("forgetful_urls")
    module.urlpatterns = [
        path("forgotten/", forgotten, name="forgotten"),
        path("two/", two_actions, name="two"),
        path("personal/", personal),
        path("forgetful-api/", api.urls),
        path("", include(product)),
    ]
    for name in ("handler403", "handler404", "handler500"):
        setattr(module, name, getattr(product, name))
    sys.modules["forgetful_urls"] = module
    settings.ROOT_URLCONF = "forgetful_urls"
    clear_url_caches()
    yield
    clear_url_caches()


def test_a_forgotten_view_answers_nobody(admin):
    assert browser().get("/forgotten/").status_code == 302
    response = browser(admin).get("/forgotten/")
    assert response.status_code == 403
    assert b"open to the world" not in response.content


def test_the_check_names_a_forgotten_view():
    found = [error for error in checks.every_view_says_who_may_see_it(None) if "forgotten" in error.msg]
    assert [error.id for error in found] == ["accounts.E001"]


def test_a_forgotten_operation_answers_nobody(admin):
    assert browser().get("/forgetful-api/forgotten").status_code == 401
    assert browser(admin).get("/forgetful-api/forgotten").status_code == 403


def test_the_check_names_a_forgotten_operation(monkeypatch):
    monkeypatch.setattr("mlopspro.api.api", api)
    found = checks.every_operation_says_who_may_call_it(None)
    assert [(error.id, "GET forgotten" in error.msg) for error in found] == [("accounts.E002", True)]


def test_reading_and_changing_can_need_different_roles(workspace):
    viewer = browser(make_member(workspace, Role.VIEWER))
    scientist = browser(make_member(workspace, Role.SCIENTIST))
    assert viewer.get("/two/").content.decode() == f"{workspace} viewer"
    assert viewer.head("/two/").status_code == 200
    for method in ("post", "put", "patch", "delete"):
        assert getattr(viewer, method)("/two/").status_code == 403
        assert getattr(scientist, method)("/two/").status_code == 200
    assert viewer.generic("PROPFIND", "/two/").status_code == 403


def test_a_refusal_says_why_and_who_could(workspace):
    page = browser(make_member(workspace, Role.VIEWER)).post("/two/").content.decode()
    assert "Your role in this workspace is viewer" in page
    assert "scientist or engineer or administrator" in page


def test_a_fragment_of_a_stranger_moves_the_whole_page_to_sign_in():
    response = browser().get(
        "/two/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/experiments/?sort=f1"}
    )
    assert response["HX-Redirect"] == "/accounts/login/?next=/experiments/%3Fsort%3Df1"
    foreign = browser().get("/two/", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"})
    assert "evil" not in foreign["HX-Redirect"]


def test_the_product_itself_has_no_forgotten_view_or_operation(settings):
    settings.ROOT_URLCONF = "mlopspro.urls"
    clear_url_caches()
    assert checks.every_view_says_who_may_see_it(None) == []
    assert checks.every_operation_says_who_may_call_it(None) == []
    assert len(list(routes.routes())) > 50, "the walk sees the site"
    assert len(list(routes.api_routes())) > 3, "the walk sees the API"
