"""Components that people act with: buttons, fields, filters, dialogs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, Form, RadioSelect, Select

from mlopspro.core.components.registry import component


@component()
def button(
    label: str,
    *,
    kind: Literal["primary", "plain", "danger", "quiet"] = "plain",
    icon: str = "",
    type: Literal["submit", "button", "reset"] = "submit",  # noqa: A002  the attribute's own name
    href: str = "",
    name: str = "",
    value: str = "",
    form: str = "",
    small: bool = False,
    icon_only: bool = False,
    disabled: bool = False,
    why_not: str = "",
    pending: str = "",
    confirm: str = "",
    confirm_action: str = "",
    opens: str = "",
) -> dict[str, Any]:
    """A button, or with ``href`` a link that looks like one.

    Args:
        pending: words while its form is on its way ("Starting…"); the button is disabled meanwhile.
        confirm: a question asked before, in a dialog whose button says ``confirm_action`` (default: the label).
        why_not: why it is disabled; shown on hover and read out. Implies disabled.
        opens: id of the dialog or drawer that it opens.
    """
    given = dict(locals())
    return {**given, "disabled": disabled or bool(why_not), "confirm_action": confirm_action or label}


@component()
def action(
    label: str,
    url: str,
    *,
    kind: str = "plain",
    icon: str = "",
    small: bool = False,
    confirm: str = "",
    confirm_action: str = "",
    pending: str = "",
    fields: Mapping[str, Any] | None = None,
    target: str = "",
) -> dict[str, Any]:
    """A form of one button that posts to ``url`` (stop, retry, delete). ``target``: an htmx target for the answer."""
    given = dict(locals())
    return {**given, "fields": fields or {}, "confirm_action": confirm_action or label}


def _shape(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, CheckboxInput):
        return "check"
    if isinstance(widget, (CheckboxSelectMultiple, RadioSelect)):
        return "choices"
    return "select" if isinstance(widget, Select) else "input"


@component()
def field(
    field: BoundField,
    *,
    unit: str = "",
    hint: str | None = None,
    label: str = "",
    search: bool = False,
    hide_label: bool = False,
) -> dict[str, Any]:
    """A form field with label, help, unit and errors, tied together for screen readers.

    ``search`` turns a select into one with a search box where scripts run. ``hint`` replaces the help text,
    "" leaves it out.
    """
    shape = _shape(field)
    attributes: dict[str, Any] = {"class": "control", "aria-describedby": ""}
    helps = field.help_text if hint is None else hint
    described = [f"{field.auto_id}_help"] if helps else []
    if field.errors:
        attributes["aria-invalid"] = "true"
        described.append(f"{field.auto_id}_error")
    if shape == "select" and search:
        attributes["data-search-select"] = ""
    if described:
        attributes["aria-describedby"] = " ".join(described)
    else:
        del attributes["aria-describedby"]
    if shape in ("choices", "check"):
        attributes.pop("class")
    extra = str(field.field.widget.attrs.get("class", ""))
    if extra and "class" in attributes:
        attributes["class"] = f"{attributes['class']} {extra}"
    return {
        "field": field,
        "control": field.as_widget(attrs=attributes),
        "shape": shape,
        "label": label or field.label,
        "help": helps,
        "unit": unit,
        "hide_label": hide_label,
        "optional": not field.field.required and shape != "check",
    }


@component()
def form_errors(form: Form, *, focus: bool = True) -> dict[str, Any]:
    """What is wrong with a form: its general errors, and links to the fields that have one; takes the focus."""
    fields = [(bound, bound.errors) for bound in form if bound.errors]
    return {
        "general": form.non_field_errors(),
        "fields": fields,
        "any": bool(fields or form.non_field_errors()),
        "focus": focus,
    }


@component(body=True)
def filter_bar(*, chips: Iterable[Mapping[str, str]] = (), reset: str = "", target: str = "") -> dict[str, Any]:
    """A GET form of filters with the active ones as chips: {"label", "remove": URL}. ``reset`` clears them all."""
    return {"chips": list(chips), "reset": reset, "target": target}


@component(body=True)
def dialog(*, id: str, title: str, size: Literal["small", "medium", "large"] = "medium") -> dict[str, Any]:  # noqa: A002
    """A native dialog, opened by ``{% button … opens="id" %}``. Buttons go into the part "actions"."""
    return {"id": id, "title": title, "size": size}


@component(body=True)
def drawer(*, id: str, title: str) -> dict[str, Any]:  # noqa: A002
    """A dialog that comes from the right edge, for details beside the page."""
    return {"id": id, "title": title}


@component(body=True)
def menu(
    *, label: str, icon: str = "", align: Literal["start", "end"] = "start", quiet: bool = False
) -> dict[str, Any]:
    """A button that opens a small panel of links or fields below it; works without scripts."""
    return {"label": label, "icon": icon, "align": align, "quiet": quiet}


@component()
def column_picker(columns: Iterable[Mapping[str, Any]], *, keep: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Chooses table columns: {"key", "label", "shown"}; a GET form with ``column=key`` for each one shown.

    ``keep`` are the other parameters of the page's address that stay.
    """
    found = list(columns)
    return {"columns": found, "shown": sum(bool(c["shown"]) for c in found), "total": len(found), "keep": keep or {}}
