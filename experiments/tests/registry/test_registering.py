"""A run becomes a version: what is taken, what is refused, which number it gets, and what a crash leaves."""

from __future__ import annotations

import os
import threading
import uuid

import pytest
from django.db import connection

from experiments.learning.artifacts import ArtifactError
from experiments.models import Experiment, ModelVersion, RegisteredModel, RegistryMessage
from experiments.models.job import JobStateError
from experiments.services import datasets, launch, promotion, registry, version_files
from experiments.services.model_fields import Changes
from experiments.services.spec import Refused
from experiments.tests.factories import make_dataset
from experiments.tests.recipes_made import make_recipe
from experiments.tests.registered import judged_run, judged_version, make_model, make_run, make_version
from experiments.tests.registry.conftest import scores
from mlopspro.accounts.models import AuditEntry
from mlopspro.testing.people import make_workspace


def refusal(call, *args, **kwargs) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return {problem.field: problem.message for problem in refused.value.problems}


def test_a_version_has_all_that_its_run_was_made_of_and_files_of_its_own(workspace, engineer):
    run = make_run(workspace)
    version = registry.register(run, actor=engineer, model_name="films", notes="first")

    assert (version.number, version.stage, version.model.name) == ("1.0.0", "development", "films")
    assert version.dataset_sha256 == run.trained_on.sha256
    assert (version.parameters, version.split, version.seed) == (run.parameters, run.split, run.seed)
    assert (version.config_hash, version.metrics) == (run.config_hash, run.metrics)
    taken = {(file.name, file.sha256) for file in version.files.exclude(kind="serving")}
    assert taken == set(run.artifacts.values_list("name", "sha256"))
    assert all(file.file.parent == version.path for file in version.files.all())
    assert registry.verify_files(version) == []
    assert AuditEntry.objects.filter(action="register_model", object_id=str(version.pk), actor=engineer).exists()
    assert list(version.stage_changes.values_list("kind", "to_stage")) == [("registered", "development")]
    assert RegistryMessage.objects.get(model=version.model).kind == "register"


def test_files_outlive_the_run_and_its_files(workspace):
    run = make_run(workspace)
    version = make_version(workspace, run=run)
    launch.delete(run, actor=None)
    for artifact in run.artifacts.all():
        artifact.file.unlink()
    assert registry.verify_files(version) == []
    assert registry.load_scorer(version) is not None


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_damaged_version_says_which_file_and_is_not_loaded(workspace, damage):
    version = make_version(workspace)
    file = version.files.get(name="scorer.safetensors")
    if damage == "gone":
        file.file.unlink()
    else:
        content = bytearray(file.file.read_bytes())
        content[-1] ^= 1
        file.file.unlink()  # a hard link: the run keeps its own
        file.file.write_bytes(content)
    (problem,) = registry.verify_files(version)
    assert problem.name == "scorer.safetensors"
    assert ("missing" if damage == "gone" else "changed") in problem.problem
    with pytest.raises(ArtifactError, match=r"scorer\.safetensors"):
        registry.load_scorer(version)


def test_a_run_whose_file_is_damaged_leaves_no_version_and_no_folder(workspace):
    run = judged_run(workspace, scores(0.3))
    model = make_model(workspace)
    path = run.artifacts.get(name="model.json").file
    path.write_text("{}")
    assert "model.json: its content changed" in refusal(registry.register, run, actor=None, model=model)["files"]
    path.unlink()
    assert "model.json: the file is missing" in refusal(registry.register, run, actor=None, model=model)["files"]
    assert not ModelVersion.objects.exists()
    assert list((version_files.Path(run.path).parents[2] / model.folder).glob("*")) == []


def test_what_a_crash_between_files_and_row_leaves_is_swept(workspace, settings, tmp_path):
    """A process that is killed when the files are in place and the row is not has done exactly this."""
    settings.DATA_ROOT = tmp_path
    run, model = judged_run(workspace, scores(0.3)), make_model(workspace)
    version_files.take(model, uuid.uuid4(), run.artifacts.all())
    assert len(list((tmp_path / model.folder).iterdir())) == 1

    version = registry.register(run, actor=None, model=model)
    assert version_files.sweep() == 0, "a young folder may be in the making"
    assert version_files.sweep(older_than_seconds=-1) == 1
    assert registry.verify_files(version) == []
    assert [path.name for path in (tmp_path / model.folder).iterdir()] == [version.pk.hex]


def test_files_are_copied_where_links_are_not_possible(workspace, monkeypatch):
    monkeypatch.setattr(os, "link", _no_links)
    version = judged_version(workspace, scores(0.3))
    assert registry.verify_files(version) == []
    assert {file.file.stat().st_nlink for file in version.files.all()} == {1}


def _no_links(*_: object) -> None:
    raise OSError(18, "Invalid cross-device link")


def test_data_that_a_live_version_learnt_from_is_not_deleted(workspace, engineer):
    version = judged_version(workspace, scores(0.3))
    promotion.promote(version, actor=engineer)
    with pytest.raises(JobStateError, match=r"recommender 1\.0\.0, which is in production, learnt from"):
        datasets.delete(version.dataset, engineer)
    version.refresh_from_db()
    promotion.move(version, actor=engineer, to_stage="archived")
    datasets.delete(version.dataset, engineer)
    assert ModelVersion.objects.get(pk=version.pk).dataset.deleted_at is not None


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "running"}, "is running; accepted: completed runs"),
        ({"run_type": "eval"}, "accepted: training runs"),
        ({"run_type": "backtest"}, "accepted: training runs"),
        ({"origin": "mlflow"}, "was logged to MLflow"),
    ],
)
def test_only_completed_training_runs_of_this_site_become_versions(workspace, fields, said):
    run = judged_run(workspace, scores(0.3), **fields)
    assert said in refusal(registry.register, run, actor=None, model_name="films")["experiment"]
    assert not RegisteredModel.objects.exists(), "no empty model is left behind"


def test_a_run_of_a_recipe_is_registered_only_when_its_version_is_approved(workspace):
    recipe = make_recipe(workspace)
    version = recipe.versions.first()
    run = judged_run(workspace, scores(0.3), recipe_version=version)
    type(version).objects.filter(pk=version.pk).update(status="draft")
    assert (
        "is draft; accepted: runs of approved versions"
        in refusal(registry.register, run, actor=None, model_name="films")["experiment"]
    )
    type(version).objects.filter(pk=version.pk).update(status="approved")
    made = registry.register(run, actor=None, model_name="films")
    assert (made.recipe_version, made.model.recipe) == (version, recipe)


def test_a_model_takes_only_what_fits_it(workspace):
    run = judged_run(workspace, scores(0.3))
    elsewhere = make_model(make_workspace())
    assert "no such model" in refusal(registry.register, run, actor=None, model=elsewhere)["model"]
    other = make_model(workspace, "prices", family="pricing")
    assert "of the family pricing" in refusal(registry.register, run, actor=None, model=other)["model"]
    built = make_model(workspace, "built", recipe=make_recipe(workspace))
    assert "is built by the recipe" in refusal(registry.register, run, actor=None, model=built)["model"]
    archived = make_model(workspace, "old")
    registry.archive_model(archived, actor=None)
    assert "is archived" in refusal(registry.register, run, actor=None, model=archived)["model"]
    assert "no model is named" in refusal(registry.register, run, actor=None)["model"]


def test_a_run_is_one_version_of_a_model_but_may_be_one_of_several_models(workspace):
    run = judged_run(workspace, scores(0.3))
    first = registry.register(run, actor=None, model_name="films")
    said = refusal(registry.register, run, actor=None, model=first.model)
    assert "is version 1.0.0 of films already" in said["experiment"]
    assert registry.register(run, actor=None, model_name="series").number == "1.0.0"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("1.0.0", "is not above"),
        ("0.9.9", "is not above"),
        ("1.2", "is no version number"),
        ("v2", "no version number"),
    ],
)
def test_a_number_goes_up_or_is_refused(workspace, number, said):
    model = judged_version(workspace, scores(0.3)).model
    run = judged_run(workspace, scores(0.4))
    assert said in refusal(registry.register, run, actor=None, model=model, number=number)["number"]
    assert registry.register(run, actor=None, model=model, number="1.10.0").number == "1.10.0"


# --- The proposed number ---------------------------------------------------------------------------------------------


def proposed(model: RegisteredModel, run: Experiment) -> tuple[str, str]:
    found = registry.propose(model, run)
    assert found.reason
    return found.part, found.number


def test_the_part_to_raise_follows_from_what_changed(workspace):
    data = make_dataset(workspace)
    first = judged_version(workspace, scores(0.3), dataset=data)

    def another(**fields: object) -> tuple[str, str]:
        return proposed(first.model, judged_run(workspace, scores(0.4), **({"dataset": data} | fields)))

    newer = make_dataset(workspace)  # of the same shape, and made later
    assert another() == ("patch", "1.0.1")
    assert another(seed=7) == ("patch", "1.0.1")
    assert another(dataset=newer) == ("patch", "1.0.1")
    assert another(parameters={"k": 5}) == ("minor", "1.1.0")
    assert another(split={"method": "time", "test_share": 0.2}) == ("minor", "1.1.0")
    assert another(dataset=make_dataset(workspace, feedback="implicit")) == ("minor", "1.1.0")
    assert another(architecture="ease") == ("major", "2.0.0")
    assert another(preparation={"features": {"use": ["age"]}}) == ("major", "2.0.0")
    assert another(preparation={"evaluation": {"relevant_from": 3}}) == ("minor", "1.1.0")


def test_older_data_is_not_a_patch(workspace):
    older, data = make_dataset(workspace), make_dataset(workspace)
    first = judged_version(workspace, scores(0.3), dataset=data)
    run = judged_run(workspace, scores(0.3), dataset=older)
    assert proposed(first.model, run) == ("minor", "1.1.0")


# --- Models ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a@b", "a:b", "x" * 201, "a\nb", "<b>", "../up", "a%2fb"])
def test_names_that_addresses_of_models_cannot_hold_are_refused(workspace, name):
    said = refusal(registry.create_model, workspace=workspace, actor=None, name=name, family="recommendation")
    assert "name" in said


def test_every_problem_is_said_at_once(workspace):
    said = refusal(
        registry.create_model, workspace=workspace, actor=None, name="a/b", family="poetry", tags=["x" * 100],
        headline="catalogue.coverage_at_10", minimum_improvement=float("nan"),
    )  # fmt: skip
    assert set(said) == {"name", "family", "tags", "headline", "minimum_improvement"}


def test_two_models_of_one_name_only_when_one_is_archived(workspace):
    first = make_model(workspace, "films")
    create = registry.create_model
    said = refusal(create, workspace=workspace, actor=None, name="films", family="recommendation")
    assert "there is a model 'films' already" in said["name"]
    registry.archive_model(first, actor=None)
    second = create(workspace=workspace, actor=None, name="films", family="recommendation")
    assert "already" in refusal(registry.restore_model, first, actor=None)["name"]
    registry.edit_model(second, actor=None, changes=Changes(name="films 2"))
    assert registry.restore_model(first, actor=None).archived_at is None


def test_an_archived_model_is_not_edited(workspace):
    model = make_model(workspace)
    registry.archive_model(model, actor=None)
    with pytest.raises(JobStateError, match="archived"):
        registry.edit_model(model, actor=None, changes=Changes(name="other"))


# --- Two at once -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_registrations_at_once_never_share_a_number():
    workspace = make_workspace()
    model = judged_version(workspace, scores(0.3)).model
    runs = [judged_run(workspace, scores(0.3), dataset=model.versions.get().dataset) for _ in range(4)]
    started = threading.Barrier(len(runs))
    found: list[str] = []

    def register(run: Experiment) -> None:
        started.wait()
        try:
            found.append(registry.register(run, actor=None, model=model).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=register, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["1.0.1", "1.0.2", "1.0.3", "1.0.4"]


@pytest.mark.django_db(transaction=True)
def test_the_same_run_and_the_same_number_at_once_have_one_winner():
    workspace = make_workspace()
    model = judged_version(workspace, scores(0.3)).model
    data = model.versions.get().dataset
    same = judged_run(workspace, scores(0.3), dataset=data)
    others = [judged_run(workspace, scores(0.4), dataset=data) for _ in range(2)]
    for runs, number in (([same, same], None), (others, "3.0.0")):
        started = threading.Barrier(2)
        outcomes: list[str] = []

        def register(
            run: Experiment, number: str | None = number, started: threading.Barrier = started,
            outcomes: list[str] = outcomes,
        ) -> None:  # fmt: skip
            started.wait()
            try:
                registry.register(run, actor=None, model=model, number=number)
                outcomes.append("made")
            except Refused as refused:
                outcomes.append(refused.problems[0].message)
            finally:
                connection.close()

        threads = [threading.Thread(target=register, args=(run,)) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lost = [outcome for outcome in outcomes if outcome != "made"]
        assert len(lost) == 1
        assert "already" in lost[0] or "is not above" in lost[0]
    folders = {path.name for path in (version_files.Path(same.path).parents[2] / model.folder).iterdir()}
    assert folders == {uuid.UUID(str(pk)).hex for pk in model.versions.values_list("pk", flat=True)}
