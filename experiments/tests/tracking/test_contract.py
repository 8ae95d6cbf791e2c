"""What every tracker promises: told once or many times, in one go or in pieces, it shows a run the same way."""

from __future__ import annotations

import pytest

from experiments.tests.tracking.mirrors import a_run, at, batch, epoch, opened, reopened, seen, stored
from experiments.tracking.messages import Artifacts, End, Epoch, Metrics


def tell(tracker, experiment_id, messages, *, first_seq=1, external_id=""):
    return tracker.deliver(batch(experiment_id, messages, external_id=external_id, first_seq=first_seq))


def test_a_run_is_shown_as_it_was_told(tracker, experiment_id, tmp_path):
    files = (stored(tmp_path, "metrics.json", b'{"rmse": 0.91}'), stored(tmp_path, "model/weights.bin", b"\x00" * 999))
    result = tell(tracker, experiment_id, a_run(experiment_id, files=files))

    mirror = seen(tracker, experiment_id)
    assert result.external_id
    assert mirror.name == "hybrid-20261120-093000"
    assert mirror.params == {
        "epochs": "3",
        "learning_rate": "0.001",
        "split.method": "random",
        "total_parameters": "42",
    }
    assert mirror.points == [
        ("train_loss", 1, 1.0),
        ("train_loss", 2, 0.5),
        ("train_loss", 3, pytest.approx(1 / 3)),
        ("val_loss", 1, 1.5),
        ("val_loss", 2, 1.0),
        ("val_loss", 3, pytest.approx(1 / 3 + 0.5)),
    ]
    assert mirror.figures == {"rmse": 0.91, "catalogue.ndcg_at_10": 0.17}
    assert mirror.files == {file.name: file.sha256 for file in files}
    assert mirror.status == "completed"


def test_telling_it_again_changes_nothing(tracker, experiment_id, tmp_path):
    messages = a_run(experiment_id, files=(stored(tmp_path, "metrics.json", b"{}"),))
    first = tell(tracker, experiment_id, messages)
    before = seen(tracker, experiment_id)

    again = tell(tracker, experiment_id, messages, external_id=first.external_id)
    forgotten = tell(tracker, experiment_id, messages)  # we lost its id: it is found again, not made again

    assert first == again == forgotten
    assert seen(tracker, experiment_id) == before


def test_pieces_that_overlap_make_the_same_run(tracker, experiment_id):
    messages = a_run(experiment_id, epochs=6)
    if tracker.whole_runs:
        tell(tracker, experiment_id, [*messages[:4], End(at=at(3), status="failed")])
        tell(tracker, experiment_id, messages)
    else:
        external_id = tell(tracker, experiment_id, messages[:4]).external_id
        tell(tracker, experiment_id, messages[2:7], first_seq=3, external_id=external_id)
        tell(tracker, experiment_id, messages[6:], first_seq=7, external_id=external_id)

    mirror = seen(tracker, experiment_id)
    assert [step for name, step, _ in mirror.points if name == "train_loss"] == [1, 2, 3, 4, 5, 6]
    assert mirror.status == "completed"


def test_values_that_are_not_numbers_are_kept_as_such(tracker, experiment_id):
    broken = Epoch(at=at(2), epoch=2, values={"train_loss": None, "val_loss": float("inf")})
    messages = [opened(experiment_id), epoch(1), broken, End(at=at(3), status="failed")]
    for _ in range(2):
        tell(tracker, experiment_id, [m.model_validate_json(m.model_dump_json()) for m in messages])

    mirror = seen(tracker, experiment_id)
    assert [value for _, step, value in mirror.points if step == 2] == ["nan", "nan"]
    assert len(mirror.points) == 4
    assert mirror.status == "failed"


def test_a_name_with_an_at_sign_is_spelled_out(tracker, experiment_id):
    metrics = Metrics(at=at(1), step=1, values={"ndcg@10": 0.5, "weird?name": 1.0})
    tell(tracker, experiment_id, [opened(experiment_id), metrics, End(at=at(2), status="completed")])
    assert seen(tracker, experiment_id).figures == {"ndcg_at_10": 0.5, "weird_name": 1.0}


def test_a_long_run_arrives_whole(tracker, experiment_id):
    messages = a_run(experiment_id, epochs=1100)
    tell(tracker, experiment_id, messages)
    mirror = seen(tracker, experiment_id)
    assert [point for point in mirror.points if point[0] == "train_loss"] == [
        ("train_loss", number, pytest.approx(1 / number)) for number in range(1, 1101)
    ]


@pytest.mark.services
@pytest.mark.parametrize("tracker", ["mlflow", "wandb"], indirect=True)  # the one in memory keeps no content
def test_files_that_are_not_what_was_recorded_stay_behind_and_are_named(tracker, experiment_id, tmp_path):
    good = stored(tmp_path, "history.json", b"[]")
    changed = stored(tmp_path, "changed.json", b"then").model_copy(update={"sha256": "0" * 64})
    missing = stored(tmp_path, "gone.json", b"x")
    (tmp_path / missing.path).unlink()
    outside = good.model_copy(update={"name": "passwd", "path": "../../etc/passwd"})
    files = Artifacts(at=at(1), files=(changed, missing, outside, good))

    result = tell(tracker, experiment_id, [opened(experiment_id), files, End(at=at(2), status="completed")])

    mirror = seen(tracker, experiment_id)
    assert mirror.files == {"history.json": good.sha256}
    assert mirror.status == "completed"
    assert [note.partition(":")[0] for note in result.notes] == ["changed.json", "gone.json", "passwd"]


def test_a_run_that_is_started_again_goes_on(tracker, experiment_id):
    first = [opened(experiment_id), epoch(1), End(at=at(2), status="failed", reason="worker lost")]
    rest = [reopened(3), epoch(2), epoch(3), End(at=at(5), status="completed")]
    result = tell(tracker, experiment_id, first)
    assert seen(tracker, experiment_id).status == "failed"

    if tracker.whole_runs:
        tell(tracker, experiment_id, [*first, *rest], external_id=result.external_id)
    else:
        tell(tracker, experiment_id, rest[:2], first_seq=4, external_id=result.external_id)
        assert seen(tracker, experiment_id).status == "running"
        tell(tracker, experiment_id, rest[2:], first_seq=6, external_id=result.external_id)

    mirror = seen(tracker, experiment_id)
    assert [step for name, step, _ in mirror.points if name == "train_loss"] == [1, 2, 3]
    assert mirror.status == "completed"
