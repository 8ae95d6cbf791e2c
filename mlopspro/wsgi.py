"""Entry point of the web server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")

application = get_wsgi_application()

# Read every page's code now: once before gunicorn forks its workers, instead of in each at its first request.
from django.urls import get_resolver  # noqa: E402

get_resolver().url_patterns  # noqa: B018

from mlopspro.health import try_database  # noqa: E402

try_database()

# What is loaded by now lives as long as the process: collecting garbage need not look at it again and again, which
# costs a request in fifty some 15 ms, and workers go on sharing its memory.
gc.collect()
gc.freeze()
