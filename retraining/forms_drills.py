"""The form that starts a drill. What is accepted, ``services.drills`` says; its words come back to the field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from experiments.models import Dataset
from experiments.services.spec import Problem
from mlopspro.accounts.models import Workspace
from retraining.drill.synthetic import KINDS
from retraining.services.drills import COMPARED, TITLES

SHOWN_DATASETS = 100
OPTIONAL = tuple((name, title) for name, title in TITLES.items() if name not in COMPARED)


class DrillForm(forms.Form):
    """``source``: a kind of synthetic drift, or the id of a dataset."""

    source = forms.ChoiceField(label="Data")
    strategies = forms.MultipleChoiceField(
        label="Policies beside never and every day", choices=OPTIONAL, widget=forms.CheckboxSelectMultiple,
        initial=[name for name, _ in OPTIONAL], required=False,
    )  # fmt: skip
    seed = forms.IntegerField(label="Seed", initial=0, help_text="Of synthetic data.")

    def __init__(self, workspace: Workspace, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Dataset.objects.filter(
            workspace=workspace, deleted_at__isnull=True, family="recommendation", has_timestamps=True
        )
        self.datasets = {str(one.pk): one for one in rows.order_by("-created_at")[:SHOWN_DATASETS]}
        field = self.fields["source"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [
            ("Synthetic, its drift is known", [(kind, kind.replace("_", " ").capitalize()) for kind in KINDS]),
            *([("Your data", [(pk, one.name) for pk, one in self.datasets.items()])] if self.datasets else []),
        ]

    def asked(self) -> dict[str, Any]:
        """As ``services.drills.ask`` takes it."""
        chosen = self.cleaned_data["source"]
        dataset = self.datasets.get(chosen)
        what = {"dataset": dataset} if dataset is not None else {"kind": chosen}
        return {**what, "seed": self.cleaned_data["seed"], "strategies": [*COMPARED, *self.cleaned_data["strategies"]]}

    def refuse(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            name = {"kind": "source", "dataset": "source"}.get(problem.field, problem.field)
            self.add_error(name if name in self.fields else None, problem.message)
