"""Slack's incoming webhooks: a message of blocks. Texts are plain and escaped, so no name can call a whole channel."""

from __future__ import annotations

import json
import re
from typing import Any

from mlopspro.core import outgoing
from monitoring.services.telling import document as said
from monitoring.services.telling.document import Document
from monitoring.services.telling.outcome import Outcome, of_answer, unreached

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
LONGEST_HEADER, LONGEST_TEXT, LONGEST_FACT = 150, 3000, 2000
WORD = re.compile(rb"[a-z_]{1,60}")
"""What Slack says about a message that it did not take, such as ``no_service``."""
MARKS = {"info": "ℹ️", "warning": "⚠️", "critical": "🔴"}


def escaped(text: str) -> str:
    """Slack's three characters: without them ``<!channel>`` is text and no call."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(document: Document) -> dict[str, Any]:
    """The body that is posted: ``text`` for notifications, ``blocks`` for the window."""
    headline = said.headline(document)
    alert = document["alert"]
    mark = f"{MARKS[alert['severity']]} " if alert and alert["state"] != "resolved" else ""
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(mark + headline, LONGEST_HEADER)}]
    blocks += [{"type": "section", "text": _plain(text, LONGEST_TEXT)} for text in said.paragraphs(document)]
    facts = [_plain(f"{label}: {value}", LONGEST_FACT) for label, value in said.facts(document)]
    blocks.append({"type": "context", "elements": facts})
    if document["url"]:
        # Our own address and our own words, so the one text that is not plain.
        link = f"<{escaped(document['url'])}|Open in ML Ops Pro>"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    return {"text": escaped(mark + headline), "blocks": blocks}


def send(url: str, document: Document) -> Outcome:
    """One try. Never raises for what the other side does."""
    body = json.dumps(message(document), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "Idempotency-Key": document["id"]}
    try:
        answer = outgoing.post(url, body, headers)
    except (outgoing.PostFailed, outgoing.TargetRefused) as error:
        return unreached(error)
    word = answer.body.strip()
    return of_answer(answer, word.decode() if WORD.fullmatch(word) else "")


def _plain(text: str, longest: int) -> dict[str, Any]:
    """At most ``longest`` characters once escaped; never cut within an escape."""
    kept, shown = text, escaped(text)
    while len(shown) > longest:
        kept = kept[: len(kept) - max(1, (len(shown) - longest) // 5)]
        shown = f"{escaped(kept)}…"
    return {"type": "plain_text", "text": shown, "emoji": False}
