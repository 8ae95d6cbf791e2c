"""Addresses of the registry: models, their versions, and lineage."""

from django.urls import path

from experiments.views import (
    lineage,
    model_card,
    model_page,
    model_promotion,
    model_register,
    model_size,
    model_traffic,
    model_versions,
    models,
)

VERSION = "models/<uuid:pk>/versions/<uuid:version>"

urlpatterns = [
    path("models/", models.model_list, name="models"),
    path("models/new/", models.create, name="model_new"),
    path("models/register/", model_register.register, name="model_register"),
    path("models/<uuid:pk>/", model_page.detail, name="model"),
    path("models/<uuid:pk>/edit/", models.edit, name="model_edit"),
    path("models/<uuid:pk>/archive/", models.archive, name="model_archive"),
    path("models/<uuid:pk>/live-at/", model_page.was_live, name="model_live_at"),
    path("models/<uuid:pk>/rollback/", model_promotion.rollback, name="model_rollback"),
    path("models/<uuid:pk>/compare/", model_versions.compare, name="model_version_compare"),
    path("models/<uuid:pk>/exploration/", model_traffic.explore, name="model_exploration"),
    path("models/<uuid:pk>/traffic/", model_traffic.deploy, name="model_traffic_deploy"),
    path("models/<uuid:pk>/traffic/<int:deployment>/share/", model_traffic.change_share, name="model_traffic_share"),
    path("models/<uuid:pk>/traffic/<int:deployment>/end/", model_traffic.end, name="model_traffic_end"),
    path(f"{VERSION}/", model_versions.detail, name="model_version"),
    path(f"{VERSION}/gate/", model_page.gate_of, name="model_gate"),
    path(f"{VERSION}/promote/", model_promotion.promote, name="model_promote"),
    path(f"{VERSION}/move/", model_promotion.move, name="model_move"),
    path(f"{VERSION}/verify/", model_versions.verify, name="model_verify"),
    path(f"{VERSION}/size/", model_size.quantize, name="model_size"),
    path(f"{VERSION}/files/<int:file>/", model_versions.download, name="model_file"),
    path(f"{VERSION}/card/", model_card.card, name="model_card"),
    path(f"{VERSION}/card/edit/", model_card.edit, name="model_card_edit"),
    path(f"{VERSION}/card/card.md", model_card.card_file, name="model_card_file"),
    path(f"{VERSION}/compliance/", model_card.compliance, name="model_compliance"),
    path("lineage/", lineage.lineage, name="lineage"),
]
