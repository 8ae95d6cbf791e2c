import uuid

from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "mlopspro.serving"

    def ready(self) -> None:
        from experiments.services import serving_status

        serving_status.register(_problems_of)


def _problems_of(model_id: uuid.UUID) -> list[str]:
    """Imported when asked: most processes never serve."""
    from mlopspro.serving import loaded

    return [
        f"Version {one['version']}: {one['problem']}" for one in loaded.problems() if one["model_id"] == str(model_id)
    ]
