"""Secrets at rest: texts that the database keeps sealed and only this installation's key opens.

A seal is Fernet (AES-128-CBC with HMAC-SHA256) under a key that HKDF-SHA256 derives from SECRET_KEY and from what the
text is for, so a sealed text put into another column opens nothing. New texts are sealed under SECRET_KEY; those of
SECRET_KEY_FALLBACKS still open, and ``renewed`` seals them anew.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_CONTEXT = "mlopspro sealed text 1: "


class CannotUnseal(ValueError):
    """The text was sealed under another key or for another purpose, or was altered."""


def seal(text: str, purpose: str) -> str:
    """The text, sealed; the same text gives another seal each time."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    """What was sealed for this purpose. Raises CannotUnseal."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotUnseal("It was sealed under another DJANGO_SECRET_KEY, or altered.") from None


def renewed(sealed: str, purpose: str) -> str:
    """The same content sealed under the present key. Raises CannotUnseal."""
    return seal(unseal(sealed, purpose), purpose)


def _box(purpose: str) -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_key(str(key), purpose)) for key in keys])


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=(_CONTEXT + purpose).encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
