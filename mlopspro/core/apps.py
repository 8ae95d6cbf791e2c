from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "mlopspro.core"
    label = "core"
