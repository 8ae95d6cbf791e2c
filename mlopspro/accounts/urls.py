"""Addresses under /settings/."""

from django.urls import path

from mlopspro.accounts.views import audit, keys, people, profile, workspace

app_name = "accounts"
urlpatterns = [
    path("", profile.index, name="settings"),
    path("profile/", profile.profile, name="profile"),
    path("theme/", profile.theme, name="theme"),
    path("sign-out-everywhere/", profile.sign_out_everywhere, name="sign_out_everywhere"),
    path("switch-workspace/", profile.switch_workspace, name="workspace"),
    path("keys/", keys.keys, name="keys"),
    path("keys/<uuid:key_id>/revoke/", keys.revoke, name="key_revoke"),
    path("people/", people.people, name="people"),
    path("people/<uuid:user_id>/role/", people.change_role, name="person_role"),
    path("people/<uuid:user_id>/remove/", people.remove, name="person_remove"),
    path("people/<uuid:user_id>/disable/", people.disable, name="person_disable"),
    path("people/<uuid:user_id>/enable/", people.enable, name="person_enable"),
    path("people/<uuid:user_id>/password-link/", people.password_link, name="person_password_link"),
    path("workspace/", workspace.workspace, name="workspace_settings"),
    path("workspaces/", workspace.create, name="workspace_create"),
    path("audit/", audit.audit, name="audit"),
]
