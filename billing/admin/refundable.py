"""What of a wallet can be refunded, payment by payment, and the action that refunds one (aitelier.md, 'Refundable')."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action

from billing.admin.approval_panels import second_person_rows, staff_id, waits
from billing.models import Payment
from billing.selectors.refund_shares import portion, refunded_of
from billing.selectors.refunds import refundable
from billing.services import second_person
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Column, Panel, link


class RefundForm(actions.ReasonForm):
    """How much of the wallet's money goes back to the payment."""

    amount = AmountField(minimum=None, above=Decimal(0))
    field_order = ("amount", "reason", "token")

    def __init__(self, *args: Any, payment: Payment, most: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.currency = str(payment.currency)
        field.label = f"Amount ({'credits' if field.currency == 'CREDIT' else field.currency})"
        field.help_text = "Off the balance. The payer gets its share of what was paid, tax included."
        field.initial = most or None


class PaymentActions(BackOfficeAdmin):
    """The actions of a payment's page."""

    actions_detail = ("refund",)

    @action(description="Refund", permissions=["refund"], icon="currency_exchange")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send unspent money of this payment back, at once."""
        payment = self.get_object(request, object_id)
        if payment is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        found = refundable(wallet_id=payment.wallet_id, at=timezone.now())
        entry = next((each for each in found.payments if each.payment.pk == payment.pk), None)
        most = min(entry.refundable, found.total) if entry else Decimal(0)
        until = f" It is refundable until {found.deadline:%Y-%m-%d}." if found.deadline else ""
        blocked = (entry.blocked_because if entry else "") or found.blocked_because

        def explain(form: RefundForm) -> list[tuple[str, Any]]:
            amount = form.cleaned_data["amount"]
            share = portion(payment, amount, before=refunded_of(payment))
            return [
                ("Account", payment.wallet.account),
                ("Unspent of this payment", amount_html(entry.unspent if entry else Decimal(0), payment.currency)),
                ("Leaves the balance", amount_html(amount, payment.currency)),
                ("The payer gets", amount_html(share.charge_amount, str(payment.charge_currency))),
                ("Reason", form.cleaned_data["reason"]),
                *second_person_rows(payment.wallet, actor_id=staff_id(request), amount=-amount, is_refund=True),
            ]

        def perform(form: RefundForm) -> str:
            answer = second_person.refund_payment(
                payment_id=payment.pk,
                amount=form.cleaned_data["amount"],
                reason=form.cleaned_data["reason"],
                actor_id=staff_id(request),
                reference=uuid.UUID(str(form.cleaned_data["token"])),
            )
            return going_words(answer)

        refusal = f" {blocked}" if blocked else ""
        return actions.run(
            request,
            self,
            payment,
            actions.Action(
                title="Refund the payment",
                intro="Unspent money goes back the way it came; promo credit never does."
                f"{until} Refundable now: {most:f} {payment.currency}.{refusal}",
                verb="Refund",
                moves_money=True,
                question=f"Refund part of {payment} to {payment.wallet.account}?",
                explain=explain,
                perform=perform,
                form=RefundForm,
                form_arguments={"payment": payment, "most": most},
            ),
        )

    def has_refund_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may decide about refunds."""
        return request.user.has_perm("billing.change_refund")


def going_words(answer: second_person.Answer) -> str:
    """What staff read of a refund: where it stands, or that it waits for a second person."""
    if answer.asked is not None:
        return waits(answer.asked)
    assert answer.refund is not None
    return f"{answer.refund} is: {answer.refund.get_status_display()}."


def refundable_panel(wallet_id: int) -> Panel:
    """Every payment of the wallet, newest first, with what is unspent and what stands in the way."""
    found = refundable(wallet_id=wallet_id, at=timezone.now())
    rows = [
        (
            link(entry.payment),
            amount_html(entry.unspent, found.currency),
            amount_html(entry.requested, found.currency),
            amount_html(entry.refundable, found.currency),
            amount_html(entry.charge_amount, str(entry.payment.charge_currency)),
            entry.blocked_because,
        )
        for entry in found.payments
    ]
    columns = (
        Column("Payment"),
        Column("Unspent", True),
        Column("Asked for", True),
        Column("Refundable", True),
        Column("To the payer", True),
        Column("Because"),
    )
    until = f"until {found.deadline:%Y-%m-%d %H:%M} UTC. " if found.deadline else ""
    return Panel(
        "Refundable now, payment by payment",
        columns,
        rows,
        total=("Together", "", "", amount_html(found.total, found.currency), "", found.blocked_because),
        note=f"Unspent paid money, {until}Promo credit is never refunded.",
        empty="No payment brought money that could go back.",
        is_wide=True,
    )
