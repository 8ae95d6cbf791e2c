"""Addresses of recipes and their versions."""

from django.urls import path

from experiments.views import recipe, recipe_acts, recipe_editor, recipe_example, recipe_files, recipe_making, recipes

urlpatterns = [
    path("recipes/", recipes.library, name="recipes"),
    path("recipes/new/", recipe_making.new, name="recipe_new"),
    path("recipes/import/", recipe_files.import_file, name="recipe_import"),
    path("recipes/seed/", recipes.seed, name="recipe_seed"),
    path("recipes/<uuid:pk>/", recipe.detail, name="recipe"),
    path("recipes/<uuid:pk>/edit/", recipe_making.edit, name="recipe_edit"),
    path("recipes/<uuid:pk>/check/", recipe_editor.check, name="recipe_check"),
    path("recipes/<uuid:pk>/save/", recipe_editor.save, name="recipe_save_version"),
    path("recipes/<uuid:pk>/clone/", recipe_making.clone, name="recipe_clone"),
    path("recipes/<uuid:pk>/archive/", recipe_acts.archive, name="recipe_archive"),
    path("recipes/<uuid:pk>/restore/", recipe_acts.restore, name="recipe_restore"),
    path("recipes/<uuid:pk>/delete/", recipe_acts.delete, name="recipe_delete"),
    path("recipes/<uuid:pk>/upgrade/", recipe_acts.upgrade, name="recipe_upgrade"),
    path("recipes/<uuid:pk>/example/", recipe_example.example, name="recipe_example"),
    path("recipes/<uuid:pk>/export.json", recipe_files.export, name="recipe_export"),
    path("recipes/<uuid:pk>/versions/<uuid:version>/", recipe.version_detail, name="recipe_version"),
    path("recipes/<uuid:pk>/versions/<uuid:version>/approve/", recipe_acts.approve, name="recipe_approve"),
    path(
        "recipes/<uuid:pk>/versions/<uuid:version>/archive/", recipe_acts.archive_version, name="recipe_version_archive"
    ),
]
