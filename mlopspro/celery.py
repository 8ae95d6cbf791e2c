"""The Celery application. Queues: ``train`` (one slot a training process) and ``io`` (everything short)."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")

app = Celery("mlopspro")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """Celery would replace the logging set up by Django; being connected here is what stops it."""
