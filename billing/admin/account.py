"""What an account's page has of money, and how staff open accounts and invite people to them.

The page is that of `organizations.admin.account`, with the actions that need wallets and letters: imports go one way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.admin import auto_top_up, card, postpay, top_up
from billing.admin.wallet_panels import wallet_panels
from billing.models import ProductTerms, Wallet, WalletMode
from billing.services import accounts
from billing.services.invitations import invite_member, resend_invitation
from organizations.admin import actions, panels
from organizations.admin.account import AccountAdmin, InvitationAdmin
from organizations.admin.panels import Panel, badge, link
from organizations.admin.product import check_timezone
from organizations.models import Account, Invitation, Product, Role, User
from organizations.services import invitations
from organizations.services.accounts import account_name, country_codes
from organizations.services.members import ROLE_WORDS

for model in (Account, Invitation):
    admin.site.unregister(model)


class NewAccountForm(actions.ActionForm):
    """A customer that no service has signed up."""

    product = forms.ModelChoiceField(Product.objects.all(), widget=UnfoldAdminSelectWidget)
    name = forms.CharField(max_length=255, widget=UnfoldAdminTextInputWidget, help_text="What the customer reads.")
    external_id = forms.CharField(
        label="identifier",
        max_length=255,
        widget=UnfoldAdminTextInputWidget,
        help_text="What the product's services call the customer. It never changes.",
    )
    email = forms.EmailField(
        label="owner's e-mail",
        required=False,
        widget=UnfoldAdminEmailInputWidget,
        help_text="The owner is invited here. Empty: nobody is invited yet.",
    )
    country = forms.CharField(
        max_length=2,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="ISO 3166 code of two letters, such as DE or US.",
    )
    timezone = forms.CharField(
        max_length=64,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as Europe/Berlin; days and caps follow it. Empty: the product's.",
    )
    reason = forms.CharField(
        max_length=actions.REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why staff open it; it stands in the history for ever.",
        error_messages={"required": "Say why: the reason is kept with what was done."},
    )

    def clean_name(self) -> str:
        """As it is kept."""
        return account_name(self.cleaned_data["name"])

    def clean_country(self) -> str:
        """Two letters, in capitals."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and country not in country_codes():
            raise ValidationError("There is no such country. Write its two letters, such as DE or US.")
        return country

    def clean_timezone(self) -> str:
        """A time zone that exists, or none."""
        name = str(self.cleaned_data["timezone"]).strip()
        return check_timezone(name) if name else ""

    def clean(self) -> dict[str, Any]:
        """An identifier that the product does not know yet: nobody else's account is opened again."""
        cleaned = super().clean() or self.cleaned_data
        product, identifier = cleaned.get("product"), cleaned.get("external_id")
        if product and identifier and Account.objects.filter(product=product, external_id=identifier).exists():
            self.add_error(
                "external_id", f"{product} has an account with this identifier already. Find it in the list."
            )
        return cleaned


class InviteForm(actions.ActionForm):
    """Who is offered a place."""

    email = forms.EmailField(label="e-mail", widget=UnfoldAdminEmailInputWidget)
    role = forms.ChoiceField(
        choices=[(role.value, f"{role.label}: {ROLE_WORDS[role]}") for role in Role],
        initial=Role.OWNER.value,
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(
        max_length=actions.REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="Who asked for it, and how you know that they may; it stands in the history for ever.",
        error_messages={"required": "Say why: the reason is kept with what was done."},
    )


@admin.register(Account)
class CustomerAdmin(AccountAdmin):
    """Customers, with what money and letters are needed for."""

    actions_list = ("open_account",)
    actions_detail = ("view_as_customer", "add_note", "invite", "suspend", "reactivate")

    def has_open_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may open accounts: their wallets may come with a bonus."""
        return request.user.has_perm("organizations.add_account")

    @action(description="Open an account", permissions=["open"], icon="domain_add")
    def open_account(self, request: HttpRequest) -> HttpResponse:
        """An account with its wallet, what the product gives new accounts, and an invitation for its owner."""

        def perform(form: NewAccountForm) -> str:
            typed = {name: form.cleaned_data[name] for name in NEW_ACCOUNT}
            account, is_new = accounts.open_account(**typed, projects=())
            if not is_new:
                raise ValidationError({"external_id": "A service has just opened this account. Find it in the list."})
            self.log_addition(request, account, f"Opened by staff. reason: {form.cleaned_data['reason']}")
            opened.append(account)
            return f"{account} is open." + (f" {account.email} is invited." if account.email else "")

        opened: list[Account] = []
        response = actions.run(
            request,
            self,
            None,
            actions.Action(
                title="Open an account",
                intro=(
                    "Services open accounts by themselves; do it here for a customer whom no service has signed up. "
                    "The account gets its wallet, with what the product gives new accounts."
                ),
                verb="Open the account",
                question="Open this account?",
                explain=_explain_account,
                perform=perform,
                form=NewAccountForm,
                moves_money=True,
            ),
        )
        if opened:
            response["Location"] = actions.page_url(self, opened[0])
        return response

    @action(description="Invite", permissions=["act"], icon="person_add")
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Offer somebody a place in the account."""
        account = self.get_object(request, object_id)
        if account is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: InviteForm) -> str:
            typed = form.cleaned_data
            invitation = invite_member(
                account_id=account.pk,
                email=typed["email"],
                role=Role(typed["role"]),
                user=cast(User, request.user),
                by_staff=True,
            )
            return f"{invitation.email} is invited. The link works until {invitation.expires_at:%Y-%m-%d %H:%M} UTC."

        return actions.run(
            request,
            self,
            account,
            actions.Action(
                title="Invite somebody",
                intro=(
                    "A letter with a link goes out that makes whoever opens it a member of this account. Be sure who "
                    "asks: a member sees everything of the account, and an owner does everything in it."
                ),
                verb="Invite",
                question=f"Invite to {account}?",
                explain=lambda form: [
                    ("Account", account),
                    ("E-mail", form.cleaned_data["email"]),
                    ("Role", Role(form.cleaned_data["role"]).label),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=perform,
                form=InviteForm,
                moves_money=True,
            ),
        )


NEW_ACCOUNT = ("product", "name", "external_id", "email", "country", "timezone")


def _explain_account(form: NewAccountForm) -> list[tuple[str, Any]]:
    typed = form.cleaned_data
    product = typed["product"]
    terms = ProductTerms.objects.filter(product=product).first()
    rows = [
        ("Product", product),
        ("Name", typed["name"]),
        ("Identifier", typed["external_id"]),
        ("Invitation", typed["email"] or "nobody is invited"),
        ("Country", typed["country"] or "not known"),
        ("Timezone", typed["timezone"] or product.timezone),
        ("Reason", typed["reason"]),
    ]
    if terms is not None and terms.welcome_bonus.amount:
        rows.insert(4, ("Welcome bonus", str(terms.welcome_bonus)))
    return rows


@admin.register(Invitation)
class SentInvitationAdmin(InvitationAdmin):
    """Invitations, which are sent again and taken back until they are accepted."""

    actions_detail = ("resend", "withdraw")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """None once it was accepted."""
        invitation = self.get_object(request, str(object_id))
        is_open = invitation is not None and invitation.accepted_at is None
        return super().get_actions_detail(request, object_id) if is_open else []

    @action(description="Send again", permissions=["act"], icon="forward_to_inbox")
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new link, and a new term; the one before it no longer works."""

        def perform(invitation: Invitation) -> str:
            sent = resend_invitation(
                account_id=invitation.account_id,
                invitation_id=invitation.pk,
                user=cast(User, request.user),
                by_staff=True,
            )
            return f"A new link is on its way to {sent.email}. The one before it no longer works."

        return self._act(
            request,
            object_id,
            perform,
            title="Send the invitation again",
            intro="A letter with a new link goes out. The link before it no longer works.",
            verb="Send again",
            question="Send a new link?",
        )

    @action(description="Withdraw", permissions=["act"], icon="cancel", variant=ActionVariant.DANGER)
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The link no longer works."""

        def perform(invitation: Invitation) -> str:
            email = invitations.revoke(
                account_id=invitation.account_id,
                invitation_id=invitation.pk,
                user_id=cast(int, request.user.pk),
                by_staff=True,
            )
            return f"The invitation of {email} is withdrawn."

        return self._act(
            request,
            object_id,
            perform,
            title="Withdraw the invitation",
            intro="The link no longer works, and the invitation goes from the list.",
            verb="Withdraw",
            question="Withdraw the invitation?",
            is_dangerous=True,
        )

    def _act(self, request: HttpRequest, object_id: str, perform: Any, **words: Any) -> HttpResponse:
        invitation = self.get_object(request, object_id)
        if invitation is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def done(form: actions.ReasonForm) -> str:
            try:
                return str(perform(invitation))
            except Invitation.DoesNotExist as error:
                raise ValidationError("It was accepted or withdrawn a moment ago.") from error

        return actions.run(
            request,
            self,
            invitation,
            actions.Action(
                explain=lambda form: [
                    ("Account", invitation.account),
                    ("E-mail", invitation.email),
                    ("Role", invitation.get_role_display()),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=done,
                next_url=reverse("admin:organizations_account_change", args=[invitation.account_id]),
                **words,
            ),
        )


def account_panels(request: HttpRequest, account: Account) -> list[Panel]:
    """The account's money, on the account's page, for whoever may look at wallets."""
    if not request.user.has_perm("billing.view_wallet"):
        return []
    wallet = Wallet.objects.filter(account=account).first()
    if wallet is None:
        return [Panel("Balance", (), (), empty="This account has no wallet.", rank=-5)]
    wallet.account = account  # with its product, which is known already
    balances, today, grants, holds, transactions = wallet_panels(wallet)
    found = [
        replace(balances, note=_state(wallet), rank=-5),
        replace(today, rank=-3),
        replace(grants, title="Grants with something left", rank=-3),
        replace(holds, rank=-2),
        replace(transactions, rank=1),
        *top_up.wallet_panels(request, wallet),
        *card.wallet_panels(request, wallet),
    ]
    if request.user.has_perm("billing.view_autotopup"):
        found.append(auto_top_up.rule_panel(wallet))
    if wallet.mode == WalletMode.POSTPAY and request.user.has_perm("billing.view_billingperiod"):
        found += [replace(panel, rank=1) for panel in postpay.wallet_panels(request, wallet)]
    return found


def _state(wallet: Wallet) -> SafeString:
    """How it pays, what stops its calls, and the way to its own page."""
    marks = [("Frozen", wallet.is_frozen), ("Overdue", wallet.is_overdue)]
    shown = [badge(wallet.get_mode_display()), *(badge(text, "bad") for text, holds in marks if holds)]
    words = format_html("{} " * len(shown), *shown)
    return format_html("{}{}", words, link(wallet, "Open the wallet: adjust, refund, limits and more"))


panels.register(Account, account_panels)
