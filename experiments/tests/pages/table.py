"""Runs with figures for the history's table, and reading that table as a person does."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experiments.models import Dataset, Experiment, MetricValue
from experiments.services import searchable
from experiments.tests.factories import make_experiment
from mlopspro.accounts.models import Workspace

HTMX = {"HX-Request": "true"}
F1, RMSE = "metrics.rated.f1_at_10", "metrics.pointwise.rmse"


def measured(
    workspace: Workspace, dataset: Dataset, name: str, f1: float | None = None, rmse: float | None = None, **fields: Any
) -> Experiment:
    """A completed run with up to two metrics and its parameters."""
    now = timezone.now()
    values: dict[str, Any] = {"status": "completed", "started_at": now, "finished_at": now, "name": name}
    run = make_experiment(workspace, dataset=dataset, **(values | fields))
    searchable.write_parameters(run)
    for protocol, metric, value, higher in (("rated", "f1_at_10", f1, True), ("pointwise", "rmse", rmse, False)):
        if value is not None:
            MetricValue.objects.create(
                workspace=workspace,
                experiment=run,
                protocol=protocol,
                name=metric,
                value=value,
                higher_is_better=higher,
            )
    return run


def shown(client: Client, **query: Any):
    return client.get(reverse("experiments:experiments"), query)


def names(response) -> list[str]:
    """Names of the rows from top to bottom."""
    found = re.findall(r'<a id="open-[^"]+"[^>]*>([^<]*)</a>', response.content.decode())
    return [html.unescape(name) for name in found]


def row(response, run: Experiment) -> str:
    """The row of a run as text without tags."""
    found = re.search(rf'<tr id="run-{run.pk}".*?</tr>', response.content.decode(), re.DOTALL)
    assert found, f"{run.name} is not in the table"
    return found[0]


def text_of(markup: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup)))
