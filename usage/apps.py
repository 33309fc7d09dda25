from django.apps import AppConfig


class UsageConfig(AppConfig):
    name = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add what must be true of usage to what `verify_ledger` checks, and events to what open pages wait for."""
        from billing.selectors.pulse import watch
        from billing.verification.registry import register
        from usage.selectors.pages.calls import NEWEST_EVENT
        from usage.verification import INVARIANTS

        register(INVARIANTS)
        watch(NEWEST_EVENT)
