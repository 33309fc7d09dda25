from django.apps import AppConfig


class UsageConfig(AppConfig):
    name = "usage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give `verify_ledger` what must be true of usage, open pages what to wait for, and notices their words."""
        from billing.selectors.pulse import watch
        from billing.services.exports.parts import register_usage
        from billing.services.postpay.lines import on_lines
        from billing.verification.registry import register
        from organizations.services.projects import on_new_mode
        from usage import history, letters
        from usage.selectors.export import usage_parts
        from usage.selectors.pages.calls import NEWEST_EVENT
        from usage.services import mode_notices, period_lines
        from usage.verification import INVARIANTS
        from usage.verification_of_periods import INVARIANTS as OF_PERIODS

        register((*INVARIANTS, *OF_PERIODS))
        register_usage(usage_parts())
        watch(NEWEST_EVENT)
        letters.register_words()
        history.declare()
        on_new_mode(mode_notices.tell)
        on_lines(period_lines.period_usage)
