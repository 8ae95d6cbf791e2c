from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self) -> None:
        from monitoring import (
            checks,  # noqa: F401  registers them
            process_signals,  # noqa: F401  workers and scheduler say that they live
        )
