"""What people write into a model card."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from experiments.models import ModelVersion
from experiments.services.labels import plain_text
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit

MAX_LENGTH = 10_000


def write(version: ModelVersion, *, actor: User, texts: Mapping[str, str], seen: Mapping[str, str]) -> list[str]:
    """Saves the sections whose words changed and returns their keys; an empty text takes a section's words away.

    Args:
        seen: stamp (the time it was written, "" for none) of each section as the writer saw it. Two people may write
            different sections at the same time; the same one only after seeing the other's words.

    Raises:
        Refused: a text is too long or has control characters, or somebody wrote that section meanwhile. Nothing is
            saved then.
    """
    with transaction.atomic():
        fresh = (
            ModelVersion.objects.select_for_update(of=("self",)).select_related("model__workspace").get(pk=version.pk)
        )
        card = dict(fresh.card)
        before, changed, problems = {}, [], []
        for key, given in texts.items():
            stored = card.get(key) or {}
            stored = {"text": stored} if isinstance(stored, str) else stored
            text, problem = _accepted(key, given)
            if problem is None and text != stored.get("text", ""):
                problem = _meanwhile(key, stored, seen.get(key, ""))
                before[key] = stored.get("text", "")
                card[key] = {"text": text, "by": str(actor), "by_id": str(actor.pk), "at": timezone.now().isoformat()}
                changed.append(key)
                if not text:
                    del card[key]
            problems += [problem] if problem else []
        if problems:
            raise Refused(problems)
        if changed:
            fresh.card = card
            fresh.save(update_fields=["card"])
            after = {key: (card.get(key) or {}).get("text", "") for key in changed}
            audit.record(action="edit_model_card", actor=actor, workspace=fresh.model.workspace, obj=fresh,
                         before=before, after=after)  # fmt: skip
    return changed


def _accepted(key: str, given: str) -> tuple[str, Problem | None]:
    try:
        text = plain_text(given.replace("\r\n", "\n"))
    except ValueError as error:
        return "", Problem(key, str(error))
    if len(text) > MAX_LENGTH:
        return "", Problem(key, f"has {len(text):,} characters; up to {MAX_LENGTH:,} are accepted")
    return text, None


def _meanwhile(key: str, stored: Mapping[str, str], seen: str) -> Problem | None:
    if stored.get("at", "") == seen:
        return None
    who = stored.get("by") or "Somebody"
    there = f"it now says: “{stored['text'][:300]}”" if stored.get("text") else "its words were taken away"
    return Problem(key, f"{who} changed this section meanwhile; {there}. Save again to replace it")
