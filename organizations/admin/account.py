"""Accounts, their members and invitations: everything about one customer from one page."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions, support
from organizations.admin.account_panels import members_panel, parts_panel
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Panel, badge
from organizations.admin.product import check_timezone
from organizations.models import Account, Invitation, Membership, User
from organizations.services import notes, support_views
from organizations.services.accounts import account_name, change_account, country_codes, set_status

Actions = tuple[str, ...]


class AccountForm(forms.ModelForm):
    """What staff may change about an account; its status has actions of its own, because they ask for a reason."""

    class Meta:
        model = Account
        fields = ("name", "email", "country", "timezone")
        help_texts: ClassVar[dict[str, str]] = {
            "name": "What the customer and staff read.",
            "email": "The owner is invited and told here.",
        }

    def clean_name(self) -> str:
        """As it is kept."""
        return account_name(self.cleaned_data["name"])

    def clean_timezone(self) -> str:
        """A time zone that exists."""
        return check_timezone(self.cleaned_data["timezone"])

    def clean_country(self) -> str:
        """Two letters, in capitals."""
        country = str(self.cleaned_data["country"]).strip().upper()
        if country and country not in country_codes():
            raise forms.ValidationError(
                "There is no such country. Write the two letters of its ISO 3166 code, such as DE or US."
            )
        return country


def status_badge(account: Account) -> SafeString:
    """The account's status, coloured only when it wants attention."""
    suspended = account.status == Account.Status.SUSPENDED
    return badge(account.get_status_display(), "bad" if suspended else "")


@admin.register(Account)
class AccountAdmin(BackOfficeAdmin):
    """Customers. Telephony services open accounts over the API, so that wallet, bonus and invitation come with them."""

    form = AccountForm
    list_display = ("name", "external_id", "product", "shown_status", "email", "country", "timezone", "created_at")
    list_filter = (("product", RelatedDropdownFilter), ("status", ChoicesDropdownFilter))
    list_select_related = ("product",)
    search_fields = ("name", "external_id", "email")
    readonly_fields = ("product", "external_id", "shown_status", "created_at")
    actions_detail: Actions = ("view_as_customer", "add_note", "suspend", "reactivate")
    fieldsets = (
        (None, {"fields": (("name", "email"), ("country", "timezone"))}),
        ("Set when it was opened", {"fields": (("product", "external_id"), ("shown_status", "created_at"))}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: services open accounts (API.md, 'Accounts')."""
        return False

    def save_model(self, request: HttpRequest, obj: Account, form: forms.ModelForm, change: bool) -> None:
        """Name and timezone through the service, which tells those who keep days by the timezone."""
        change_account(
            account_id=obj.pk, name=obj.name, timezone=obj.timezone, language=obj.language, user_id=request.user.pk
        )
        super().save_model(request, obj, form, change)

    @display(description="status")
    def shown_status(self, obj: Account) -> SafeString:
        """The status as a badge."""
        return status_badge(obj)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """The one of suspend and reactivate that fits."""
        account = self.get_object(request, str(object_id))
        suspended = account is not None and account.status == Account.Status.SUSPENDED
        unfit = "suspend" if suspended else "reactivate"
        found = super().get_actions_detail(request, object_id)
        return [one for one in found if not one.action_name.endswith(f"_{unfit}")]

    def panels(self, request: HttpRequest, obj: Account) -> list[Panel]:
        """Notes, members, open invitations, projects and organizations."""
        found = [members_panel(obj), parts_panel(obj)]
        return [support.note_panel(obj), *found] if request.user.has_perm("organizations.view_accountnote") else found

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Account | None:
        """The account; a page that is merely shown asks for it once."""
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        kept: dict[str, Account | None] = request.__dict__.setdefault("_accounts", {})
        if str(object_id) not in kept:
            kept[str(object_id)] = super().get_object(request, object_id, from_field)
        return kept[str(object_id)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """Accounts with their product."""
        return super().get_queryset(request).select_related("product")

    def has_note_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may write notes."""
        return request.user.has_perm(notes.WRITES)

    def has_view_as_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may look at the customer's pages as the customer does."""
        return support_views.may_view(cast(User, request.user))

    @action(description="Add note", permissions=["note"], icon="sticky_note_2")
    def add_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the next person who speaks with this customer should know."""
        account = self.get_object(request, object_id)
        if account is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return support.add_note(request, self, account)

    @action(description="View as customer", permissions=["view_as"], icon="visibility")
    def view_as_customer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The account's pages as its owner sees them, to read only."""
        account = self.get_object(request, object_id)
        if account is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return support.view_as_customer(request, self, account)

    @action(description="Suspend", permissions=["act"], icon="block", variant=ActionVariant.DANGER)
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """No call of the account starts any more."""
        return self._change_status(request, object_id, Account.Status.SUSPENDED)

    @action(description="Reactivate", permissions=["act"], icon="play_arrow")
    def reactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Calls may start again."""
        return self._change_status(request, object_id, Account.Status.ACTIVE)

    def _change_status(self, request: HttpRequest, object_id: str, status: Account.Status) -> HttpResponse:
        account = self.get_object(request, object_id)
        if account is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        suspends = status == Account.Status.SUSPENDED

        def perform(form: actions.ReasonForm) -> str:
            set_status(account_id=account.pk, status=status)
            return f"{account} is suspended." if suspends else f"{account} is active again."

        return actions.run(
            request,
            self,
            account,
            actions.Action(
                title="Suspend the account" if suspends else "Reactivate the account",
                intro=(
                    "From now on no call of this account starts. Calls in progress go on, what is reported is still "
                    "charged, and the members may still look at their pages."
                    if suspends
                    else "From now on calls may start again, as far as the balance allows."
                ),
                verb="Suspend" if suspends else "Reactivate",
                question=f"Suspend {account}?" if suspends else f"Reactivate {account}?",
                explain=lambda form: [("Account", account), ("Reason", form.cleaned_data["reason"])],
                perform=perform,
                is_dangerous=suspends,
            ),
        )


@admin.register(Membership)
class MembershipAdmin(BackOfficeAdmin):
    """Who may open which account."""

    list_display = ("user", "account", "role", "created_at")
    list_filter = (("role", ChoicesDropdownFilter), ("account__product", RelatedDropdownFilter))
    list_select_related = ("user", "account")
    search_fields = ("user__email", "account__name", "account__external_id")
    autocomplete_fields = ("user", "account")
    fields = ("account", "user", "role")
    asks_recent_sign_in = True  # a member signs in as the customer

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A membership may be taken away by whoever has the permission."""
        return request.user.has_perm("organizations.delete_membership")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The account's page links here with its id."""
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)


def invitation_state(invitation: Invitation) -> str:
    """What has become of the invitation."""
    if invitation.accepted_at is not None:
        return "accepted"
    return "expired" if invitation.expires_at <= timezone.now() else "invited"


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyMixin, BackOfficeAdmin):
    """Places offered by e-mail. The token is only in the e-mail, so an invitation is never made or edited here."""

    list_display = ("email", "account", "role", "state", "created_at", "expires_at", "accepted_at")
    list_filter = (("role", ChoicesDropdownFilter), ("account__product", RelatedDropdownFilter))
    list_select_related = ("account",)
    search_fields = ("email", "account__name", "account__external_id")
    fields = ("account", "email", "role", "state", "created_at", "expires_at", "accepted_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        """Invitations with their account."""
        return super().get_queryset(request).select_related("account")

    @display(description="state", label={"accepted": "success", "expired": "warning", "invited": "info"})
    def state(self, obj: Invitation) -> str:
        """What has become of it."""
        return invitation_state(obj)
