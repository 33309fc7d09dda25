from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from billing.providers.stripe import client, receivers
        from billing.services import inbox

        client.configure()
        receivers.silence_dj_stripe()
        receivers.deliver_to(lambda notice: inbox.receive(notice=notice))

        from billing import history, letters
        from billing.services import auto_top_up_outcomes, calls, days, ledger, top_ups, vat_checks
        from billing.services.documents import news
        from billing.services.postpay import settling
        from notifications import attachments
        from notifications.models import Event
        from organizations.services import accounts, organizations

        ledger.on_repaid(settling.settle_invoices)
        top_ups.on_finished(auto_top_up_outcomes.finished)
        accounts.on_new_timezone(days.count_anew)
        accounts.on_new_status(calls.settle_account)
        organizations.on_saved(vat_checks.number_changed)
        letters.register_all()
        history.declare()
        attachments.register(Event.DOCUMENT_READY, news.attachments_of)
