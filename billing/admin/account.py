"""How staff open accounts and invite people to them.

The page is that of `organizations.admin.account`, with the actions that need wallets and letters: imports go one way.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing.models import ProductTerms
from billing.services import accounts
from billing.services.invitations import invite_member
from organizations.admin import actions
from organizations.admin.account import AccountAdmin
from organizations.admin.product import check_timezone
from organizations.models import Account, Product, Role, User
from organizations.services.accounts import account_name, country_codes
from organizations.services.members import ROLE_WORDS

admin.site.unregister(Account)


class NewAccountForm(actions.ActionForm):
    """A customer that no service has signed up."""

    product = forms.ModelChoiceField(Product.objects.all(), widget=UnfoldAdminSelectWidget)
    name = forms.CharField(max_length=255, widget=UnfoldAdminTextInputWidget, help_text="What the customer reads.")
    external_id = forms.CharField(
        label="Identifier",
        max_length=255,
        widget=UnfoldAdminTextInputWidget,
        help_text="What the product's services call the customer. It never changes.",
    )
    email = forms.EmailField(
        label="Owner's e-mail",
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

    email = forms.EmailField(label="E-mail", widget=UnfoldAdminEmailInputWidget)
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
