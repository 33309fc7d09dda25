"""What staff do to a wallet, each with a form, a reason and a confirmation: the services decide, this only asks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSplitDateTimeWidget

from billing.admin.approval_panels import second_person_rows, staff_id, waits
from billing.admin.wallet_panels import balance
from billing.admin.wallet_postpay import PostpayActions
from billing.models import Hold, HoldStatus, Wallet
from billing.services import holds, second_person, wallets
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html, amount_text

DIRECTIONS = (("credit", "Credit: add to the balance"), ("debit", "Debit: take from the balance"))


class _AmountForm(actions.ReasonForm):
    """A positive amount in the wallet's currency, with a reason."""

    amount = AmountField(minimum=None, above=Decimal(0), help_text="A plain number, such as 12.50.")

    def __init__(self, *args: Any, wallet: Wallet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wallet = wallet
        field = self.fields["amount"]
        assert isinstance(field, AmountField)
        field.currency = wallet.currency
        field.label = f"Amount ({'credits' if wallet.currency == 'CREDIT' else wallet.currency})"


class AdjustForm(_AmountForm):
    """A correction of the balance."""

    direction = forms.ChoiceField(choices=DIRECTIONS, initial="credit", widget=UnfoldAdminRadioSelectWidget)
    field_order = ("direction", "amount", "reason", "token")

    def signed_amount(self) -> Decimal:
        """The amount, negative for a debit."""
        amount: Decimal = self.cleaned_data["amount"]
        return amount if self.cleaned_data["direction"] == "credit" else -amount


class PromoForm(_AmountForm):
    """Promo credit, which may expire and is never refunded."""

    expires_at = forms.SplitDateTimeField(
        label="Expires",
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text="In UTC. From then on what is left is withdrawn. Empty: it never expires.",
    )
    field_order = ("amount", "expires_at", "reason", "token")

    def clean_expires_at(self) -> datetime | None:
        """A moment that is still to come."""
        expires: datetime | None = self.cleaned_data["expires_at"]
        if expires is not None and expires <= timezone.now():
            raise forms.ValidationError("This moment has passed. Choose a later one.")
        return expires


class WalletActions(PostpayActions):
    """The actions of a wallet's page."""

    actions_detail = (
        "adjust",
        "grant_promo",
        {
            "title": "More",
            "icon": "more_horiz",
            "items": ("switch_to_postpay", "end_postpay", "release_holds", "freeze", "unfreeze"),
        },
    )

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """The one of freeze and unfreeze that fits, and of postpay what fits."""
        frozen = Wallet.objects.filter(pk=object_id, is_frozen=True).exists()
        unfit = ("_freeze" if frozen else "_unfreeze", *self.postpay_unfit(object_id))
        found: list[Any] = super().get_actions_detail(request, object_id)
        return [one for one in found if not one.action_name.endswith(unfit)]

    @action(description="Adjust balance", permissions=["act"], icon="balance")
    def adjust(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Credit or debit the wallet by hand."""
        wallet = self._wallet(request, object_id)
        if wallet is None:
            return self._gone(request, object_id)

        def explain(form: AdjustForm) -> list[tuple[str, Any]]:
            return [
                ("Balance now", amount_html(balance(wallet), wallet.currency)),
                ("Adjustment", amount_html(form.signed_amount(), wallet.currency, signed=True)),
                ("Balance after", amount_html(balance(wallet) + form.signed_amount(), wallet.currency)),
                ("Reason", form.cleaned_data["reason"]),
                *second_person_rows(wallet, actor_id=staff_id(request), amount=form.signed_amount()),
            ]

        def perform(form: AdjustForm) -> str:
            answer = second_person.adjust(
                wallet_id=wallet.pk,
                amount=form.signed_amount(),
                reason=form.cleaned_data["reason"],
                actor_id=staff_id(request),
                key=f"adjust:{form.cleaned_data['token']}",
            )
            amount = amount_text(form.signed_amount(), wallet.currency, signed=True)
            return _once(answer, f"Adjusted by {amount}: transaction No. {answer.number}.")

        return self._run(
            request,
            wallet,
            title="Adjust the balance",
            intro="A correction becomes a transaction of its own in the ledger; a credit counts as paid money.",
            verb="Adjust the balance",
            moves_money=True,
            question=f"Adjust the balance of {wallet.account}?",
            explain=explain,
            perform=perform,
            form=AdjustForm,
        )

    @action(description="Grant promo", permissions=["act"], icon="redeem")
    def grant_promo(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give promo credit."""
        wallet = self._wallet(request, object_id)
        if wallet is None:
            return self._gone(request, object_id)

        def explain(form: PromoForm) -> list[tuple[str, Any]]:
            expires = form.cleaned_data["expires_at"]
            return [
                ("Promo credit", amount_html(form.cleaned_data["amount"], wallet.currency, signed=True)),
                ("Expires", f"{expires:%Y-%m-%d %H:%M} UTC" if expires else "never"),
                ("Balance after", amount_html(balance(wallet) + form.cleaned_data["amount"], wallet.currency)),
                ("Reason", form.cleaned_data["reason"]),
                *second_person_rows(wallet, actor_id=staff_id(request), amount=form.cleaned_data["amount"]),
            ]

        def perform(form: PromoForm) -> str:
            answer = second_person.grant_promo(
                wallet_id=wallet.pk,
                amount=form.cleaned_data["amount"],
                key=f"promo:{form.cleaned_data['token']}",
                reason=form.cleaned_data["reason"],
                actor_id=staff_id(request),
                expires_at=form.cleaned_data["expires_at"],
            )
            amount = amount_text(form.cleaned_data["amount"], wallet.currency)
            return _once(answer, f"Granted {amount} of promo credit: transaction No. {answer.number}.")

        return self._run(
            request,
            wallet,
            title="Grant promo credit",
            intro="Promo credit is spent before paid money and is never refunded.",
            verb="Grant promo",
            moves_money=True,
            question=f"Grant promo credit to {wallet.account}?",
            explain=explain,
            perform=perform,
            form=PromoForm,
        )

    @action(description="Release holds", permissions=["act"], icon="lock_open")
    def release_holds(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let go of all that calls in progress hold."""
        wallet = self._wallet(request, object_id)
        if wallet is None:
            return self._gone(request, object_id)

        def explain(form: actions.ReasonForm) -> list[tuple[str, Any]]:
            active = Hold.objects.filter(wallet=wallet, status=HoldStatus.ACTIVE).count()
            return [
                ("Active holds", active),
                ("Held", amount_html(wallet.held.amount, wallet.currency)),
                ("Reason", form.cleaned_data["reason"]),
            ]

        def perform(form: actions.ReasonForm) -> str:
            ended = holds.release_active(
                wallet_id=wallet.pk, actor_id=request.user.pk, reason=form.cleaned_data["reason"]
            )
            return f"Released {ended} {'hold' if ended == 1 else 'holds'}."

        return self._run(
            request,
            wallet,
            title="Release all holds",
            intro="What calls in progress reserve becomes available again. Their usage is still charged when it is "
            "reported, so the balance may go below zero.",
            verb="Release the holds",
            question=f"Release all holds of {wallet.account}?",
            explain=explain,
            perform=perform,
            is_dangerous=True,
        )

    @action(description="Freeze", permissions=["act"], icon="ac_unit", variant=ActionVariant.DANGER)
    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """No call starts until it is unfrozen."""
        return self._set_frozen(request, object_id, frozen=True)

    @action(description="Unfreeze", permissions=["act"], icon="sunny")
    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Calls may start again."""
        return self._set_frozen(request, object_id, frozen=False)

    def _set_frozen(self, request: HttpRequest, object_id: str, *, frozen: bool) -> HttpResponse:
        wallet = self._wallet(request, object_id)
        if wallet is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            wallets.set_frozen(wallet_id=wallet.pk, is_frozen=frozen)
            return "The wallet is frozen: no call starts." if frozen else "The wallet is not frozen any more."

        verb = "Freeze" if frozen else "Unfreeze"
        return self._run(
            request,
            wallet,
            title=f"{verb} the wallet",
            intro="No call starts while a wallet is frozen; calls in progress go on and are charged."
            if frozen
            else "Calls may start again, as far as the balance allows.",
            verb=verb,
            question=f"{verb} the wallet of {wallet.account}?",
            explain=lambda form: [("Account", wallet.account), ("Reason", form.cleaned_data["reason"])],
            perform=perform,
            is_dangerous=frozen,
        )

    def _wallet(self, request: HttpRequest, object_id: str) -> Wallet | None:
        return self.get_object(request, object_id)

    def _gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _run(self, request: HttpRequest, wallet: Wallet, **kwargs: Any) -> HttpResponse:
        if kwargs.get("form") is not None:
            kwargs["form_arguments"] = {"wallet": wallet}
        return actions.run(request, self, wallet, actions.Action(**kwargs))


def _once(answer: second_person.Answer, text: str) -> str:
    if answer.asked is not None:
        return waits(answer.asked)
    return text if answer.number is not None else "This was done already; nothing happened twice."
