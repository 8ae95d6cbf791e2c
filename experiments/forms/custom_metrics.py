"""The form of a metric: the same bounds and sentences as the API, and an expression that is checked as it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from pydantic import BaseModel, ValidationError

from experiments.forms.training import sentence
from experiments.learning.custom_metrics import ExpressionError, compile_expression
from experiments.learning.custom_metrics.lexer import MAX_LENGTH
from experiments.models import CustomMetric
from experiments.services.custom_metrics import NAME_HELP, MetricChanges, MetricSpec
from experiments.services.spec import Problem, problems_of

DIRECTIONS = [("true", "Higher is better"), ("false", "Lower is better")]


class MetricForm(forms.Form):
    """A new metric, or with ``metric`` the changes to one, whose name stays."""

    label = forms.CharField(label="Label", required=False, max_length=100, help_text="As pages call it.")
    name = forms.CharField(
        label="Name",
        max_length=60,
        help_text=f"As filters write it, metrics.custom.NAME; it stays for good. {NAME_HELP}.",
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )
    expression = forms.CharField(
        label="Expression",
        strip=False,
        help_text=f"Up to {MAX_LENGTH:,} characters.",
        widget=forms.Textarea(attrs={"class": "mono", "rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )
    higher_is_better = forms.ChoiceField(
        label="Direction", choices=DIRECTIONS, widget=forms.RadioSelect, initial="true"
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it is for and how to read it.",
    )

    def __init__(self, *args: Any, metric: CustomMetric | None = None, **kwargs: Any) -> None:
        if metric is not None:
            kwargs.setdefault("initial", _initial(metric))
        super().__init__(*args, **kwargs)
        if metric is not None:
            del self.fields["name"]
        self.model: type[BaseModel] = MetricSpec if metric is None else MetricChanges

    def clean_expression(self) -> str:
        return plain_lines(str(self.cleaned_data["expression"])).strip()

    def asked(self) -> Any:
        """MetricSpec or MetricChanges, or None with every problem put on its field."""
        if not self.is_valid():
            return None
        try:
            return self.model.model_validate({**self.cleaned_data})
        except ValidationError as error:
            self.refuse(problems_of(error))
            return None

    def refuse(self, problems: list[Problem]) -> None:
        for problem in problems:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, sentence(problem.message.removeprefix("Value error, ").partition(" (given: ")[0]))


@dataclass(frozen=True)
class Pointed:
    """What is wrong with an expression, with the text around the piece that is meant."""

    error: ExpressionError
    before: str
    piece: str
    after: str


def point_at(text: str) -> Pointed | None:
    """The first thing wrong with an expression; None where it can be read."""
    try:
        compile_expression(text)
    except ExpressionError as error:
        end = error.position + error.length
        return Pointed(error, text[: error.position], text[error.position : end], text[end:])
    return None


def plain_lines(text: str) -> str:
    """Browsers send line ends as two characters; positions count one."""
    return text.replace("\r\n", "\n")


def _initial(metric: CustomMetric) -> dict[str, Any]:
    return {
        "label": metric.label,
        "expression": metric.expression,
        "higher_is_better": str(metric.higher_is_better).lower(),
        "description": metric.description,
    }
