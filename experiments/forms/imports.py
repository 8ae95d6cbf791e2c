"""Forms of an import: the upload, and the review of how its files are to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from pydantic import ValidationError

from experiments.forms.training import sentence
from experiments.learning.data.readers.base import Detected, Role
from experiments.learning.data.readers.options import ENCODINGS, ColumnMapping, FeatureMapping, ReadOptions
from experiments.learning.data.readers.registry import READERS
from experiments.learning.families import Family

SEPARATORS = [
    (",", "comma ,"),
    ("tab", "tab"),
    (";", "semicolon ;"),
    ("|", "bar |"),
    ("::", "double colon ::"),
    ("space", "space"),
]
# A select cannot hold white space as a value without surprises, so these two go by name.
NAMED = {"tab": "\t", "space": " "}
NAMES = {value: key for key, value in NAMED.items()}
TIMES = [("auto", "Detect"), ("unix_s", "Unix seconds"), ("unix_ms", "Unix milliseconds"), ("iso", "ISO 8601")]
FEEDBACKS = [("explicit", "Explicit ratings"), ("implicit", "Implicit events")]
NOT_THERE = ("", "– none –")
ROLES: tuple[Role, ...] = ("interactions", "test", "users", "items")
FAMILIES = [(family.value, family.label) for family in Family]


class UploadForm(forms.Form):
    """Files of one dataset. Only the interactions are needed; a MovieLens zip holds everything."""

    name = forms.CharField(
        label="Dataset name", required=False, max_length=200, help_text="Left empty: the name of the first file."
    )
    family = forms.ChoiceField(
        label="What is it for?",
        choices=FAMILIES,
        help_text="Recommendation learns from interactions, the others from a table. The review can change it.",
    )
    interactions = forms.FileField(
        label="File",
        help_text="Ratings or events, or a table: CSV, TSV, Parquet, JSON lines, or a MovieLens zip.",
        error_messages={
            "required": "Choose a file with the interactions or the table.",
            "empty": "The file is empty; a file with at least one row is accepted.",
        },
    )
    test = forms.FileField(
        label="Test part",
        required=False,
        help_text="Only where train and test come as two files, such as u1.base and u1.test.",
    )
    users = forms.FileField(label="User features", required=False, help_text="One row a user, with an id column.")
    items = forms.FileField(label="Item features", required=False, help_text="One row an item, with an id column.")

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        if data is not None and "family" not in data:
            data = data.copy()
            data["family"] = Family.RECOMMENDATION.value  # what a client means that knows of no families
        super().__init__(data, *args, **kwargs)

    def files_by_role(self) -> dict[Role, Any]:
        return {role: self.cleaned_data[role] for role in ROLES if self.cleaned_data.get(role)}


class ReviewForm(forms.Form):
    """How the interactions are read. Its choices follow from what was detected."""

    name = forms.CharField(label="Dataset name", max_length=200)
    family = forms.ChoiceField(label="What is it for?", choices=FAMILIES)
    format = forms.ChoiceField(label="Format")
    encoding = forms.ChoiceField(label="Encoding")
    separator = forms.ChoiceField(label="Separator", choices=SEPARATORS)
    has_header = forms.BooleanField(label="The first row names the columns", required=False)
    user = forms.ChoiceField(label="User", help_text="Who: the column with the user's identifier.")
    item = forms.ChoiceField(label="Item", help_text="What: the column with the item's identifier.")
    value = forms.ChoiceField(
        label="Value", required=False, help_text="The rating, count or play time; none counts each row as one event."
    )
    timestamp = forms.ChoiceField(label="Time", required=False, help_text="When; none makes splits by time impossible.")
    part = forms.ChoiceField(label="Part", required=False, help_text="A column that says train or test.")
    feedback = forms.ChoiceField(label="Feedback", choices=FEEDBACKS, widget=forms.RadioSelect)
    scale_min = forms.FloatField(label="Lowest rating", required=False, help_text="Empty: taken from the data.")
    scale_max = forms.FloatField(label="Highest rating", required=False, help_text="Empty: taken from the data.")
    timestamp_format = forms.ChoiceField(label="Time format", choices=TIMES)
    decimal = forms.ChoiceField(label="Decimal mark", choices=[(".", "point ."), (",", "comma ,")])
    split = forms.ChoiceField(label="Split that came along", required=False)

    def __init__(self, *args: Any, detected: Detected, needs_mapping: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.detected, self.needs_mapping = detected, needs_mapping
        columns = [(column, column) for column in detected.columns]
        for name in ("user", "item"):
            self._choices(name, columns)
        for name in ("value", "timestamp", "part"):
            self._choices(name, [NOT_THERE, *columns])
        known = dict.fromkeys([*([detected.encoding] if detected.encoding else []), *ENCODINGS])
        self._choices("encoding", [(name, name) for name in known])
        self._choices("format", [(key, reader.label) for key, reader in READERS.items()])
        self._choices("split", [("", "Undivided"), *((name, name) for name in detected.splits)])
        for name in self._unused():
            del self.fields[name]

    def _choices(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _unused(self) -> list[str]:
        """Fields that mean nothing for this format: the format fixes its columns, or it is not text."""
        unused: list[str] = []
        if not self.needs_mapping:
            unused += ["user", "item", "value", "timestamp", "part", "feedback", "scale_min", "scale_max"]
            unused += ["timestamp_format", "decimal", "has_header"]
        if self.detected.separator is None or not self.needs_mapping:
            unused += ["separator", "has_header"]
        if self.detected.encoding is None:
            unused.append("encoding")
        if not self.detected.splits:
            unused.append("split")
        return list(dict.fromkeys(unused))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if (values.get("scale_min") is None) != (values.get("scale_max") is None):
            self.add_error("scale_max", "Give both ends of the scale or neither.")
        if not self.errors and self.needs_mapping:
            self._mapping(values)
        return values

    def _mapping(self, values: dict[str, Any]) -> None:
        scale = (values["scale_min"], values["scale_max"]) if values.get("scale_min") is not None else None
        try:
            values["mapping"] = ColumnMapping(
                user=values["user"],
                item=values["item"],
                value=values.get("value") or None,
                timestamp=values.get("timestamp") or None,
                part=values.get("part") or None,
                feedback=values["feedback"],
                scale=scale,
                timestamp_format=values.get("timestamp_format") or "auto",
                decimal=values.get("decimal") or ".",
            )
        except ValidationError as error:
            for item in error.errors(include_url=False):
                name = str(item["loc"][0]) if item["loc"] else None
                name = "scale_max" if name == "scale" else name
                self.add_error(
                    name if name in self.fields else None, sentence(str(item["msg"]).removeprefix("Value error, "))
                )

    def options(self, users: FeatureMapping | None = None, items: FeatureMapping | None = None) -> ReadOptions:
        """What the reader is told. Only after the form is valid."""
        return ReadOptions(
            **text_options(self.data, with_header="has_header" in self.fields),
            mapping=self.cleaned_data.get("mapping"),
            split=self.cleaned_data.get("split") or None,
            users=users,
            items=items,
        )


def text_options(data: Mapping[str, Any], *, with_header: bool = True) -> dict[str, Any]:
    """Encoding, separator and header as chosen on the page, whether or not its other fields are right yet."""
    found: dict[str, Any] = {}
    if data.get("encoding"):
        found["encoding"] = data["encoding"]
    if data.get("separator"):
        found["separator"] = NAMED.get(data["separator"], data["separator"])
    if with_header and data.get("separator"):
        # An unticked box is not sent; the separator tells that the box was there.
        found["has_header"] = "has_header" in data
    return found


class FeatureForm(forms.Form):
    """Which columns of a user or item file are what."""

    id = forms.ChoiceField(label="Identifier")
    title = forms.ChoiceField(label="Title", required=False, help_text="Shown to people, never used as a feature.")
    columns = forms.MultipleChoiceField(label="Features", required=False, widget=forms.CheckboxSelectMultiple)
    lists = forms.MultipleChoiceField(
        label="Hold several values",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Such as genres: Comedy|Drama.",
    )
    list_separator = forms.CharField(label="Value separator", required=False, max_length=3, initial="|")

    def __init__(self, *args: Any, columns: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(column, column) for column in columns]
        self.fields["id"].choices = named  # type: ignore[attr-defined]
        self.fields["title"].choices = [NOT_THERE, *named]  # type: ignore[attr-defined]
        self.fields["columns"].choices = self.fields["lists"].choices = named  # type: ignore[attr-defined]

    def mapping(self) -> FeatureMapping:
        values = self.cleaned_data
        chosen = [column for column in values["columns"] if column not in (values["id"], values["title"])]
        return FeatureMapping(
            id=values["id"],
            title=values["title"] or None,
            columns=tuple(chosen),
            lists=tuple(column for column in values["lists"] if column in chosen),
            list_separator=values["list_separator"] or "|",
        )


def review_initial(name: str, detected: Detected) -> dict[str, Any]:
    """Starting values of :class:`ReviewForm`: what was detected."""
    values: dict[str, Any] = {
        "timestamp_format": "auto",
        "decimal": ".",
        "name": name,
        "family": Family.RECOMMENDATION.value,
        "format": detected.format,
        "encoding": detected.encoding,
        "has_header": detected.has_header,
        "feedback": detected.feedback,
        "separator": NAMES.get(detected.separator or "", detected.separator),
    }
    if detected.mapping is not None:
        mapping = detected.mapping.model_dump(exclude={"scale"}, exclude_none=True)
        values |= mapping
        if detected.mapping.scale is not None:
            values["scale_min"], values["scale_max"] = detected.mapping.scale
    return values
