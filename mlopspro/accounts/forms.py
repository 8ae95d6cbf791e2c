"""Forms of the settings pages."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from mlopspro.accounts.models import Theme, User, Workspace
from mlopspro.accounts.models.user import time_zones
from mlopspro.accounts.permissions import SCOPE_TABLE, Action, Role, Scope, role_allows

if TYPE_CHECKING:  # generic for the type checker only
    UserModelForm = forms.ModelForm[User]
    WorkspaceModelForm = forms.ModelForm[Workspace]
else:
    UserModelForm = WorkspaceModelForm = forms.ModelForm

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "never": "Never"}


class TimeZoneSelect(forms.Select):
    """All time zones. Django draws each option from a template of its own, which takes 0.1 s for 600 of them."""

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        attributes = flatatt({**self.attrs, **(attrs or {}), "name": name})
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((zone, mark_safe(" selected") if zone == value else "", zone.replace("_", " ")) for zone in time_zones()),
        )
        return format_html("<select{}>{}</select>", attributes, options)


class ProfileForm(UserModelForm):
    class Meta:
        model = User
        fields = ("name", "theme", "time_zone")
        widgets = {"time_zone": TimeZoneSelect}
        help_texts = {
            "name": "Shown beside what you do. Empty: your e-mail address.",
            "time_zone": "For times on pages. Exports are in UTC.",
        }


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Theme.choices)


class KeyForm(forms.Form):
    """A new API key; offers only the scopes that the person's role can fill."""

    name = forms.CharField(max_length=100, help_text="What will use it, such as “nightly import”.")
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="The key can never do more than your role allows.",
    )
    lifetime = forms.ChoiceField(choices=list(LIFETIMES.items()), initial="90", label="Expires after")

    def __init__(self, *args: Any, role: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        useful = [(scope.value, scope.label) for scope in Scope if _adds_something(scope, role)]
        self.fields["scopes"].choices = useful  # type: ignore[attr-defined]

    def expires_at(self) -> dt.datetime | None:
        """Call on a valid form."""
        days = self.cleaned_data["lifetime"]
        return timezone.now() + dt.timedelta(days=int(days)) if days.isdigit() else None


def _adds_something(scope: Scope, role: Role) -> bool:
    """Whether a key with the scope could do more for this role than one that only reads."""
    return scope is Scope.READ or any(role_allows(role, action) for action in SCOPE_TABLE[scope] - {Action.VIEW})


class InviteForm(forms.Form):
    email = forms.EmailField(max_length=254, label="E-mail address")
    name = forms.CharField(max_length=150, required=False, label="Display name")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.SCIENTIST)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)
    reason = forms.CharField(max_length=500, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=500, required=False)


class WorkspaceForm(WorkspaceModelForm):
    class Meta:
        model = Workspace
        fields = ("name",)
        error_messages = {"name": {"unique": "There is a workspace of this name. Choose another name."}}


class ChooseWorkspaceForm(forms.Form):
    workspace = forms.UUIDField()


class AuditFilterForm(forms.Form):
    """Filters of the audit page; the state lives in the address."""

    actor = forms.CharField(
        max_length=254, required=False, label="Who", widget=forms.TextInput(attrs={"placeholder": "Name or e-mail"})
    )
    action = forms.ChoiceField(required=False, label="What")
    object = forms.CharField(
        max_length=200, required=False, label="On what", widget=forms.TextInput(attrs={"placeholder": "Name or id"})
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, actions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [("", "Everything"), *actions]  # type: ignore[attr-defined]
