from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """The project package as an app, so that its management commands and checks are found."""

    name = "mlopspro"

    def ready(self) -> None:
        from mlopspro import checks  # noqa: F401  registers the checks
        from mlopspro.celery import app  # noqa: F401  makes it the default Celery app of this process
