"""Entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")

application = get_wsgi_application()

# Read every page's code now: once before gunicorn forks its workers, instead of in each at its first request.
from django.urls import get_resolver  # noqa: E402

get_resolver().url_patterns  # noqa: B018
