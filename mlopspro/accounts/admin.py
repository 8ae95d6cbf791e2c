"""Every table of this app in the Django admin, for operators. The trail is read-only, key hashes are not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm
from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest

from mlopspro.accounts.models import ApiKey, AuditEntry, Membership, PartUse, User, Workspace
from mlopspro.accounts.services import audit, keys

if TYPE_CHECKING:  # generic for the type checker only
    AnyAdmin = admin.ModelAdmin[Any]
    AnyUserAdmin = DjangoUserAdmin[User]
    AnyUserCreationForm = AdminUserCreationForm[User]
else:
    AnyAdmin, AnyUserAdmin, AnyUserCreationForm = admin.ModelAdmin, DjangoUserAdmin, AdminUserCreationForm

# One way in: the sign-in page with its brakes and audit, not the admin's own form.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "ML Ops Pro"
admin.site.index_title = "All tables"


class AuditedAdmin(AnyAdmin):
    """What operators change here leaves the same trail as what is changed on pages."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        shown = [name for name in form.changed_data if "password" not in name]
        before = {name: form.initial.get(name) for name in shown}
        after = {name: form.cleaned_data.get(name) for name in shown}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit.record(
                action="admin_changed" if change else "admin_added",
                actor=request.user,  # type: ignore[arg-type]
                workspace=_workspace_of(obj),
                obj=obj,
                before=_readable(before) if change else None,
                after=_readable(after),
            )

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with transaction.atomic():
            audit.record(action="admin_deleted", actor=request.user, obj=obj)  # type: ignore[arg-type]
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


def _workspace_of(obj: Model) -> Workspace | None:
    if isinstance(obj, Workspace):
        return obj
    found = getattr(obj, "workspace", None)
    return found if isinstance(found, Workspace) else None


def _readable(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [str(item) for item in value] if isinstance(value, QuerySet) else value for name, value in values.items()
    }


class UserCreationForm(AnyUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


@admin.register(User)
class UserAdmin(AuditedAdmin, AnyUserAdmin):
    """People are disabled, not deleted: the audit trail points at them."""

    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("name", "theme", "time_zone")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Times", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data:
            User.objects.filter(pk=obj.pk).update(session_generation=F("session_generation") + 1)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Workspace)
class WorkspaceAdmin(AuditedAdmin):
    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("workspace", "role")
    search_fields = ("user__email", "workspace__name")
    autocomplete_fields = ("user", "workspace")
    list_select_related = ("user", "workspace")


@admin.register(ApiKey)
class ApiKeyAdmin(AnyAdmin):
    """Keys are made by their owners, on their own page; here they can be seen and revoked."""

    list_display = ("name", "prefix", "owner", "workspace", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("workspace",)
    search_fields = ("name", "prefix", "owner__email")
    list_select_related = ("owner", "workspace")
    exclude = ("token_sha256",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        done = sum(keys.revoke_key(key, request.user, "by an operator") for key in queryset)  # type: ignore[arg-type]
        self.message_user(request, f"Revoked: {done}.")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[str]:
        return [field.name for field in ApiKey._meta.fields if field.name != "token_sha256"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False


class ReadOnlyAdmin(AnyAdmin):
    """What the product writes: looked at, never edited by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "action", "object_label", "workspace", "ip")
    list_filter = ("workspace", "action")
    search_fields = ("actor__email", "object_label", "object_id", "request_id")
    date_hierarchy = "at"
    list_select_related = ("actor", "workspace")


@admin.register(PartUse)
class PartUseAdmin(ReadOnlyAdmin):
    list_display = ("day", "part", "user", "workspace", "visits", "sessions", "seconds")
    list_filter = ("workspace", "part")
    list_select_related = ("user", "workspace")
