"""The page for developers that shows every component in every state, with sample values."""

from __future__ import annotations

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mlopspro.core import samples
from mlopspro.core.components.registry import REGISTRY
from mlopspro.core.http import polled, render_page
from mlopspro.core.marks import public
from mlopspro.core.toasts import toast

TEMPLATE = "dev/components.html"
MAX_EPOCHS = 40


def _for_developers(request: HttpRequest) -> None:
    """Answers 404 unless the site runs in debug mode or the person is staff.

    It is marked public because core knows no roles; this is its own gate.
    """
    user = getattr(request, "user", None)
    if not settings.DEBUG and not getattr(user, "is_staff", False):
        raise Http404


def _epochs(request: HttpRequest) -> int:
    given = request.GET.get("epochs", "")
    return min(int(given), MAX_EPOCHS) if given.isascii() and given.isdigit() and len(given) < 4 else 6


@public
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """The page; with htmx its live part, one epoch further, which tries how charts take new figures."""
    _for_developers(request)
    epochs = _epochs(request)
    rows = samples.runs()
    context = {
        "names": sorted(REGISTRY),
        "epochs": epochs,
        "next_epochs": epochs + 1,
        "loss": samples.loss_chart(epochs),
        "charts": samples.charts(),
        "form": samples.SampleForm(initial={"epochs": 10, "dataset": "ml-100k"}),
        "bad_form": samples.refused_form(),
        "rows": rows,
        "page_of_rows": Paginator(range(2340), 50).get_page(request.GET.get("page", 3)),
        "sort": request.GET.get("sort", "-f1"),
        "tab": request.GET.get("tab", "metrics"),
        **samples.context(),
    }
    if "toast" in request.GET:
        toast(request, "Queued as experiment 5f0c2a9e.", href="/", link="Open")
        toast(request, "The file was refused: 3 columns are missing.", "error")
    return render_page(request, TEMPLATE, context, partial="live")


@public
@require_safe
def log_lines(request: HttpRequest) -> HttpResponse:
    """One more line of the sample log, and the end of it after a while."""
    _for_developers(request)
    line = samples.next_log_line()
    return polled(render(request, "dev/log_line.html", {"line": line}))
