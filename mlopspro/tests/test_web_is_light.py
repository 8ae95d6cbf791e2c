"""Processes that answer requests load nothing that trains or talks to trackers: they start fast (D10)."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("tensorflow", "keras", "mlflow", "wandb", "numba", "sklearn.ensemble")

# Loads what the web server loads: the application, every address, every view, form and template tag.
SCRIPT = """
import sys
import mlopspro.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
from mlopspro.accounts.routes import api_routes, routes
assert len(list(routes())) > 30 and len(list(api_routes())) >= 6
from experiments.forms import training, imports
print(",".join(name for name in %r if name in sys.modules))
"""


def test_the_web_server_loads_no_tensorflow_and_no_tracker(services):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT % (HEAVY,)], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_the_scheduler_loads_no_tensorflow_and_no_tracker(services):
    script = (
        "import sys, django; django.setup(); import experiments.tasks\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "mlopspro.settings"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
