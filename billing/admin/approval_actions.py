"""The second person's actions, and the asker's: each shows where it fits, and the service refuses what does not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.admin.approval_panels import invoice_link, staff_id
from billing.admin.wallet_panels import balance
from billing.models import Approval, ApprovalStatus
from billing.services import second_person
from organizations.admin import actions
from organizations.admin.amounts import amount_html, money_html
from organizations.admin.base import BackOfficeAdmin


class WordsForm(actions.ActionForm):
    """Words, for those who like to say some."""

    reason = forms.CharField(
        label="Words",
        required=False,
        max_length=actions.REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept with the decision; the asker reads them. They may be left out.",
    )
    field_order = ("reason", "token")


class ApprovalActions(BackOfficeAdmin):
    """The actions of a request's page."""

    actions_detail = ("approve", "decline", "withdraw")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """While it waits: the asker may withdraw it, everybody else decide."""
        approval = Approval.objects.filter(pk=object_id, status=ApprovalStatus.REQUESTED).first()
        fitting: tuple[str, ...] = ()
        if approval is not None:
            fitting = ("_withdraw",) if approval.asked_by_id == request.user.pk else ("_approve", "_decline")
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if fitting and one.action_name.endswith(fitting)]

    @action(description="Approve", permissions=["act"], icon="check_circle", variant=ActionVariant.PRIMARY)
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what was asked."""
        approval = self._approval(request, object_id)
        if approval is None:
            return self._gone(request, object_id)

        def perform(form: WordsForm) -> str:
            done = second_person.approve(
                approval_id=approval.pk, user_id=staff_id(request), words=form.cleaned_data["reason"]
            )
            if done.status == ApprovalStatus.LAPSED:
                return f"It cannot be done any more, and is closed. {done.words}"
            return f"Approved and done: {done.get_kind_display().lower()} of {done.wallet.account}."

        return self._run(
            request,
            approval,
            title="Approve as the second person",
            intro="What was asked for is done at once, in the asker's name and with yours beside it.",
            verb="Approve and do it",
            question=f"Approve this for {approval.wallet.account}?",
            explain=lambda form: [*_facts(approval), ("Words", form.cleaned_data["reason"] or "none")],
            perform=perform,
            form=WordsForm,
            moves_money=True,
        )

    @action(description="Decline", permissions=["act"], icon="block", variant=ActionVariant.DANGER)
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no; nothing moves."""
        approval = self._approval(request, object_id)
        if approval is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            second_person.decline(approval_id=approval.pk, user_id=staff_id(request), words=form.cleaned_data["reason"])
            return "Declined; nothing has moved, and the asker is told why."

        return self._run(
            request,
            approval,
            title="Decline as the second person",
            intro="Nothing moves. The asker reads the reason.",
            verb="Decline",
            question=f"Decline this for {approval.wallet.account}?",
            explain=lambda form: [*_facts(approval), ("The asker reads", form.cleaned_data["reason"])],
            perform=perform,
            is_dangerous=True,
        )

    @action(description="Withdraw", permissions=["act"], icon="undo")
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take one's own request back; nothing moves."""
        approval = self._approval(request, object_id)
        if approval is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            second_person.withdraw(
                approval_id=approval.pk, user_id=staff_id(request), words=form.cleaned_data["reason"]
            )
            return "Withdrawn; nothing has moved."

        return self._run(
            request,
            approval,
            title="Withdraw the request",
            intro="Nothing moves, and nobody can approve it any more.",
            verb="Withdraw",
            question=f"Withdraw this for {approval.wallet.account}?",
            explain=lambda form: [*_facts(approval), ("Because", form.cleaned_data["reason"])],
            perform=perform,
        )

    def _approval(self, request: HttpRequest, object_id: str) -> Approval | None:
        return self.get_object(request, object_id)

    def _gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _run(self, request: HttpRequest, approval: Approval, **kwargs: Any) -> HttpResponse:
        return actions.run(request, self, approval, actions.Action(**kwargs))


def _facts(approval: Approval) -> list[tuple[str, Any]]:
    """What was asked, by whom and why, and what it makes of the balance."""
    wallet = approval.wallet
    now = balance(wallet)
    rows: list[tuple[str, Any]] = [
        ("Account", wallet.account),
        ("What", approval.get_kind_display()),
        ("Asked by", approval.asked_by),
        ("Reason", approval.reason),
        ("Balance now", amount_html(now, wallet.currency)),
        ("Moves", money_html(approval.amount, signed=True)),
        ("Balance after", amount_html(now + approval.amount.amount, wallet.currency)),
    ]
    if approval.payment is not None:
        rows.append(("Goes back to", approval.payment))
    if approval.is_about_invoice:
        rows.append(("The invoice", invoice_link(approval)))
    if approval.refund is not None:
        rows.append(("The customer's request", approval.refund))
    if approval.credit_expires_at is not None:
        rows.append(("The credit expires", f"{approval.credit_expires_at:%Y-%m-%d %H:%M} UTC"))
    return rows
