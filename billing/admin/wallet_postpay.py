"""How staff have an account pay by invoice, and end that: with terms, a reason and a confirmation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from billing.admin.wallet_panels import balance
from billing.models import PostpayTerms, Wallet, WalletMode
from billing.models.postpay import COLLECTS_BY
from billing.services.postpay import switching
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html
from organizations.admin.base import BackOfficeAdmin
from organizations.models import Organization


class _OrganizationField(forms.ModelChoiceField):
    """An organization of the account, by name and tax ID."""

    def label_from_instance(self, obj: Any) -> str:
        """The name, told apart by the tax ID."""
        return f"{obj.name} ({obj.tax_id})"


def _days(label: str, help_text: str, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help_text, min_value=0, max_value=most, widget=UnfoldAdminIntegerFieldWidget
    )


class PostpayForm(actions.ReasonForm):
    """The terms on which an account pays by invoice."""

    credit_limit = AmountField(
        minimum=None, above=Decimal(0), help_text="How far below zero calls may go, such as 5000."
    )
    collects_by = forms.ChoiceField(
        label="Paid through",
        choices=COLLECTS_BY,
        widget=UnfoldAdminSelectWidget,
    )
    organization = _OrganizationField(
        queryset=Organization.objects.none(),
        required=False,
        empty_label="The account itself",
        widget=UnfoldAdminSelectWidget,
        help_text="Invoices are issued to it.",
    )
    net_days = _days("Net days", "From the invoice to the day it is due.", 365)
    late_usage_hours = _days("Late usage, hours", "Usage of a month that comes by then is on its invoice.", 31 * 24)
    overdue_grace_days = _days("Grace, days", "After the due day, before new calls are refused.", 365)
    field_order = (
        "credit_limit",
        "collects_by",
        "organization",
        "net_days",
        "late_usage_hours",
        "overdue_grace_days",
        "reason",
        "token",
    )

    def __init__(self, *args: Any, wallet: Wallet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        terms = PostpayTerms.objects.filter(pk=wallet.pk).first() or PostpayTerms(wallet=wallet)
        limit = self.fields["credit_limit"]
        organization = self.fields["organization"]
        assert isinstance(limit, AmountField)
        assert isinstance(organization, _OrganizationField)
        limit.currency, limit.label = wallet.currency, f"Credit limit ({wallet.currency})"
        limit.initial = wallet.credit_limit.amount or None
        found: QuerySet[Organization] = Organization.objects.filter(account=wallet.account_id)
        organization.queryset = found
        for name in ("collects_by", "organization", "net_days", "late_usage_hours", "overdue_grace_days"):
            self.fields[name].initial = getattr(terms, name)


class PostpayActions(BackOfficeAdmin):
    """The two actions, on a wallet's page."""

    @action(description="Pay by invoice", permissions=["act"], icon="receipt_long")
    def switch_to_postpay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Switch to postpay, or change its terms."""
        wallet = self.get_object(request, object_id)
        if wallet is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def explain(form: PostpayForm) -> list[tuple[str, Any]]:
            given = form.cleaned_data
            return [
                ("Mode now", wallet.get_mode_display()),
                ("Balance now", amount_html(balance(wallet), wallet.currency)),
                ("Credit limit", amount_html(given["credit_limit"], wallet.currency)),
                ("Invoices to", given["organization"] or wallet.account),
                ("Paid through", dict(COLLECTS_BY)[given["collects_by"]]),
                ("Due after", f"{given['net_days']} days"),
                ("Calls stop", f"{given['overdue_grace_days']} days after that"),
                ("Reason", given["reason"]),
            ]

        def perform(form: PostpayForm) -> str:
            given = form.cleaned_data
            terms = switching.switch_to_postpay(
                wallet_id=wallet.pk,
                credit_limit=given["credit_limit"],
                collects_by=given["collects_by"],
                net_days=given["net_days"],
                late_usage_hours=given["late_usage_hours"],
                overdue_grace_days=given["overdue_grace_days"],
                organization_id=given["organization"].pk if given["organization"] else None,
                reason=given["reason"],
                actor_id=request.user.pk,
            )
            return f"The account pays by invoice since {terms.starts_on:%Y-%m-%d}."

        return actions.run(
            request,
            self,
            wallet,
            actions.Action(
                title="Pay by invoice",
                intro="Calls go on below zero down to the credit limit, and each month of the account's calendar is "
                "invoiced. What is owed already is on the first invoice. On an account that pays so already this "
                "changes the terms of the running month; invoices that are out stay as they are.",
                verb="Switch to postpay",
                moves_money=True,
                question=f"Have {wallet.account} pay by invoice?",
                explain=explain,
                perform=perform,
                form=PostpayForm,
                form_arguments={"wallet": wallet},
            ),
        )

    @action(description="Back to prepaid", permissions=["act"], icon="undo", variant=ActionVariant.DANGER)
    def end_postpay(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close the running month and take the credit away."""
        wallet = self.get_object(request, object_id)
        if wallet is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            is_prepaid = switching.switch_back(
                wallet_id=wallet.pk, reason=form.cleaned_data["reason"], actor_id=request.user.pk
            )
            if is_prepaid:
                return "The account is prepaid again."
            return "The running month is invoiced and no call starts on credit. Prepaid again with the last payment."

        return actions.run(
            request,
            self,
            wallet,
            actions.Action(
                title="Back to prepaid",
                intro="The running month is closed and invoiced now, and no call starts on credit any more. With the "
                "payment of its last invoice the account is prepaid again; where nothing is to pay, at once.",
                verb="End postpay",
                moves_money=True,
                question=f"Take {wallet.account} back to prepaid?",
                explain=lambda form: [
                    ("Account", wallet.account),
                    ("Balance now", amount_html(balance(wallet), wallet.currency)),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
                is_dangerous=True,
            ),
        )

    def postpay_unfit(self, object_id: int) -> tuple[str, ...]:
        """Which of the two does not fit the wallet, by the end of its name."""
        wallet = Wallet.objects.filter(pk=object_id).only("mode", "currency").first()
        if wallet is None or wallet.currency == "CREDIT":
            return ("_switch_to_postpay", "_end_postpay")
        return () if wallet.mode == WalletMode.POSTPAY else ("_end_postpay",)
