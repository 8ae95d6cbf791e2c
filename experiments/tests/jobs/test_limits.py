"""An attempt that takes too long, or finds the disk full, ends with a reason a person can act on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings as configured

from experiments.models import FailureKind, JobStatus
from experiments.tests.jobs.running import start, trainers_of, until_ended
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]
ONE_TRAINER = {"MLOPSPRO_TRAIN_SLOTS": "1", "MLOPSPRO_JOB_WARM_SPARE": "0"}
WORKERS = ("worker-train", "worker-io", "beat")  # beat rings: a stack hears no other bells than its own


def test_an_attempt_beyond_the_time_limit_is_ended_with_all_its_processes(make_live_stack):
    limits = {"MLOPSPRO_JOB_TIME_LIMIT_SECONDS": "4"}
    stack = make_live_stack("timing-out", names=WORKERS, environment=ONE_TRAINER | limits)
    with stack.as_default_database():
        run = until_ended(start("endless", parameters={"epochs": 1000, "batch_size": 1}))
        assert (run.status, run.failure_kind) == (JobStatus.FAILED, FailureKind.TIMED_OUT), run.failure_reason
        assert "limit" in run.failure_reason
        assert run.attempt == 1
    assert trainers_of(stack) == []


@pytest.fixture
def small_disk(tmp_path):
    """An 8 MB file system of its own; only root may make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("mounting a small file system needs root on Linux")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_fails_the_run_plainly_and_the_next_one_works_when_there_is_room(make_live_stack, small_disk):
    stack = make_live_stack(
        "disk-full", names=WORKERS, environment=ONE_TRAINER | {"MLOPSPRO_DATA_ROOT": str(small_disk)}
    )
    with stack.as_default_database():
        dataset = stored_dataset(Workspace.objects.get(slug="default"), "Small synthetic")
        _copy_into(small_disk, dataset.folder)
        ballast = small_disk / "ballast"
        _fill(ballast)
        full = until_ended(start("no room", architecture="matrix_factorization"))
        assert (full.status, full.failure_kind) == (JobStatus.FAILED, FailureKind.NO_SPACE), full.failure_reason
        assert "space" in full.failure_reason
        assert not full.artifacts.exists()

        ballast.unlink()
        again = until_ended(start("room again", architecture="matrix_factorization"))
        assert again.status == JobStatus.COMPLETED, again.failure_reason
        assert all((small_disk / row.path).stat().st_size == row.size_bytes for row in again.artifacts.all())


def _copy_into(disk: Path, folder: str) -> None:
    shutil.copytree(Path(configured.DATA_ROOT) / folder, disk / folder)


def _fill(path: Path) -> None:
    """Takes all that is left on its disk."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(65_536))
        except OSError:
            return
