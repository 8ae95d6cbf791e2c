"""django-allauth's forms in our words: labels instead of placeholders, help where it helps."""

from __future__ import annotations

from typing import Any

from allauth.account import forms


class PlainWords:
    """Placeholders vanish while one types, so the labels say it alone."""

    labels = {
        "login": "E-mail address",
        "email": "E-mail address",
        "oldpassword": "Present password",
        "password1": "New password",
        "password2": "New password, again",
    }
    help_texts = {"password1": "At least 12 characters, and none of the common ones."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.help_texts.get(name, "")


class SignInForm(PlainWords, forms.LoginForm):  # type: ignore[misc]
    pass


class AskForLinkForm(PlainWords, forms.ResetPasswordForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(PlainWords, forms.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(PlainWords, forms.SetPasswordForm):  # type: ignore[misc]
    pass


class NewPasswordForm(PlainWords, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass
