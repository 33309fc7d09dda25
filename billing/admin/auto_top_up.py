"""Rules of automatic top-up as staff see them: what was agreed, what failed, and a charge or an end by hand."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from billing.admin.wallet_panels import balance
from billing.models import AutoTopUp, AutoTopUpStatus, TopUp, Wallet
from billing.models.auto_top_up import FAILURES_MAX
from billing.providers.base import ProviderError
from billing.selectors.auto_top_up import automatic
from billing.selectors.cards import default_card
from billing.services import auto_top_up
from organizations.admin import actions, panels
from organizations.admin.amounts import amount_html, money_column, money_html
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, list_url, moment
from organizations.models import User

LAST_SHOWN = 5
ATTEMPTS_SHOWN = 20
COLOURS = {
    AutoTopUpStatus.ON.label: "success",
    AutoTopUpStatus.COOLING.label: "warning",
    AutoTopUpStatus.DISABLED.label: "danger",
}


class AutoTopUpActions(BackOfficeAdmin):
    """The actions of a rule's page; none shows while it is off."""

    actions_detail = ("retry", "turn_off")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """A rule that is off has nothing to retry or to turn off."""
        is_set = AutoTopUp.objects.filter(pk=object_id).exclude(status=AutoTopUpStatus.OFF).exists()
        return super().get_actions_detail(request, object_id) if is_set else []

    @action(description="Retry the charge", permissions=["act"], icon="replay", variant=ActionVariant.PRIMARY)
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Charge the default card now."""
        rule = self.get_object(request, object_id)
        if rule is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def explain(form: actions.ReasonForm) -> list[tuple[str, Any]]:
            return [
                ("Balance now", amount_html(balance(rule.wallet), rule.currency)),
                ("Charged below", money_html(rule.threshold)),
                ("Added each time", money_html(rule.amount)),
                ("Card", default_card(rule.pk) or "none"),
                ("Reason", form.cleaned_data["reason"]),
            ]

        def perform(form: actions.ReasonForm) -> str:
            try:
                top_up = auto_top_up.retry(wallet_id=rule.pk, user_id=cast(User, request.user).pk)
            except ProviderError as error:
                raise ValidationError(f"The provider did not answer: {error}") from error
            return f"{top_up}: {top_up.get_status_display().lower()}. {top_up.failure_message}".strip()

        return self._run(
            request,
            rule,
            title="Retry the charge",
            intro="The default card is charged now, without waiting for the pause after a failure. A success turns a "
            "rule that failures have disabled on again.",
            verb="Charge the card",
            moves_money=True,
            question=f"Charge the card of {rule.wallet.account}?",
            explain=explain,
            perform=perform,
        )

    @action(description="Turn off", permissions=["act"], icon="power_settings_new", variant=ActionVariant.DANGER)
    def turn_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """No card is charged by itself any more."""
        rule = self.get_object(request, object_id)
        if rule is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            changed = auto_top_up.turn_off(wallet_id=rule.pk)
            return "Automatic top-up is off." if changed else "It was off already; nothing happened."

        return self._run(
            request,
            rule,
            title="Turn automatic top-up off",
            intro="No card is charged by itself any more. A charge that is under way goes on. The customer can turn it "
            "on again.",
            verb="Turn off",
            question=f"Turn off automatic top-up of {rule.wallet.account}?",
            explain=lambda form: [("Account", rule.wallet.account), ("Reason", form.cleaned_data["reason"])],
            perform=perform,
            is_dangerous=True,
        )

    def _run(self, request: HttpRequest, rule: AutoTopUp, **kwargs: Any) -> HttpResponse:
        return actions.run(request, self, rule, actions.Action(**kwargs))


@admin.register(AutoTopUp)
class AutoTopUpAdmin(ReadOnlyMixin, AutoTopUpActions):
    """Rules of all wallets. Nobody edits one: it is the customer's agreement to be charged."""

    list_display = (
        "wallet",
        "product",
        "shown_status",
        money_column("threshold", "below"),
        money_column("amount", "adds"),
        money_column("monthly_ceiling", "in a month"),
        "shown_balance",
        "failures",
        "next_attempt_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("wallet__account__product", RelatedDropdownFilter),
        "failures",
    )
    ordering = ("-failures", "wallet_id")
    search_fields = ("wallet__account__name", "wallet__account__external_id", "wallet__account__email")
    search_help_text = "Account"
    fieldsets = (
        (
            "The rule",
            {
                "fields": (
                    ("wallet", "shown_status"),
                    (money_column("threshold", "charged below"), money_column("amount", "added each time")),
                    money_column("monthly_ceiling", "most in a month"),
                    ("agreed_by", "agreed_at"),
                )
            },
        ),
        ("Failures", {"fields": (("failures", "next_attempt_at"),)}),
    )
    readonly_fields = (
        "shown_status",
        *(
            name
            for _title, options in fieldsets
            for line in options["fields"]
            for name in (line if isinstance(line, tuple) else (line,))
            if callable(name)
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AutoTopUp]:
        """Rules with their accounts."""
        return super().get_queryset(request).select_related("wallet__account__product", "agreed_by")

    @display(description="product", ordering="wallet__account__product__name")
    def product(self, obj: AutoTopUp) -> str:
        """The product's name."""
        return str(obj.wallet.account.product)

    @display(description="status", label=COLOURS, ordering="status")
    def shown_status(self, obj: AutoTopUp) -> str:
        """The status, coloured."""
        return str(obj.get_status_display())

    @display(description="balance")
    def shown_balance(self, obj: AutoTopUp) -> SafeString:
        """The customer's money, debt taken off."""
        return amount_html(balance(obj.wallet), obj.currency)

    def panels(self, request: HttpRequest, obj: AutoTopUp) -> list[Panel]:
        """The attempts, the newest first."""
        return [attempts_panel(obj.wallet, ATTEMPTS_SHOWN)]


def attempts_panel(wallet: Wallet, shown: int) -> Panel:
    """The last automatic top-ups: what was asked of which card, and what it said."""
    rows = [
        (
            link(one),
            moment(one.created_at),
            one.card or "none",
            money_html(one.amount),
            one.get_status_display(),
            one.failure_message,
        )
        for one in automatic(wallet.pk)[:shown]
    ]
    columns = (
        Column("Attempt"),
        Column("When (UTC)"),
        Column("Card"),
        Column("Amount", True),
        Column("Status"),
        Column("Why it failed"),
    )
    more = list_url(TopUp, wallet__id__exact=wallet.pk, origin__exact="auto")
    empty = "Nothing was topped up automatically."
    return Panel("Automatic top-ups", columns, rows, empty=empty, more_url=more, is_wide=True, rank=1)


def rule_panel(wallet: Wallet) -> Panel:
    """The wallet's rule in words."""
    rule: AutoTopUp | None = getattr(wallet, "auto_top_up", None)
    if rule is None:
        return Panel("Automatic top-up", (), (), empty="The customer has set no rule.", rank=1)
    rows = [
        ("Status", rule.get_status_display()),
        ("Charged below", money_html(rule.threshold)),
        ("Added each time", money_html(rule.amount)),
        ("Most in a month", money_html(rule.monthly_ceiling) if rule.monthly_ceiling is not None else "no ceiling"),
        ("Failures in a row", f"{rule.failures} of {FAILURES_MAX}"),
        ("Not before (UTC)", moment(rule.next_attempt_at, empty="waits for nothing")),
    ]
    note = link(rule, "Open the rule: attempts, retry, turn off")
    return Panel("Automatic top-up", (Column("What"), Column("", True)), rows, note=note, rank=1)


def wallet_panels(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The rule and its last attempts, on the wallet's page, for whoever may look at them."""
    if not request.user.has_perm("billing.view_autotopup"):
        return []
    shown = [rule_panel(wallet)]
    if request.user.has_perm("billing.view_topup"):
        shown.append(attempts_panel(wallet, LAST_SHOWN))
    return shown


panels.register(Wallet, wallet_panels)
