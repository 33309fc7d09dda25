from django.apps import AppConfig


class UsageConfig(AppConfig):
    name = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add what must be true of usage to what `verify_ledger` checks."""
        from billing.verification.registry import register
        from usage.verification import INVARIANTS

        register(INVARIANTS)
