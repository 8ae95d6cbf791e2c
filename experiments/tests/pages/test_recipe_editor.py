"""The manifest editor: one text, a form that writes into it, errors at their lines, and saving without losing work."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from experiments.models import RecipeVersion
from experiments.services import recipes
from experiments.tests.pages.html import fields
from experiments.tests.recipes_made import latest, make_recipe, manifest_of

HTMX = {"HX-Request": "true"}
TITLE = '{\n  "metadata": {\n    "title": "Named"\n  }\n}'


def text_of(response) -> str:
    return response.content.decode()


def page(recipe, name="recipe") -> str:
    return reverse(f"experiments:{name}", args=[recipe.pk])


@pytest.fixture
def recipe(workspace):
    """A child that says nothing of its own."""
    parent = make_recipe(workspace, name="Base", manifest=manifest_of(architecture="bpr", epochs=9))
    return make_recipe(workspace, name="Shop", level="industry", parent=parent)


def posted(client, recipe, text=TITLE, **more):
    """What the browser sends of the editor's page, with nothing but ``text`` and ``more`` touched."""
    found = fields(text_of(client.get(page(recipe), {"tab": "manifest"})))
    sent = {name: value for name, value in found.items() if value is not None and name not in ("None", "q")}
    return sent | {"manifest": text, "change_note": "named", "part": "proposed"} | more


def test_the_editor_opens_with_what_this_level_says(client, recipe):
    recipes.save_version(recipe, actor=None, manifest={"metadata": {"title": "A"}}, change_note="x")
    response = client.get(page(recipe), {"tab": "manifest"})
    editing = response.context["editing"]
    assert json.loads(editing.text) == {"metadata": {"title": "A"}}
    assert (editing.problems, editing.changes) == ([], [])
    assert "The manifest is accepted" in text_of(response)
    first = recipe.versions.get(minor=1, patch=0)
    older = client.get(page(recipe), {"tab": "manifest", "from": first.pk})
    assert json.loads(older.context["editing"].text) == {}
    assert "The text is that of 0.1.0" in text_of(older)


def test_a_text_is_saved_as_the_next_draft(client, recipe, scientist):
    answer = client.post(page(recipe, "recipe_save_version"), posted(client, recipe))
    version = latest(recipe)
    assert answer.url == reverse("experiments:recipe_version", args=[recipe.pk, version.pk])
    assert (version.number, version.status, version.created_by) == ("0.1.1", "draft", scientist)
    assert (version.manifest, version.change_note) == ({"metadata": {"title": "Named"}}, "named")
    assert version.effective["pipeline"]["training"]["architecture"] == "bpr"


@pytest.mark.parametrize(
    ("text", "line", "column", "path", "words"),
    [
        ('{\n  "metadata": {}\n  "format": 1\n}', 3, 3, "", "a comma is missing"),
        ('{"metadata": {},\n}', 2, 1, "", "no comma"),
        ('{\n "a": 1,\n "a": 2}', 3, 2, "", "a is said twice"),
        ("", 1, 1, "", "empty"),
        ("[]", 1, 1, "", "is an object"),
        ('{\n  "metadata": {\n    "titel": "x"}}', 3, 5, "metadata.titel", "Did you mean title?"),
        ('{\n "pipeline": {"training":\n {"parameters": {"epochs": 0}}}}', 3, 18,
         "pipeline.training.parameters.epochs", ""),
        ('{\n "pipeline": {"training":\n {"architecture": "no_such"}}}', 3, 3,
         "pipeline.training.architecture", "no_such"),
        ('{"pipeline": {\n"evaluation": {"metrics": {\n"forecast.mase": {"minimum": 1}}}}}', 3, 1,
         "pipeline.evaluation.metrics.forecast.mase", ""),
        ('{"pipeline":\n{"deployment":\n{"mode": "batch", "schedule": "every day"}}}', 3, 19,
         "pipeline.deployment.schedule", "every day"),
        ('{"family":\n "pricing"}', 1, 2, "family", "pricing"),
        ('{"pipeline": null}', 1, 2, "pipeline", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_pointed_at_as_typed_and_on_saving(client, recipe, text, line, column, path, words):
    sent = posted(client, recipe, text)
    checked = client.post(page(recipe, "recipe_check"), sent, headers=HTMX)
    refused = client.post(page(recipe, "recipe_save_version"), sent)
    assert (checked.status_code, refused.status_code) == (200, 422)
    for response in (checked, refused):
        found = next(one for one in response.context["editing"].problems if one.path == path)
        assert (found.line, found.column) == (line, column)
        assert words in found.message
    assert f'data-line="{line}"' in text_of(checked)
    assert refused.context["editing"].text == text
    assert "named" in text_of(refused), "the note is kept"
    assert RecipeVersion.objects.filter(recipe=recipe).count() == 1


def test_something_wrong_in_what_is_inherited_points_at_what_is_around_it(client, recipe):
    sent = posted(client, recipe, '{\n "pipeline": {\n  "training": {"architecture": "popularity"}}}')
    found = client.post(page(recipe, "recipe_check"), sent, headers=HTMX).context["editing"].problems
    assert [(one.path, one.line, one.exact) for one in found] == [("pipeline.training.parameters.epochs", 3, False)]


@pytest.mark.parametrize(
    "text", ["x" * 300_000, '{"a":' * 5000, '{"a": 1e999}', '{"a": "\\u0000"}', "\x00", "{}\ud7ff"]
)
def test_the_check_answers_whatever_is_typed(client, recipe, text):
    response = client.post(page(recipe, "recipe_check"), posted(client, recipe, text), headers=HTMX)
    assert response.status_code == 200
    assert response.context["editing"].problems
    assert (
        client.post(page(recipe, "recipe_check"), {"form_was": "[", "manifest": text}, headers=HTMX).status_code == 200
    )
    assert client.post(page(recipe, "recipe_save_version"), {"manifest": text}).status_code == 422


def test_what_is_typed_is_never_markup(client, recipe):
    sent = posted(client, recipe, '{"metadata": {"title": "</textarea><script>alert(1)</script>"}}')
    assert "<script>alert" not in text_of(client.post(page(recipe, "recipe_check"), sent, headers=HTMX))
    assert "<script>alert" not in text_of(client.post(page(recipe, "recipe_save_version"), sent | {"check": "1"}))


def test_the_form_writes_into_the_same_text_with_and_without_scripts(client, recipe):
    changes = {"pipeline.training.parameters.epochs": "3", "pipeline.deployment.max_latency_ms": "50"}
    sent = posted(client, recipe, **changes)
    said = {
        "metadata": {"title": "Named"},
        "pipeline": {"training": {"parameters": {"epochs": 3}}, "deployment": {"max_latency_ms": 50}},
    }
    checked = client.post(page(recipe, "recipe_check"), sent, headers=HTMX)
    assert json.loads(checked.context["editing"].text) == said
    assert "manifest-written" in text_of(checked)
    plain = client.post(page(recipe, "recipe_save_version"), sent | {"write": "1"})
    assert plain.status_code == 200
    assert json.loads(plain.context["editing"].text) == said
    assert latest(recipe).number == "0.1.0", "nothing is saved yet"
    assert client.post(page(recipe, "recipe_save_version"), sent).status_code == 302
    assert latest(recipe).manifest == said


def test_changes_of_the_form_wait_while_the_text_cannot_be_read(client, recipe):
    sent = posted(client, recipe, "{", **{"pipeline.training.parameters.epochs": "3"})
    response = client.post(page(recipe, "recipe_save_version"), sent)
    assert response.context["editing"].text == "{"
    again = {name: value for name, value in fields(text_of(response)).items() if value is not None}
    assert again["pipeline.training.parameters.epochs"] == "3"
    mended = client.post(page(recipe, "recipe_check"), again | {"manifest": "{}"}, headers=HTMX)
    assert json.loads(mended.context["editing"].text) == {"pipeline": {"training": {"parameters": {"epochs": 3}}}}


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"part": "own", "number": "0.0.9"}, "number", "not above 0.1.0"),
        ({"part": "own", "number": "one"}, "number", "is no version number"),
        ({"part": "own", "number": ""}, "number", "Type the number"),
        ({"part": "nonsense"}, "part", "valid choice"),
        ({"change_note": "  "}, "change_note", "Say what changes"),
        ({"manifest": "{}"}, None, "says the same as 0.1.0"),
    ],
)
def test_number_and_note_are_refused_at_their_fields(client, recipe, given, field, words):
    response = client.post(page(recipe, "recipe_save_version"), posted(client, recipe, **given))
    assert response.status_code == 422
    form = response.context["save_form"]
    problems = [one.message for one in response.context["editing"].problems]
    said = form.errors.get(field, []) if field else [*form.non_field_errors(), *problems]
    assert words in " ".join(said)
    assert latest(recipe).number == "0.1.0"


def test_a_number_of_ones_own_is_taken(client, recipe):
    client.post(page(recipe, "recipe_save_version"), posted(client, recipe, part="own", number="3.0.0"))
    assert latest(recipe).number == "3.0.0"


def test_what_somebody_saved_meanwhile_is_shown_and_nothing_is_lost(client, recipe, workspace):
    mine = posted(client, recipe)
    recipes.save_version(recipe, actor=None, manifest={"metadata": {"owner": "Them"}}, change_note="an owner")
    response = client.post(page(recipe, "recipe_save_version"), mine)
    assert response.status_code == 409
    assert latest(recipe).number == "0.1.1", "nothing was saved over theirs"
    assert response.context["editing"].text == TITLE
    assert [one.path for one in response.context["meanwhile"]["theirs"]] == ["metadata.owner"]
    assert {one.path for one in response.context["editing"].changes} == {"metadata.owner", "metadata.title"}
    again = fields(text_of(response)) | {"manifest": TITLE, "change_note": "mine too", "part": "proposed"}
    sent = {name: value for name, value in again.items() if value is not None}
    assert client.post(page(recipe, "recipe_save_version"), sent).status_code == 302
    assert latest(recipe).manifest == {"metadata": {"title": "Named"}}


def test_an_archived_recipe_keeps_the_text_and_says_why(client, recipe):
    sent = posted(client, recipe)
    recipes.archive(recipe, actor=None, reason="old")
    response = client.post(page(recipe, "recipe_save_version"), sent)
    assert response.status_code == 422
    assert "is archived; bring it back" in text_of(response)
    assert "Named" in text_of(response)


def test_without_scripts_the_check_leads_back_to_the_editor(client, recipe):
    assert client.get(page(recipe, "recipe_check")).url == page(recipe) + "?tab=manifest"
    response = client.post(page(recipe, "recipe_check"), posted(client, recipe, "{"))
    assert "Save as new version" in text_of(response)


def test_who_may_not_edit_reads_and_cannot_post(viewer, recipe):
    assert "What this level says" in text_of(viewer.get(page(recipe), {"tab": "manifest"}))
    assert viewer.post(page(recipe, "recipe_save_version"), {"manifest": "{}"}).status_code == 403
    assert viewer.post(page(recipe, "recipe_check"), {"manifest": "{}"}).status_code == 403
