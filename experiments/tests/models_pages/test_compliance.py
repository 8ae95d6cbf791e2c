"""The check list of compliance is computed from rows; each check can be met and can fail."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.models import ModelVersion, RecipeVersion, StageChange
from experiments.selectors.compliance import compliance_of
from experiments.services import model_files
from experiments.tests.pages import scenes
from experiments.tests.recipes_made import make_recipe
from experiments.tests.registered import make_version
from experiments.tests.versions import make_live, make_version_row


def states(version: ModelVersion) -> dict[str, str]:
    fresh = ModelVersion.objects.select_related(
        "model__owner", "experiment__created_by", "dataset", "recipe_version__recipe", "recipe_version__approved_by"
    ).get(pk=version.pk)
    return {check.key: check.state for check in compliance_of(fresh).checks}


def words(version: ModelVersion, key: str) -> str:
    return next(check.words for check in compliance_of(version).checks if check.key == key)


def test_a_bare_version_is_mostly_open(workspace):
    assert states(make_version_row(workspace)) == {
        "recipe": "attention", "gate": "not_yet", "files": "not_met", "card": "not_met", "owner": "not_met",
        "source": "not_met", "terms": "not_met", "trained": "attention", "repeatable": "met", "trail": "not_met",
    }  # fmt: skip


def test_everything_can_be_met(workspace, engineer):
    recipe_version = RecipeVersion.objects.filter(recipe=make_recipe(workspace, actor=engineer)).first()
    run = scenes.finished_run(workspace, engineer, recipe_version=recipe_version, config_hash="c" * 64)
    run.dataset.source = {"format": "csv", "files": {"interactions": "ratings.csv"}}
    run.dataset.save()
    version = make_version_row(workspace, run=run, by=engineer)
    file = version.files.create(name="a.json", kind="x", path=f"{version.folder}/a.json", size_bytes=2, sha256="")
    file.file.parent.mkdir(parents=True)
    file.file.write_text("{}")
    file.sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    file.save()
    version.model.owner = engineer
    version.model.save()
    wrote = {"text": "words", "by": "Ada", "at": ""}
    ModelVersion.objects.filter(pk=version.pk).update(card={"use": wrote, "ethics": wrote})
    make_live(version, engineer)
    assert model_files.verify(version, actor=engineer) == []
    assert set(states(version).values()) == {"met"}


def test_forcing_is_told_with_who_why_and_what_spoke_against_it(workspace, engineer):
    version = make_version_row(workspace)
    StageChange.objects.create(
        version=version, kind="promoted", to_stage="production", by=engineer, forced=True, reason="Season starts",
        blockers=[{"code": "gate", "message": "It is worse."}],
    )  # fmt: skip
    assert states(version)["gate"] == "attention"
    said = words(version, "gate")
    assert said.startswith("Ada Lovelace forced it on ")
    assert said.endswith("“Season starts”. Against it spoke: It is worse.")


@pytest.mark.parametrize(("approved", "state"), [(None, "not_met"), ("before", "met"), ("after", "attention")], ids=str)
def test_the_recipe_was_approved_and_in_time(workspace, engineer, approved, state):
    recipe = make_recipe(workspace, actor=engineer, approved=approved is not None)
    recipe_version = RecipeVersion.objects.filter(recipe=recipe).first()
    run = scenes.finished_run(workspace, recipe_version=recipe_version)
    if approved == "after":
        type(run).objects.filter(pk=run.pk).update(created_at=timezone.now() - timezone.timedelta(days=1))
    assert states(make_version_row(workspace, run=run))["recipe"] == state


def test_a_damaged_file_is_found_and_stays_on_record(client, workspace, engineer):
    version = make_version(workspace, "Films")
    url = reverse("experiments:model_verify", args=[version.model_id, version.pk])
    assert "Every file is what was registered" in client.post(url, follow=True).content.decode()
    assert states(version)["files"] == "met"
    version.files.first().file.unlink()
    assert "Not as registered" in client.post(url, follow=True).content.decode()
    assert states(version)["files"] == "not_met"
    assert "is missing" in words(version, "files")


def test_other_data_under_the_same_name_is_noticed(workspace):
    version = make_version_row(workspace)
    version.dataset.source = {"format": "csv"}
    version.dataset_sha256 = "f" * 64
    assert next(check for check in compliance_of(version).checks if check.key == "source").state == "not_met"


def test_the_page_and_its_file_say_the_same(client, viewer, workspace):
    version = make_version_row(workspace, "=Films")
    url = reverse("experiments:model_compliance", args=[version.model_id, version.pk])
    assert "1 of 10 checks are met; 6 are not met." in client.get(url).content.decode()
    assert "administrators see it" in viewer.get(url).content.decode()
    answer = client.get(url, {"format": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="films-1.0.0-compliance.csv"'
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0] == ["model", "version", "check", "state", "evidence"]
    assert len(rows) == 11
    assert rows[1][0] == "'=Films", "no formula for a spreadsheet"
