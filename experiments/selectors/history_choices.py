"""What the filters of the history offer to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Dataset, JobStatus, Origin
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
    people: Sequence[tuple[str, str]]
    tags: Sequence[str]


def choices_for(workspace: Workspace) -> Choices:
    """Three queries, whatever the number of runs: tags are looked for in the newest 5,000 of them."""
    datasets = Dataset.objects.filter(workspace=workspace).order_by("name")
    people = User.objects.filter(memberships__workspace=workspace).order_by("name", "email")
    return Choices(
        statuses=[(status.value, status.label) for status in JobStatus if status is not JobStatus.DRAFT],
        architectures=[(key, found.label) for key, found in ARCHITECTURES.items()],
        datasets=[(str(pk), name) for pk, name in datasets.values_list("pk", "name")[:MOST]],
        model_types=sorted({found.model_type for found in ARCHITECTURES.values()}),
        origins=[(origin.value, origin.label) for origin in Origin],
        people=[(str(person.pk), str(person)) for person in people[:MOST]],
        tags=recent_tags(workspace),
    )


def recent_tags(workspace: Workspace, limit: int = MOST) -> list[str]:
    """Tags of the newest 5,000 runs, the most used first: one query of bounded cost."""
    with connection.cursor() as cursor:
        cursor.execute(_TAGS, [workspace.pk, RECENT, limit])
        return [tag for (tag,) in cursor.fetchall()]
