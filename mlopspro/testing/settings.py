"""Settings of the test session: the product's own, in a world of its own."""

import os

from mlopspro.testing import environment

environment.prepare()

from mlopspro.settings import *  # noqa: E402, F403
from mlopspro.settings import PREDICTION_LOG_DIR, STORAGES  # noqa: E402

# Slow by intent in the product; a test that signs somebody in need not wait for it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages drawn by the test client need no collected files; the live stack collects them as the product does.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# A thread that writes on its own connection would reach past a test's transaction; live stacks have theirs.
BEAT_SECONDS = 0.0
# What a test wrote within its transaction is seen by its own thread alone, so that one looks what is live.
SERVING_POLL_SECONDS = 0.0
# Processes of a session have a database each, where the same ids stand for other things.
PREDICTION_LOG_DIR = PREDICTION_LOG_DIR / os.environ.get("PYTEST_XDIST_WORKER", "alone")
