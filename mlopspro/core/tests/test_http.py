"""Pages and their fragments: one template, versions, the end of polling, messages that travel along."""

from __future__ import annotations

import json

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from mlopspro.core.http import is_fragment, poll_done, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import announce, as_toast, toast

PAGE = "dev/components.html"


def request(**headers: str) -> HttpRequest:
    made = RequestFactory().get("/page/", headers=headers)
    made.htmx = HtmxDetails(made)  # type: ignore[attr-defined]
    made._messages = CookieStorage(made)  # type: ignore[attr-defined]
    return made


HTMX = {"HX-Request": "true"}


def test_only_htmx_asks_for_fragments() -> None:
    assert is_fragment(request(**HTMX))
    assert not is_fragment(request())
    assert not is_fragment(request(**HTMX, **{"HX-Boosted": "true"}))
    assert not is_fragment(request(**HTMX, **{"HX-History-Restore-Request": "true"}))
    assert not is_fragment(RequestFactory().get("/"))


def test_a_page_and_its_fragment_are_one_template() -> None:
    context = {"title": "T", "detail": "D"}
    whole = render_page(request(), "errors/404.html", context, partial="x")
    assert whole.content.lower().startswith(b"<!doctype html>")
    from mlopspro.core import samples

    values = {"loss": samples.loss_chart(3), "epochs": 3, "next_epochs": 4}
    part = render_page(request(**HTMX), PAGE, values, partial="live").content.decode()
    assert part.strip().startswith('<div id="live"')
    assert "<html" not in part


def test_caches_keep_page_and_fragment_apart() -> None:
    assert "HX-Request" in render_page(request(), "errors/404.html")["Vary"]


def test_a_known_version_is_answered_by_304_for_fragments_only() -> None:
    version = version_of("run", 3, "running")
    known = {"If-None-Match": f'"other", {version}'}
    answer = unchanged(request(**HTMX, **known), version)
    assert answer is not None
    assert answer.status_code == 304
    assert answer["ETag"] == version
    weak = {"If-None-Match": f"W/{version}"}  # as a compressing middleware or proxy makes it
    assert unchanged(request(**HTMX, **weak), version) is not None
    assert unchanged(request(**known), version) is None
    assert unchanged(request(**HTMX), version) is None


def test_versions_tell_states_apart() -> None:
    assert version_of("ab", "c") != version_of("a", "bc")
    assert version_of(1, 2) == version_of(1, 2)


def test_the_last_answer_stops_polling_and_an_error_does_not() -> None:
    assert poll_done(HttpResponse()).status_code == 286
    assert poll_done(HttpResponse(status=500)).status_code == 500
    answer = polled(HttpResponse(), version='"v"', done=True)
    assert (answer.status_code, answer["ETag"]) == (286, '"v"')


def test_messages_travel_with_a_fragment_and_wait_for_the_page_otherwise() -> None:
    asked = request(**HTMX)
    toast(asked, "Queued as 5f0c2a9e – läuft.", href="/experiments/1/", link="Open the run")
    toast(asked, "Too large.", "error")
    answer = announce(asked, HttpResponse())
    assert answer["HX-Trigger"].isascii()  # a header
    found = json.loads(answer["HX-Trigger"])["toasts"]["toasts"]
    assert found == [
        {"text": "Queued as 5f0c2a9e – läuft.", "level": "success", "href": "/experiments/1/", "link": "Open the run"},
        {"text": "Too large.", "level": "error", "href": "", "link": ""},
    ]


def test_messages_are_kept_when_the_answer_leads_elsewhere() -> None:
    asked = request(**HTMX)
    toast(asked, "Saved.")
    assert not announce(asked, HttpResponse(status=302)).has_header("HX-Trigger")
    assert [as_toast(message).text for message in asked._messages] == ["Saved."]  # type: ignore[attr-defined]


@pytest.mark.parametrize("href", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)"])
def test_a_message_leads_nowhere_else(href: str) -> None:
    with pytest.raises(ValueError, match="path of this site"):
        toast(request(), "Open", href=href)


def test_messages_of_libraries_are_toasts_too() -> None:
    from django.contrib.messages import ERROR, SUCCESS
    from django.contrib.messages.storage.base import Message

    assert as_toast(Message(SUCCESS, "Signed in.", extra_tags="plain words")).level == "success"
    assert as_toast(Message(ERROR, "No.", extra_tags="[1]")).stays
    assert as_toast(Message(5, "Quiet.")).level == "info"
