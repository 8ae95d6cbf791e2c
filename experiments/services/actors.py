"""For whom and on what a command acts: the person, the workspace and the recipe its options name."""

from __future__ import annotations

import uuid

from django.core.management.base import CommandError

from experiments.models import Recipe, RecipeVersion
from experiments.recipes.numbers import parse
from mlopspro.accounts.models import User, Workspace


def workspace_of(slug: str) -> Workspace:
    """The workspace with this slug; without one, the only workspace."""
    rows = Workspace.objects.order_by("created_at")
    if slug:
        found = rows.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"--workspace {slug!r}: known are {_known(rows)}")
        return found
    count = rows.count()
    if count == 0:
        raise CommandError("There is no workspace yet. `make run` or `manage.py up` creates the first.")
    if count > 1:
        raise CommandError(f"There are several workspaces; say --workspace, one of {_known(rows)}")
    return rows.get()


def _known(rows: object) -> str:
    return ", ".join(str(row.slug) for row in rows)  # type: ignore[attr-defined]


def actor_of(email: str) -> User | None:
    """The person with this address; None (the system itself) where none is named."""
    if not email:
        return None
    found = User.objects.filter(email__iexact=email, is_active=True).first()
    if found is None:
        raise CommandError(f"--as {email!r}: there is no such person, or their account is disabled")
    return found


def recipe_of(workspace: Workspace, named: str) -> Recipe:
    """The recipe of this name or id."""
    rows = Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True)
    try:
        found = rows.filter(pk=uuid.UUID(named)).first()
    except ValueError:
        found = rows.filter(name=named).first()
    if found is None:
        raise CommandError(f"{named!r}: there is no such recipe; see manage.py list_recipes --status all")
    return found


def version_of(recipe: Recipe, number: str) -> RecipeVersion:
    """The version of this number; without one, the newest."""
    rows = recipe.versions.select_related("recipe", "parent_version__recipe").order_by("-major", "-minor", "-patch")
    if number:
        try:
            wanted = parse(number)
        except ValueError as error:
            raise CommandError(f"version: {error}") from error
        rows = rows.filter(major=wanted.major, minor=wanted.minor, patch=wanted.patch)
    found = rows.first()
    if found is None:
        known = ", ".join(version.number for version in recipe.versions.all())
        raise CommandError(f"{recipe.name} has no version {number}; there are {known}")
    return found
