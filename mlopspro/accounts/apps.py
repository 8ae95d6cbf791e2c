from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "mlopspro.accounts"
    label = "accounts"
    verbose_name = "People and access"

    def ready(self) -> None:
        from mlopspro.accounts import checks, signals  # noqa: F401  registers the checks, connects the audit of sign-ins
