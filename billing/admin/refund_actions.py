"""What staff decide about refunds: approve (for less if need be), decline, say what became of a transfer, ask now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.admin.approval_panels import second_person_rows, staff_id
from billing.admin.refundable import going_words
from billing.models import Refund, RefundStatus
from billing.providers.base import ProviderError
from billing.services import refunds, second_person
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html, money_html
from organizations.admin.base import BackOfficeAdmin

REFERENCE_LENGTH = 100


class ApproveForm(actions.ReasonForm):
    """How much goes back, and why."""

    amount = AmountField(minimum=None, above=Decimal(0), help_text="Off the balance. Less than was asked is possible.")
    field_order = ("amount", "reason", "token")

    def __init__(self, *args: Any, refund: Refund, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.currency = refund.currency
        field.label = f"Amount ({'credits' if refund.currency == 'CREDIT' else refund.currency})"
        field.initial = refund.amount.amount


class SentForm(actions.ActionForm):
    """The transfer by which the money went out."""

    bank_reference = forms.CharField(
        label="Reference of the transfer",
        max_length=REFERENCE_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="As it stands on the statement, or in the provider's cabinet.",
    )


class RefundActions(BackOfficeAdmin):
    """The actions of a refund's page; each shows where it fits."""

    actions_detail = ("approve", "decline", "mark_sent", "mark_returned", "look_up")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """A request is decided; what is under way is asked about, by hand where only staff can know."""
        refund = Refund.objects.select_related("payment").filter(pk=object_id).first()
        fitting: set[str] = set()
        if refund is not None and refund.status == RefundStatus.REQUESTED:
            fitting = {"approve", "decline"}
        elif refund is not None and refund.status in (RefundStatus.APPROVED, RefundStatus.SUBMITTED):
            fitting = {"mark_sent", "mark_returned"} if refunds.is_by_hand(refund) else {"look_up"}
        elif refund is not None and refund.status == RefundStatus.SUCCEEDED:
            fitting = {"mark_returned"} if refunds.is_by_hand(refund) else {"look_up"}
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if any(one.action_name.endswith(f"_{name}") for name in fitting)]

    @action(description="Approve", permissions=["act"], icon="check_circle", variant=ActionVariant.PRIMARY)
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the money out of the wallet and send it."""
        refund = self._refund(request, object_id)
        if refund is None:
            return self._gone(request, object_id)

        def perform(form: ApproveForm) -> str:
            answer = second_person.approve_refund(
                refund_id=refund.pk,
                actor_id=staff_id(request),
                decision=form.cleaned_data["reason"],
                amount=form.cleaned_data["amount"],
                key=f"refund:{form.cleaned_data['token']}",
            )
            return going_words(answer)

        def explain(form: ApproveForm) -> list[tuple[str, Any]]:
            return [
                ("Account", refund.wallet.account),
                ("Asked for", money_html(refund.amount)),
                ("Leaves the balance", amount_html(form.cleaned_data["amount"], refund.currency)),
                ("Goes back to", refund.payment),
                ("The customer's reason", refund.reason),
                *second_person_rows(
                    refund.wallet, actor_id=staff_id(request), amount=-form.cleaned_data["amount"], is_refund=True
                ),
            ]

        return self._run(
            request,
            refund,
            title="Approve the refund",
            intro="The amount leaves the balance at once, and the payer's share of it goes back the way it came. If it "
            "cannot be sent, it is in the balance again.",
            verb="Approve",
            moves_money=True,
            question=f"Approve {refund} of {refund.wallet.account}?",
            explain=explain,
            perform=perform,
            form=ApproveForm,
            form_arguments={"refund": refund},
        )

    @action(description="Decline", permissions=["act"], icon="block", variant=ActionVariant.DANGER)
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no, with words for the customer."""
        refund = self._refund(request, object_id)
        if refund is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            refunds.decline(refund_id=refund.pk, user_id=request.user.pk, decision=form.cleaned_data["reason"])
            return "The request is declined; the customer is told why."

        return self._run(
            request,
            refund,
            title="Decline the refund",
            intro="The customer reads the reason. Nothing moves.",
            verb="Decline",
            question=f"Decline {refund} of {refund.wallet.account}?",
            explain=lambda form: [
                ("Asked for", money_html(refund.amount)),
                ("The customer reads", form.cleaned_data["reason"]),
            ],
            perform=perform,
            is_dangerous=True,
        )

    @action(description="Mark as sent", permissions=["act"], icon="send_money", variant=ActionVariant.PRIMARY)
    def mark_sent(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The transfer went out."""
        refund = self._refund(request, object_id)
        if refund is None:
            return self._gone(request, object_id)

        def perform(form: SentForm) -> str:
            refunds.mark_sent(refund_id=refund.pk, bank_reference=form.cleaned_data["bank_reference"])
            return "Marked as sent; the customer is told."

        return self._run(
            request,
            refund,
            title="Mark the refund as sent",
            intro="For what was sent by hand: the customer is told that the money is on its way.",
            verb="Mark as sent",
            moves_money=True,
            question=f"Was {refund} sent?",
            explain=lambda form: [
                ("To the payer", money_html(refund.charge_amount)),
                ("Reference", form.cleaned_data["bank_reference"]),
            ],
            perform=perform,
            form=SentForm,
        )

    @action(description="Mark as returned", permissions=["act"], icon="undo", variant=ActionVariant.DANGER)
    def mark_returned(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The transfer could not be made, or came back."""
        refund = self._refund(request, object_id)
        if refund is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            refunds.mark_returned(refund_id=refund.pk, reason=form.cleaned_data["reason"])
            return "The amount is in the balance again; the customer is told."

        return self._run(
            request,
            refund,
            title="Mark the refund as returned",
            intro="The amount comes back into the balance, once. A refund that has failed stays so: to try again, "
            "refund the payment anew.",
            verb="Mark as returned",
            moves_money=True,
            question=f"Did {refund} come back?",
            explain=lambda form: [
                ("Back into the balance", money_html(refund.amount, signed=True)),
                ("Reason", form.cleaned_data["reason"]),
            ],
            perform=perform,
            is_dangerous=True,
        )

    @action(description="Look up now", permissions=["act"], icon="sync")
    def look_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the provider, and settle what it says."""
        refund = self._refund(request, object_id)
        if refund is None:
            return self._gone(request, object_id)
        provider = refund.payment.get_provider_display()

        def perform(form: actions.ActionForm) -> str:
            try:
                settled = refunds.check(refund_id=refund.pk)
            except ProviderError as error:
                raise ValidationError(f"{provider} did not answer: {error}") from error
            return f"{provider} was asked. The refund is: {settled.get_status_display()}."

        return self._run(
            request,
            refund,
            title="Look the refund up now",
            intro="The provider is asked what became of it; one that has not been sent yet is sent.",
            verb="Look up",
            question=f"Ask {provider} about {refund}?",
            explain=lambda form: [("Status now", refund.get_status_display()), ("Account", refund.wallet.account)],
            perform=perform,
            form=actions.ActionForm,
        )

    def _refund(self, request: HttpRequest, object_id: str) -> Refund | None:
        return self.get_object(request, object_id)

    def _gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _run(self, request: HttpRequest, refund: Refund, **kwargs: Any) -> HttpResponse:
        return actions.run(request, self, refund, actions.Action(**kwargs))
