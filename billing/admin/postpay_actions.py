"""What staff do about a period: close it early, record a transfer, look at its page, give it up or take it back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from billing.admin.approval_panels import second_person_rows, staff_id, waits
from billing.models import BillingPeriod, PeriodStatus
from billing.services import bank, second_person
from billing.services.postpay import closing, ending, minding, paying
from billing.services.postpay.reckoning import ASKED
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html, money_html
from organizations.admin.base import BackOfficeAdmin


class PeriodTransferForm(actions.ReasonForm):
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

    def __init__(self, *args: Any, period: BillingPeriod, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.label, field.initial = f"Amount ({period.currency})", period.to_pay or None
        self.fields["received_on"].initial = timezone.now().date()


class PeriodActions(BackOfficeAdmin):
    """The actions of a period's page; each shows where it fits."""

    actions_detail = (
        "record_transfer",
        "close_now",
        "check_now",
        {"title": "More", "icon": "more_horiz", "items": ("write_off", "void_invoice")},
    )

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """A running period can be closed; one that was closed can be paid, and, while it is not, be given up."""
        period = BillingPeriod.objects.filter(pk=object_id).first()
        fitting: set[str] = set()
        if period is not None and period.status == PeriodStatus.DRAFT:
            fitting = {"_close_now"}
        elif period is not None:
            fitting = {"_record_transfer", "_check_now"}
            fitting |= {"_write_off", "_void_invoice"} if period.status in ASKED else set()
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if any(one.action_name.endswith(name) for name in fitting)]

    @action(description="Mark paid by bank transfer", permissions=["act"], icon="account_balance")
    def record_transfer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record a transfer, in part or whole."""

        def explain(period: BillingPeriod, form: PeriodTransferForm) -> list[tuple[str, Any]]:
            return [
                ("To pay before", amount_html(period.due, str(period.currency))),
                ("Received", amount_html(form.cleaned_data["amount"], str(period.currency))),
            ]

        def perform(period: BillingPeriod, form: PeriodTransferForm) -> str:
            given = form.cleaned_data
            payment = paying.record_transfer(
                period_id=period.pk,
                amount=given["amount"],
                received_on=given["received_on"],
                bank_reference=given["bank_reference"],
                user_id=request.user.pk,
            )
            return f"Recorded as payment {payment.reference}: transaction No. {payment.transaction_number}."

        return self._do(
            request,
            object_id,
            title="Mark paid by bank transfer",
            intro="Money pays the account's oldest invoice first. What is beyond all that is owed stays as paid "
            "balance and stands on the list of differences.",
            verb="Record the transfer",
            moves_money=True,
            explain=explain,
            perform=perform,
            form=PeriodTransferForm,
        )

    @action(description="Close now", permissions=["act"], icon="event_available")
    def close_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Invoice the running period before its time."""

        def explain(period: BillingPeriod, form: actions.ReasonForm) -> list[tuple[str, Any]]:
            found = closing.preview(period_id=period.pk)
            currency = str(period.currency)
            return [
                ("Net", amount_html(found.net, currency)),
                ("Tax", amount_html(found.tax, currency)),
                ("To pay", amount_html(found.due, currency)),
                ("Reason", form.cleaned_data["reason"]),
            ]

        def perform(period: BillingPeriod, form: actions.ReasonForm) -> str:
            closed = closing.close(period_id=period.pk, is_early=True)
            return f"Closed: {closed.get_status_display().lower()}."

        return self._do(
            request,
            object_id,
            title="Close the period now",
            intro="It ends now and is invoiced at once, without waiting for late usage; the next one begins.",
            verb="Close now",
            moves_money=True,
            explain=explain,
            perform=perform,
            is_dangerous=True,
        )

    @action(description="Look up now", permissions=["act"], icon="sync")
    def check_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Bring the invoice's page, reminders and calls up to date."""

        def perform(period: BillingPeriod, form: actions.ActionForm) -> str:
            checked = minding.check(period_id=period.pk)
            return checked.note or f"The invoice is: {checked.get_status_display().lower()}."

        return self._do(
            request,
            object_id,
            title="Look the invoice up now",
            intro="The provider is asked how it stands, or given what it lacks; money that has arrived is credited, "
            "once.",
            verb="Look up",
            explain=lambda period, form: [("Status now", period.get_status_display())],
            perform=perform,
            form=actions.ActionForm,
        )

    @action(description="Write off", permissions=["act"], icon="money_off", variant=ActionVariant.DANGER)
    def write_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the invoice up as uncollectible."""

        def perform(period: BillingPeriod, form: actions.ReasonForm) -> str:
            answer = second_person.write_off(
                period_id=period.pk,
                reason=form.cleaned_data["reason"],
                actor_id=staff_id(request),
                token=form.cleaned_data["token"],
            )
            if answer.asked is not None:
                return waits(answer.asked)
            return "The invoice is uncollectible, and what was still to pay is written off."

        def explain(period: BillingPeriod, form: actions.ReasonForm) -> list[tuple[str, Any]]:
            wallet = period.wallet
            lost = min(period.due, wallet.debt.amount)
            return [
                *_reasoned(period, form),
                *second_person_rows(wallet, actor_id=staff_id(request), amount=lost),
            ]

        return self._do(
            request,
            object_id,
            title="Write the invoice off",
            intro="What is still to pay is taken off the account's debt by an adjustment in the ledger. The account "
            "may call again: suspend it, or end postpay, if it should not.",
            verb="Write off",
            moves_money=True,
            explain=explain,
            perform=perform,
            is_dangerous=True,
        )

    @action(description="Void", permissions=["act"], icon="cancel", variant=ActionVariant.DANGER)
    def void_invoice(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the invoice back with a credit note."""

        def perform(period: BillingPeriod, form: actions.ReasonForm) -> str:
            ending.void(period_id=period.pk, reason=form.cleaned_data["reason"], actor_id=request.user.pk)
            return "The invoice is void, and a credit note says so."

        return self._do(
            request,
            object_id,
            title="Void the invoice",
            intro="A credit note takes it back whole and its tax is returned. The usage is still owed and is on the "
            "next invoice; to let go of it, credit the balance as well.",
            verb="Void",
            moves_money=True,
            explain=_reasoned,
            perform=perform,
            is_dangerous=True,
        )

    def _do(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        explain: Callable[[BillingPeriod, Any], list[tuple[str, Any]]],
        perform: Callable[[BillingPeriod, Any], str],
        form: type[actions.ActionForm] = actions.ReasonForm,
        **words: Any,
    ) -> HttpResponse:
        period = self.get_object(request, object_id)
        if period is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        account = ("Account", period.wallet.account)
        return actions.run(
            request,
            self,
            period,
            actions.Action(
                question=f"{words['verb']}: {period.starts_on:%Y-%m-%d} to {period.ends_on:%Y-%m-%d}?",
                explain=lambda given: [account, *explain(period, given)],
                perform=lambda given: perform(period, given),
                form=form,
                form_arguments={"period": period} if form is PeriodTransferForm else None,
                **words,
            ),
        )


def _reasoned(period: BillingPeriod, form: actions.ReasonForm) -> list[tuple[str, Any]]:
    return [
        ("Invoice", money_html(period.total)),
        ("Still to pay", amount_html(period.due, str(period.currency))),
        ("Reason", form.cleaned_data["reason"]),
    ]
