"""An attempt that takes over from a killed one runs in another process: its numbers must be the same there."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from experiments.learning.recommenders.base import StopTraining
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import QUICK, Recorder, all_scores, ratings

KEY = "hybrid_biased"  # the one with dropout, so with random states of its own


def digest_of_fit(resume_from=None, observer=None):
    architecture, data = get(KEY), ratings()
    fitted = architecture.fit(
        data, architecture.validate(QUICK[KEY]), seed=7, observer=observer or Recorder(), resume_from=resume_from
    )
    return hashlib.sha256(all_scores(fitted, data).tobytes()).hexdigest()


def test_a_fit_resumed_in_another_process_gives_the_same_bits(tmp_path):
    digest_of_fit()  # so that this process has made other networks before the one that is interrupted
    with pytest.raises(StopTraining):
        digest_of_fit(observer=Recorder(tmp_path, stop_after=2))
    code = (
        "import sys; from pathlib import Path; from experiments.tests.recommenders.test_other_process import *; "
        "print(digest_of_fit(resume_from=Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "2")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == digest_of_fit()
