"""What staff do about a top-up: ask the provider now, record a bank transfer, cancel an invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from billing.models import PaymentProvider, TopUp, TopUpStatus
from billing.providers.base import ProviderError
from billing.services import bank, top_ups
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html, money_html
from organizations.admin.base import BackOfficeAdmin


class TransferForm(actions.ReasonForm):
    """A transfer as it stands on the bank's statement."""

    amount = AmountField(minimum=None, above=Decimal(0), help_text="What arrived, a plain number such as 54.44.")
    received_on = forms.DateField(label="Received on", widget=UnfoldAdminSingleDateWidget)
    bank_reference = forms.CharField(
        label="Bank's reference",
        max_length=bank.REFERENCE_LENGTH_MAX,
        widget=UnfoldAdminTextInputWidget,
        help_text="The number of the transfer on the statement: the same one is recorded once.",
    )
    field_order = ("amount", "received_on", "bank_reference", "reason", "token")

    def __init__(self, *args: Any, top_up: TopUp, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.label = f"Amount ({top_up.charge_currency})"
        field.initial = still_open(top_up) or None
        self.fields["received_on"].initial = timezone.now().date()
        self.fields["reason"].help_text = "Such as who saw the statement; it stands in the history for ever."


def still_open(top_up: TopUp) -> Decimal:
    """What of an invoice has not been paid, in the currency of its price."""
    paid = top_up.payments.aggregate(sum=Sum("charge_amount"))["sum"] or Decimal(0)
    return max(Decimal(top_up.charge_amount.amount - paid), Decimal(0))


class TopUpActions(BackOfficeAdmin):
    """The actions of a top-up's page; each shows where it fits."""

    actions_detail = ("look_up", "record_transfer", "cancel_invoice")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """The provider is asked about what it takes; transfers come for invoices, and open ones can be cancelled."""
        top_up = TopUp.objects.filter(pk=object_id).first()
        fitting = set()
        if top_up is not None and top_up.provider != PaymentProvider.BANK:
            fitting = {"look_up"} if top_up.status != TopUpStatus.SUCCEEDED else set()
        elif top_up is not None:
            fitting = {"record_transfer", "cancel_invoice"} if top_up.is_in_flight else {"record_transfer"}
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if any(one.action_name.endswith(name) for name in fitting)]

    @action(description="Look up now", permissions=["act"], icon="sync", variant=ActionVariant.PRIMARY)
    def look_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the provider, and settle what it says."""
        top_up = self._top_up(request, object_id)
        if top_up is None:
            return self._gone(request, object_id)

        def perform(form: actions.ActionForm) -> str:
            try:
                settled = top_ups.check(top_up_id=top_up.pk)
            except ProviderError as error:
                raise ValidationError(f"{top_up.get_provider_display()} did not answer: {error}") from error
            return f"{top_up.get_provider_display()} was asked. The top-up is: {settled.get_status_display()}."

        return self._run(
            request,
            top_up,
            title="Look the top-up up now",
            intro="The provider is asked what became of it. Money that has arrived is credited, once; an attempt that "
            "never reached the provider is sent again with the same key, within a day of its beginning.",
            verb="Look up",
            question=f"Ask {top_up.get_provider_display()} about top-up {top_up.pk}?",
            explain=lambda form: [
                ("Account", top_up.wallet.account),
                ("Status now", top_up.get_status_display()),
                ("Credited if it was paid", money_html(top_up.amount, signed=True)),
            ],
            perform=perform,
            form=actions.ActionForm,
        )

    @action(description="Mark paid by bank transfer", permissions=["act"], icon="account_balance")
    def record_transfer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record a transfer that came for an invoice, in part or whole."""
        top_up = self._top_up(request, object_id)
        if top_up is None:
            return self._gone(request, object_id)
        currency = str(top_up.charge_currency)

        def explain(form: TransferForm) -> list[tuple[str, Any]]:
            amount = form.cleaned_data["amount"]
            paid = top_up.charge_amount.amount - still_open(top_up)
            rows = [
                ("Account", top_up.wallet.account),
                ("Invoice", money_html(top_up.charge_amount)),
                ("Open before", amount_html(still_open(top_up), currency)),
                ("Received", amount_html(amount, currency)),
            ]
            if amount > still_open(top_up):
                rows.append(("Beyond the invoice", amount_html(amount - still_open(top_up), currency)))
            try:
                share = bank.share_of(top_up, paid, amount)
            except ValidationError as refused:
                return [*rows, ("Not credited", " ".join(refused.messages))]
            return [*rows, ("Credited", amount_html(share.amount, str(top_up.currency), signed=True))]

        def perform(form: TransferForm) -> str:
            cleaned = form.cleaned_data
            payment = bank.record_transfer(
                top_up_id=top_up.pk,
                amount=cleaned["amount"],
                received_on=cleaned["received_on"],
                bank_reference=cleaned["bank_reference"],
                user_id=request.user.pk,
            )
            return f"Recorded as payment {payment.reference}: transaction No. {payment.transaction_number}."

        return self._run(
            request,
            top_up,
            title="Mark paid by bank transfer",
            intro="A part credits its share; the invoice is paid when all has come. What is beyond it is credited, "
            "too, and stands on the list of differences.",
            verb="Record the transfer",
            moves_money=True,
            question=f"Record a transfer for invoice {top_up.provider_reference}?",
            explain=explain,
            perform=perform,
            form=TransferForm,
            form_arguments={"top_up": top_up},
        )

    @action(description="Cancel the invoice", permissions=["act"], icon="cancel", variant=ActionVariant.DANGER)
    def cancel_invoice(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Wait for its money no longer."""
        top_up = self._top_up(request, object_id)
        if top_up is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            cancelled = bank.cancel_invoice(top_up_id=top_up.pk, user_id=request.user.pk)
            return f"Top-up {cancelled.pk} is: {cancelled.get_status_display()}."

        return self._run(
            request,
            top_up,
            title="Cancel the invoice",
            intro="The customer sees that it was cancelled. What has been paid stays credited, and money that still "
            "comes can be recorded.",
            verb="Cancel the invoice",
            question=f"Cancel invoice {top_up.provider_reference}?",
            explain=lambda form: [
                ("Account", top_up.wallet.account),
                ("Not paid", amount_html(still_open(top_up), str(top_up.charge_currency))),
                ("Reason", form.cleaned_data["reason"]),
            ],
            perform=perform,
            is_dangerous=True,
        )

    def _top_up(self, request: HttpRequest, object_id: str) -> TopUp | None:
        return self.get_object(request, object_id)

    def _gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _run(self, request: HttpRequest, top_up: TopUp, **kwargs: Any) -> HttpResponse:
        return actions.run(request, self, top_up, actions.Action(**kwargs))
