"""Which metrics and parameters the runs of a workspace have, without reading the runs.

A loose index scan: from each name straight to the next one, so it costs one step of an index a name, not a row a run.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from experiments.models import CustomMetric
from mlopspro.accounts.models import Workspace

MOST_NAMES = 2000

_METRICS = """
WITH RECURSIVE known AS (
  (SELECT protocol, name, higher_is_better FROM experiments_metricvalue
   WHERE workspace_id = %(workspace)s AND segment = 'all' ORDER BY protocol, name LIMIT 1)
  UNION ALL
  SELECT following.* FROM known CROSS JOIN LATERAL (
    SELECT protocol, name, higher_is_better FROM experiments_metricvalue
    WHERE workspace_id = %(workspace)s AND segment = 'all' AND (protocol, name) > (known.protocol, known.name)
    ORDER BY protocol, name LIMIT 1) AS following
)
SELECT protocol, name, higher_is_better FROM known LIMIT %(most)s
"""
_PARAMETERS = """
WITH RECURSIVE known AS (
  (SELECT name, number IS NOT NULL AS numeric FROM experiments_parametervalue
   WHERE workspace_id = %(workspace)s ORDER BY name, number LIMIT 1)
  UNION ALL
  SELECT following.* FROM known CROSS JOIN LATERAL (
    SELECT name, number IS NOT NULL AS numeric FROM experiments_parametervalue
    WHERE workspace_id = %(workspace)s AND name > known.name ORDER BY name, number LIMIT 1) AS following
)
SELECT name, numeric FROM known LIMIT %(most)s
"""


@dataclass(frozen=True)
class MetricName:
    protocol: str
    name: str
    higher_is_better: bool
    label: str = ""
    """What people called a metric of their own."""


@dataclass(frozen=True)
class ParameterName:
    name: str
    numeric: bool


def metric_names(workspace: Workspace) -> list[MetricName]:
    """By protocol and name, those that people defined among them though no run has them yet: two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_METRICS, {"workspace": workspace.pk, "most": MOST_NAMES})
        found = [MetricName(*row) for row in cursor.fetchall()]
    custom = CustomMetric.objects.filter(workspace=workspace, archived_at__isnull=True)
    own = {
        name: MetricName("custom", name, higher, label)
        for name, higher, label in custom.values_list("name", "higher_is_better", "label")
    }
    return [one for one in found if one.protocol != "custom" or one.name not in own] + list(own.values())


def parameter_names(workspace: Workspace) -> list[ParameterName]:
    """By name: one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PARAMETERS, {"workspace": workspace.pk, "most": MOST_NAMES})
        return [ParameterName(*row) for row in cursor.fetchall()]
