"""Forms of the registry: a model's own words, a registration, the reason of a promotion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.models import Experiment, Recipe, RegisteredModel
from experiments.models.dataset import FAMILIES
from experiments.selectors.registering import Parts
from experiments.services.model_fields import Changes
from experiments.services.spec import Problem
from mlopspro.accounts.models import User, Workspace

NEW = "new"


class Refusable(forms.Form):
    """A form that shows what a service refused, each problem at its field."""

    fields_of: dict[str, str] = {}

    def refuse(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            name = self.fields_of.get(problem.field, problem.field)
            self.add_error(name if name in self.fields else None, sentence(problem.message))


class ModelForm(Refusable):
    """A new model, or with ``model`` the changes to one, whose family and recipe stay."""

    name = forms.CharField(label="Name", max_length=200, help_text="Letters, digits, spaces and . _ + - ( ).")
    family = forms.ChoiceField(label="Family", choices=FAMILIES)
    recipe = forms.ChoiceField(
        label="Recipe", required=False, help_text="Only runs of this recipe can become versions. None: any run."
    )
    description = forms.CharField(label="Description", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    owner = forms.ChoiceField(label="Owner", required=False, help_text="Who answers for it.")
    tags = forms.CharField(label="Tags", required=False, max_length=1300, help_text="Separated by commas.")
    headline = forms.CharField(
        label="Headline metric",
        required=False,
        max_length=120,
        help_text="What the gate compares, such as catalogue.ndcg_at_10. Empty: what suits the data.",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )
    minimum_improvement = forms.FloatField(
        label="Minimum improvement",
        required=False,
        min_value=0,
        help_text="By which a candidate must beat production; of errors such as RMSE, as a share of its value.",
    )

    def __init__(
        self, *args: Any, people: Sequence[User], recipes: Sequence[Recipe] = (), model: RegisteredModel | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        if model is not None:
            kwargs.setdefault("initial", _initial(model))
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        self.recipes = {str(recipe.pk): recipe for recipe in recipes}
        self._choose("owner", [("", "Nobody"), *((key, str(person)) for key, person in self.people.items())])
        self._choose("recipe", [("", "None"), *((key, _recipe_words(one)) for key, one in self.recipes.items())])
        if model is not None:
            del self.fields["family"], self.fields["recipe"]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = choices

    @property
    def asked(self) -> dict[str, Any]:
        """Keyword arguments of ``create_model`` but workspace and actor; after ``is_valid``."""
        given = self.cleaned_data
        found: dict[str, Any] = {name: given[name] for name in ("name", "description", "headline")}
        found["owner"] = self.people.get(given["owner"])
        found["tags"] = tuple(tag.strip() for tag in given["tags"].split(",") if tag.strip())
        if given["minimum_improvement"] is not None:
            found["minimum_improvement"] = given["minimum_improvement"]
        if "family" in given:
            found |= {"family": given["family"], "recipe": self.recipes.get(given["recipe"])}
        return found

    @property
    def changes(self) -> Changes:
        return Changes(**self.asked)


class RegisterForm(Refusable):
    """A run becomes a version: of which model, with which number, and what to note."""

    fields_of = {"model": "model", "name": "model_name"}

    model = forms.ChoiceField(label="Model")
    model_name = forms.CharField(label="Name of the new model", required=False, max_length=200)
    part = forms.ChoiceField(label="Number", widget=forms.RadioSelect, required=False)
    notes = forms.CharField(
        label="Notes",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is new in this version, for those who will have to trust it.",
    )

    def __init__(
        self, *args: Any, run: Experiment, models: Sequence[RegisteredModel], parts: Parts | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.run, self.models, self.parts = run, {str(model.pk): model for model in models}, parts
        model, part = self.fields["model"], self.fields["part"]
        assert isinstance(model, forms.ChoiceField)  # noqa: S101  for the type checker
        assert isinstance(part, forms.ChoiceField)  # noqa: S101
        model.choices = [*((key, one.name) for key, one in self.models.items()), (NEW, "A new model")]
        part.choices = parts.choices if parts else [("", "1.0.0, the first version")]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("model") == NEW and not given.get("model_name", "").strip():
            self.add_error("model_name", "A new model needs a name.")
        return given

    @property
    def asked(self) -> dict[str, Any]:
        """Keyword arguments of ``registry.register`` but run and actor; after ``is_valid``."""
        given = self.cleaned_data
        chosen = self.models.get(given["model"])
        number = self.parts.number_of(given["part"]) if self.parts and chosen else None
        return {"model": chosen, "model_name": "" if chosen else given["model_name"], "number": number,
                "notes": given["notes"]}  # fmt: skip


def people_of(workspace: Workspace) -> list[User]:
    """Active members by name: one query."""
    rows = User.objects.filter(memberships__workspace=workspace, is_active=True)
    return sorted(rows, key=str)


def _recipe_words(recipe: Recipe) -> str:
    return f"{recipe.name} ({recipe.get_family_display().lower()})"


def _initial(model: RegisteredModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "description": model.description,
        "owner": str(model.owner_id or ""),
        "tags": ", ".join(model.tags),
        "headline": model.headline,
        "minimum_improvement": model.minimum_improvement,
    }
