"""Writes one complete offline W&B run. Run as a program of its own, so that nobody else has to load W&B:

    python -m experiments.tracking.wandb_writer < run.json

The standard input is an OfflineRun as JSON; ``folder`` receives W&B's own ``offline-run-…`` folder. No network is used
and no key is needed. Exits with 0 when the run is complete on disk.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """One line of the run's history: a step, its Unix time in seconds, and its figures."""

    step: int
    at: float
    values: dict[str, float | None]


class OfflineRun(BaseModel):
    model_config = ConfigDict(extra="forbid")

    run_id: str
    folder: Path
    project: str
    entity: str = ""
    name: str
    job_type: str
    notes: str = ""
    labels: list[str]
    config: dict[str, Any]
    history: list[Row]
    summary: dict[str, float | str | None]
    files: dict[str, Path]
    """Name in the run → absolute path."""
    exit_code: int


def write(run: OfflineRun) -> None:
    import wandb

    settings = wandb.Settings(
        mode="offline",
        console="off",
        silent=True,
        symlink=False,
        disable_git=True,
        disable_code=True,
        save_code=False,
        # The worker's machine is not the one that trained; the run's own environment is in its config.
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
    )
    mirror = wandb.init(
        id=run.run_id,
        dir=str(run.folder),
        project=run.project,
        entity=run.entity or None,
        name=run.name,
        job_type=run.job_type,
        notes=run.notes or None,
        tags=run.labels,
        config=run.config,
        settings=settings,
    )
    for row in run.history:
        mirror.log({**row.values, "_timestamp": row.at}, step=row.step)
    mirror.summary.update(run.summary)
    files_folder = Path(mirror.settings.files_dir)
    for name, path in run.files.items():
        target = files_folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(path, target)
        mirror.save(str(target), base_path=str(files_folder), policy="end")
    mirror.finish(exit_code=run.exit_code)


def _link(path: Path, target: Path) -> None:
    """A second name for the file where the file system allows it, else a copy; artifacts never change."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


if __name__ == "__main__":
    write(OfflineRun.model_validate_json(sys.stdin.buffer.read()))
