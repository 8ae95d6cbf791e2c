"""Forms around a recipe: a new one, a clone, its words, a new version, reasons and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.learning.families import ABOUT, Family
from experiments.models import Level, Recipe
from experiments.recipes.numbers import Number
from experiments.services.labels import MAX_TAG_LENGTH
from experiments.services.spec import Problem

TAGS_HELP = f"Separated by commas, up to {MAX_TAG_LENGTH} characters each."
OWN_NUMBER = "own"
PROPOSED = "proposed"


class RefusableForm(forms.Form):
    """A form whose last word a service has."""

    fields_by_problem: Mapping[str, str] = {}
    """Where a problem's field has another name on the form."""

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Puts problems on their fields; those of no field stand above the form."""
        for problem in problems:
            name = self.fields_by_problem.get(problem.field, problem.field)
            if name in self.fields or problem.field in ("", "recipe"):
                self.add_error(name if name in self.fields else None, sentence(problem.message))
            else:
                # A place inside something: its path stands as it is written there.
                top = name.partition(".")[0]
                self.add_error(top if top in self.fields else None, f"{problem.field}: {problem.message}.")

    def tag_list(self) -> list[str]:
        """What was typed, cut at commas; the service says which are accepted."""
        return [tag for tag in (part.strip() for part in self.cleaned_data["tags"].split(",")) if tag]


class RecipeTextForm(RefusableForm):
    """What a recipe is called and found by."""

    name = forms.CharField(label="Name", max_length=200)
    description = forms.CharField(
        label="Description", required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    tags = forms.CharField(
        label="Tags",
        required=False,
        max_length=1300,
        help_text=TAGS_HELP,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @classmethod
    def of(cls, recipe: Recipe) -> RecipeTextForm:
        tags = ", ".join(recipe.tags)
        return cls(initial={"name": recipe.name, "description": recipe.description, "tags": tags})


class NewRecipeForm(RecipeTextForm):
    """A baseline says everything itself; lower levels inherit from a parent and take its family."""

    level = forms.ChoiceField(label="Level", choices=Level.choices, widget=forms.RadioSelect, initial=Level.BASELINE)
    family = forms.ChoiceField(
        label="Family", required=False, help_text="Of a baseline. Industry and client recipes take their parent's."
    )
    parent = forms.ChoiceField(
        label="Parent",
        required=False,
        help_text="Of an industry or client recipe: what it inherits from. Baselines have none.",
    )

    def __init__(self, *args: Any, parents: Iterable[Recipe], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parents = {str(one.pk): one for one in parents}
        self.fields["family"].choices = [(one.value, ABOUT[one].label) for one in Family]  # type: ignore[attr-defined]
        self.fields["parent"].choices = parent_choices(self.parents.values())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        level, parent = self.cleaned_data.get("level"), self.cleaned_data.get("parent")
        if level == Level.BASELINE:
            if parent:
                self.add_error("parent", "A baseline has no parent. Choose the level Industry or Client, or no parent.")
            if not self.cleaned_data.get("family"):
                self.add_error("family", "Choose the family of the baseline.")
        elif level and not parent and "parent" not in self.errors:
            self.add_error("parent", "Choose the recipe it inherits from, or the level Baseline.")
        return self.cleaned_data

    @property
    def parent_recipe(self) -> Recipe | None:
        return self.parents.get(self.cleaned_data.get("parent", ""))


class CloneForm(RefusableForm):
    """A copy of the latest version under another name; where it starts from is kept."""

    name = forms.CharField(label="Name", max_length=200)
    level = forms.ChoiceField(label="Level", choices=Level.choices, widget=forms.RadioSelect)
    parent = forms.ChoiceField(label="Parent", required=False, help_text="What the clone inherits from.")

    def __init__(self, *args: Any, recipe: Recipe, parents: Iterable[Recipe], **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {"name": f"{recipe.name[:190]} (copy)", "level": recipe.level, "parent": str(recipe.parent_id or "")},
        )
        super().__init__(*args, **kwargs)
        self.parents = {str(one.pk): one for one in parents if one.family == recipe.family}
        self.fields["parent"].choices = parent_choices(self.parents.values())  # type: ignore[attr-defined]

    @property
    def parent_recipe(self) -> Recipe | None:
        return self.parents.get(self.cleaned_data.get("parent", ""))


class SaveVersionForm(RefusableForm):
    """Number and note of a new version. The text itself is not the form's: the editor reads it."""

    fields_by_problem = {"version": "number"}

    part = forms.ChoiceField(label="Number", widget=forms.RadioSelect)
    number = forms.CharField(
        label="Another number",
        required=False,
        max_length=40,
        help_text="Only where “Another number” is chosen: three numbers such as 1.2.0, above the latest.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "placeholder": "1.2.0"}),
    )
    change_note = forms.CharField(
        label="Change note",
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What changes and why. It stays with the version.",
        error_messages={"required": "Say what changes and why."},
    )

    def __init__(self, *args: Any, proposals: Mapping[str, Number], **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"part": PROPOSED})
        super().__init__(*args, **kwargs)
        self.proposals = proposals
        choices = [(part, f"{number} ({part})") for part, number in proposals.items()]
        own = (OWN_NUMBER, "Another number")
        self.fields["part"].choices = [(PROPOSED, "As proposed by what changes"), *choices, own]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("part") == OWN_NUMBER and not self.cleaned_data.get("number", "").strip():
            self.add_error("number", "Type the number, or choose one of the proposals.")
        return self.cleaned_data

    @property
    def chosen(self) -> str | None:
        """The number asked for; None leaves it to what changes."""
        part = self.cleaned_data["part"]
        if part == PROPOSED:
            return None
        return str(self.cleaned_data["number"]).strip() if part == OWN_NUMBER else str(self.proposals[part])


class ReasonForm(RefusableForm):
    reason = forms.CharField(
        label="Reason",
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why; it stays in the trail."},
    )


class ApproveForm(RefusableForm):
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What was looked at; it stays in the trail.",
    )


class ImportRecipeForm(RefusableForm):
    """A file that an export made."""

    file = forms.FileField(
        label="File",
        help_text="The JSON file that “Export” makes: a recipe with all its versions.",
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
        error_messages={"required": "Choose the file.", "empty": "The file is empty."},
    )
    name = forms.CharField(label="Name", required=False, max_length=200, help_text="Left empty: the name in the file.")
    parent = forms.ChoiceField(
        label="Parent",
        required=False,
        help_text="Of an industry or client recipe. Left out: the one of the name in the file.",
    )

    def __init__(self, *args: Any, parents: Iterable[Recipe], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parents = {str(one.pk): one for one in parents}
        self.fields["parent"].choices = parent_choices(self.parents.values())  # type: ignore[attr-defined]

    @property
    def parent_recipe(self) -> Recipe | None:
        return self.parents.get(self.cleaned_data.get("parent", ""))


class ExampleForm(RefusableForm):
    seed = forms.IntegerField(
        label="Seed",
        initial=0,
        min_value=0,
        max_value=2**31 - 1,
        help_text="The same seed makes the same rows.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


def parent_choices(parents: Iterable[Recipe]) -> list[Any]:
    """Grouped by family, the general before the particular."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in parents:
        groups.setdefault(ABOUT[Family(one.family)].label, []).append(
            (str(one.pk), f"{one.name} ({one.get_level_display().lower()})")
        )
    return [("", "None"), *sorted(groups.items())]
