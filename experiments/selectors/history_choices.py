"""What the filters of the history offer to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import Family
from experiments.models import Dataset, JobStatus, Origin, Recipe, RunType
from mlopspro.accounts.models import User, Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 300
RECENT = 5000
_TAGS = """
SELECT tag FROM (
  SELECT tags FROM experiments_experiment WHERE workspace_id = %s ORDER BY created_at DESC LIMIT %s
) AS recent, UNNEST(recent.tags) AS tag
GROUP BY tag ORDER BY COUNT(*) DESC, tag LIMIT %s
"""


@dataclass(frozen=True)
class Choices:
    """(value, words) of each filter; ``tags`` are those of the newest runs, the most used first."""

    statuses: Sequence[tuple[str, str]]
    architectures: Sequence[tuple[str, str]]
    datasets: Sequence[tuple[str, str]]
    model_types: Sequence[str]
    origins: Sequence[tuple[str, str]]
    run_types: Sequence[tuple[str, str]]
    families: Sequence[tuple[str, str]]
    recipes: Sequence[str]
    people: Sequence[tuple[str, str]]
    tags: Sequence[str]


def choices_for(workspace: Workspace) -> Choices:
    """Four queries, whatever the number of runs: tags are looked for in the newest 5,000 of them."""
    datasets = Dataset.objects.filter(workspace=workspace).order_by("name")
    people = User.objects.filter(memberships__workspace=workspace).order_by("name", "email")
    every = [found for known in ARCHITECTURES_OF.values() for found in known.values()]
    recipes = Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True).order_by("name")
    return Choices(
        statuses=[(status.value, status.label) for status in JobStatus if status is not JobStatus.DRAFT],
        architectures=[(found.key, found.label) for found in every],
        datasets=[(str(pk), name) for pk, name in datasets.values_list("pk", "name")[:MOST]],
        model_types=sorted({str(found.model_type) for found in every}),
        origins=[(origin.value, origin.label) for origin in Origin],
        run_types=[(kind.value, kind.label) for kind in RunType],
        families=[(family.value, family.label) for family in Family],
        recipes=list(recipes.values_list("name", flat=True)[:MOST]),
        people=[(str(person.pk), str(person)) for person in people[:MOST]],
        tags=recent_tags(workspace),
    )


def recent_tags(workspace: Workspace, limit: int = MOST) -> list[str]:
    """Tags of the newest 5,000 runs, the most used first: one query of bounded cost."""
    with connection.cursor() as cursor:
        cursor.execute(_TAGS, [workspace.pk, RECENT, limit])
        return [tag for (tag,) in cursor.fetchall()]
