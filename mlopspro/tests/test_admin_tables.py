"""Every table of ours has an admin page that opens (F253)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from mlopspro.testing.people import browser, make_member, make_workspace

OURS = [
    model
    for config in apps.get_app_configs()
    if config.name.split(".")[0] in {"mlopspro", "experiments", "monitoring", "retraining"}
    for model in config.get_models()
]


def test_the_list_of_tables_is_not_empty():
    assert len(OURS) > 10


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label_lower)
def test_every_table_has_an_admin_page(model):
    assert model in admin.site._registry, f"register {model._meta.label} in the admin.py of its app"
    operator = make_member(make_workspace(), is_staff=True, is_superuser=True)
    response = browser(operator).get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    assert response.status_code == 200
