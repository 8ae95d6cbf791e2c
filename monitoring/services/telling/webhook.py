"""Webhooks: the document as JSON, signed in the manner of Standard Webhooks (standardwebhooks.com).

Three headers: ``webhook-id``, the same for every try of one message; ``webhook-timestamp``, seconds since 1970 of this
try; ``webhook-signature``, "v1," and the base64 of HMAC-SHA256 over "id.timestamp.body". The key is shown as
"whsec_" and base64 of its 32 random bytes. Libraries that check all this exist for most languages.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets

from mlopspro.core import outgoing
from monitoring.services.telling.document import Document
from monitoring.services.telling.outcome import Outcome, of_answer, unreached

KEY_PREFIX = "whsec_"


def new_key() -> str:
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(key: str, identity: str, timestamp: int, body: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(KEY_PREFIX))
    signed = b".".join((identity.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def send(url: str, key: str, document: Document, timestamp: int) -> Outcome:
    """One try. Never raises for what the other side does."""
    identity = document["id"]
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": identity,
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(key, identity, timestamp, body),
    }
    try:
        return of_answer(outgoing.post(url, body, headers))
    except (outgoing.PostFailed, outgoing.TargetRefused) as error:
        return unreached(error)
