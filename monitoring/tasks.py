"""Celery tasks of monitoring: thin, safe to be delivered twice, safe to be killed anywhere."""
