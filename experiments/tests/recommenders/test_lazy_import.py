"""Web processes import the registry for its forms and scorers for serving; TensorFlow must not come with them."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "experiments.learning.recommenders.registry",
        "experiments.learning.recommenders.scorers.registry",
        "experiments.learning.artifacts",
    ],
)
def test_importing_loads_no_tensorflow(module):
    code = (
        f"import sys, {module}; "
        "print([name for name in ('tensorflow', 'keras', 'django', 'celery', 'mlflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
