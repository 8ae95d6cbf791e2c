"""A person who signs in with an e-mail address and a password, or through single sign-on."""

from __future__ import annotations

import uuid
import zoneinfo
from functools import cache
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac


class Theme(models.TextChoices):
    DARK = "dark", "Dark"
    LIGHT = "light", "Light"


@cache
def time_zones() -> tuple[str, ...]:
    """Names of the IANA time zone database, sorted. Asked of the disk once: it reads hundreds of files."""
    return tuple(sorted(zoneinfo.available_timezones()))


def validate_time_zone(value: str) -> None:
    """Accepts the names of ``time_zones``."""
    if value not in time_zones():
        raise ValidationError(f"{value!r} is not a time zone; accepted are IANA names such as Europe/Berlin or UTC.")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person without any role yet; without a password until one is set through a reset link."""
        email = email.strip().lower()
        if not email:
            raise ValueError("email: empty; an address such as ada@example.org is needed")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An operator of this installation, who may use the Django admin. Roles in workspaces are separate."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """People are never deleted, only disabled: the audit trail keeps pointing at them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    name = models.CharField("display name", max_length=150, blank=True)
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.DARK)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    is_active = models.BooleanField(
        "active", default=True, help_text="Off: cannot sign in; sessions and API keys stop working at once."
    )
    is_staff = models.BooleanField("operator", default=False, help_text="May open the Django admin.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    session_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text="Raised to end every session of this person."
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)
        constraints = [
            # Rows are saved in lower case; this holds against whoever writes past clean().
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="user_theme_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.partition("@")[0]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return zoneinfo.ZoneInfo("UTC")

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's own, with the generation mixed in: a session is good for one password and one generation."""
        return salted_hmac(
            "mlopspro.accounts.models.User.session",
            f"{self.password}:{self.session_generation}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()
