"""Sealed texts open under this installation's key alone, for what they were sealed for."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from django.test import override_settings

from mlopspro.core.sealing import CannotUnseal, renewed, seal, unseal

SECRET = "https://hooks.slack.com/services/T0/B0/äöü"


def test_a_text_comes_back_and_cannot_be_read_in_between():
    sealed = seal(SECRET, "channel target")
    assert unseal(sealed, "channel target") == SECRET
    assert "slack" not in sealed
    assert b"slack" not in base64.urlsafe_b64decode(sealed)
    assert seal(SECRET, "channel target") != sealed


def test_another_purpose_or_an_altered_text_opens_nothing():
    sealed = seal(SECRET, "channel target")
    with pytest.raises(CannotUnseal):
        unseal(sealed, "channel key")
    altered = sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]
    for wrong in (altered, "", "no seal at all", sealed[:-8]):
        with pytest.raises(CannotUnseal):
            unseal(wrong, "channel target")


def test_after_a_rotation_old_texts_open_and_can_be_sealed_anew():
    with override_settings(SECRET_KEY="old key", SECRET_KEY_FALLBACKS=[]):
        sealed = seal(SECRET, "p")
    with override_settings(SECRET_KEY="new key", SECRET_KEY_FALLBACKS=["old key"]):
        assert unseal(sealed, "p") == SECRET
        anew = renewed(sealed, "p")
    with override_settings(SECRET_KEY="new key", SECRET_KEY_FALLBACKS=[]):
        assert unseal(anew, "p") == SECRET
        with pytest.raises(CannotUnseal, match="DJANGO_SECRET_KEY"):
            unseal(sealed, "p")


def test_the_key_is_what_hkdf_of_rfc_5869_derives():
    """Extract and expand by hand, then Fernet's own authentication tag by hand."""
    with override_settings(SECRET_KEY="a key", SECRET_KEY_FALLBACKS=[]):
        token = base64.urlsafe_b64decode(seal("text", "p"))
    extracted = hmac.new(bytes(32), b"a key", hashlib.sha256).digest()
    key = hmac.new(extracted, b"mlopspro sealed text 1: p\x01", hashlib.sha256).digest()
    assert hmac.new(key[:16], token[:-32], hashlib.sha256).digest() == token[-32:]
