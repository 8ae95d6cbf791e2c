"""Short messages to a person after an act, with or without a link, on whole pages and on fragments alike."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django_htmx.http import trigger_client_event

Level = Literal["info", "success", "warning", "error"]
LEVELS: dict[Level, int] = {
    "info": messages.INFO,
    "success": messages.SUCCESS,
    "warning": messages.WARNING,
    "error": messages.ERROR,
}


@dataclass(frozen=True)
class Toast:
    """A message as it is shown. Errors stay until they are closed."""

    text: str
    level: Level
    href: str = ""
    link: str = ""

    @property
    def stays(self) -> bool:
        return self.level == "error"


def toast(request: HttpRequest, text: str, level: Level = "success", *, href: str = "", link: str = "Open") -> None:
    """Leaves a message for the person's next page or fragment.

    Args:
        text: a plain sentence; it is escaped wherever it is shown.
        href: a path of this site where the message leads.
        link: the words of that link.

    Raises:
        ValueError: the link leaves this site.
    """
    if href and (not href.startswith("/") or href.startswith(("//", "/\\"))):
        raise ValueError(f"href is {href!r}; a toast links to a path of this site, such as /experiments/.")
    extra = json.dumps({"href": href, "link": link}) if href else ""
    messages.add_message(request, LEVELS[level], text, extra_tags=extra, fail_silently=True)


def as_toast(message: Message) -> Toast:
    """A Django message (from ``toast`` or from any library) as a toast."""
    names = [name for name, number in LEVELS.items() if message.level >= number]
    level: Level = names[-1] if names else "info"
    try:
        extra = json.loads(message.extra_tags or "{}")
    except ValueError:
        extra = {}
    if not isinstance(extra, dict):
        extra = {}
    return Toast(str(message.message), level, str(extra.get("href", "")), str(extra.get("link", "")))


def announce(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Sends the waiting messages along with a fragment, as one event that the page's script shows."""
    if 300 <= response.status_code < 400 or response.has_header("HX-Redirect"):
        return response
    waiting = [asdict(as_toast(message)) for message in messages.get_messages(request)]
    return trigger_client_event(response, "toasts", {"toasts": waiting}) if waiting else response
