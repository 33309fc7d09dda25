"""How the back office looks and is found through: title, colours of the visual language, sidebar, search, dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def environment(request: HttpRequest) -> list[str]:
    """The badge in the header, so that nobody takes one installation for the other."""
    return ["Production", "danger"] if settings.PRODUCTION else ["Development", "info"]


def environment_prefix(request: HttpRequest) -> str:
    """Before the title of every tab of a development installation."""
    return "" if settings.PRODUCTION else "[dev]"


def _may_view(app: str, model: str) -> Callable[[HttpRequest], bool]:
    def permitted(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{model}") or request.user.has_perm(f"{app}.change_{model}")

    return permitted


def _item(title: str, icon: str, app: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may_view(app, model),
    }


def _report(title: str, icon: str, name: str, *permissions: str) -> dict[str, Any]:
    def permitted(request: HttpRequest) -> bool:
        return request.user.has_perms(["billing.view_reports", *permissions])

    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:report_{name}"), "permission": permitted}


NAVIGATION: list[dict[str, Any]] = [
    {"items": [{"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
    {
        "title": "Customers",
        "separator": True,
        "items": [
            _item("Accounts", "domain", "organizations", "account"),
            _item("Wallets", "account_balance_wallet", "billing", "wallet"),
            _item("Projects", "folder", "organizations", "project"),
            _item("Organizations", "corporate_fare", "organizations", "organization"),
            _item("Members", "group", "organizations", "membership"),
            _item("Invitations", "mail", "organizations", "invitation"),
            _item("Notes", "sticky_note_2", "organizations", "accountnote"),
            _item("Alert addresses", "alternate_email", "notifications", "alertaddress"),
            _item("Telegram chats", "chat", "notifications", "telegramlink"),
            _item("Alert choices", "tune", "notifications", "preference"),
            _item("Incidents", "warning", "notifications", "incident"),
        ],
    },
    {
        "title": "Money",
        "separator": True,
        "items": [
            _item("Top-ups", "add_card", "billing", "topup"),
            _item("Payments", "payments", "billing", "payment"),
            _item("Refunds", "undo", "billing", "refund"),
            {
                **_item("Second person", "how_to_reg", "billing", "approval"),
                "badge": "billing.admin.approval_panels.waiting_badge",
            },
            _item("Disputes", "gavel", "billing", "dispute"),
            _item("Automatic top-ups", "autorenew", "billing", "autotopup"),
            _item("Cards", "credit_card", "billing", "card"),
            _item("Subscriptions", "event_repeat", "billing", "subscription"),
            _item("Coupon batches", "sell", "billing", "couponbatch"),
            _item("Coupons", "confirmation_number", "billing", "coupon"),
            _item("Coupon redemptions", "redeem", "billing", "couponredemption"),
            _item("Postpay periods", "calendar_month", "billing", "billingperiod"),
            _item("Postpay terms", "receipt_long", "billing", "postpayterms"),
            _item("Payment differences", "rule", "billing", "paymentdifference"),
            _item("Reconciliations", "balance", "billing", "reconciliationrun"),
            _item("Webhooks", "webhook", "billing", "providerevent"),
        ],
    },
    {
        "title": "What Stripe keeps",
        "separator": True,
        "collapsible": True,
        "items": [
            _item("Customers", "person", "djstripe", "customer"),
            _item("Payment intents", "send_money", "djstripe", "paymentintent"),
            _item("Charges", "receipt", "djstripe", "charge"),
            _item("Refunds", "undo", "djstripe", "refund"),
            _item("Disputes", "gavel", "djstripe", "dispute"),
            _item("Subscriptions", "event_repeat", "djstripe", "subscription"),
            _item("Invoices", "request_quote", "djstripe", "invoice"),
            _item("Payment methods", "credit_card", "djstripe", "paymentmethod"),
            _item("Webhook endpoints", "webhook", "djstripe", "webhookendpoint"),
            _item("Webhook deliveries", "move_to_inbox", "djstripe", "webhookeventtrigger"),
            _item("Events", "bolt", "djstripe", "event"),
        ],
    },
    {
        "title": "Reports",
        "separator": True,
        "items": [
            _report("Revenue and margin", "monitoring", "margin"),
            _report("Trial balance", "balance", "trial_balance"),
            _report("Liabilities", "savings", "liabilities"),
            _report("Reconciliation", "rule", "reconciliation", "billing.view_paymentdifference"),
            _report("Postpay ageing", "hourglass_bottom", "ageing", "billing.view_billingperiod"),
        ],
    },
    {
        "title": "Documents and tax",
        "separator": True,
        "items": [
            _item("Documents", "description", "billing", "document"),
            _item("Documents not made", "report", "billing", "documentfailure"),
            _item("Issuers", "apartment", "billing", "issuer"),
            _item("Number series", "tag", "billing", "numberseries"),
            _item("Tax rates", "percent", "billing", "taxrate"),
            _item("VAT checks", "fact_check", "billing", "vatcheck"),
        ],
    },
    {
        "title": "Ledger",
        "separator": True,
        "items": [
            _item("Transactions", "receipt_long", "billing", "transaction"),
            _item("Grants", "redeem", "billing", "grant"),
            _item("Holds", "lock_clock", "billing", "hold"),
            _item("Ledger checks", "fact_check", "billing", "ledgerverification"),
            _item("Audit exports", "lab_profile", "billing", "auditexport"),
            _item("Signed days", "verified", "billing", "signedday"),
            _item("Chain heads", "link", "billing", "chainhead"),
            _item("Signing keys", "key_vertical", "billing", "signingkey"),
            _item("Transfers", "swap_horiz", "billing", "transfer"),
            _item("Ledger accounts", "account_tree", "billing", "ledgeraccount"),
            _item("Hourly movements", "schedule", "billing", "hourlymovement"),
            _item("Ledger days", "calendar_view_day", "billing", "ledgerday"),
        ],
    },
    {
        "title": "Calls and prices",
        "separator": True,
        "items": [
            _item("Calls and events", "call", "usage", "usageevent"),
            _item("Blocked callers", "phone_disabled", "usage", "blockedcaller"),
            _item("Rejected events", "call_missed", "usage", "rejectedevent"),
            _item("Daily usage", "bar_chart", "usage", "dailyusage"),
            _item("Daily components", "stacked_bar_chart", "usage", "dailycomponent"),
            _item("Chat hours", "forum", "usage", "chathour"),
            _item("Rate cards", "sell", "usage", "ratecard"),
            _item("Rate-card versions", "history_edu", "usage", "ratecardversion"),
            _item("Re-ratings", "currency_exchange", "usage", "rerating"),
            _item("What-ifs", "query_stats", "usage", "whatifrun"),
        ],
    },
    {
        "title": "System",
        "separator": True,
        "collapsible": True,
        "items": [
            _item("Products", "inventory_2", "organizations", "product"),
            _item("Product terms", "gavel", "billing", "productterms"),
            _item("Top-up terms", "price_check", "billing", "topupterms"),
            _item("Credit packs", "inventory", "billing", "creditpack"),
            _item("Plans", "card_membership", "billing", "plan"),
            _item("Exchange rates", "currency_exchange", "billing", "exchangerate"),
            _item("Services", "dns", "organizations", "service"),
            _item("API keys", "key", "organizations", "servicekey"),
            _item("Kept answers", "replay", "usage", "idempotentrequest"),
            _item("Users and staff", "badge", "organizations", "user"),
            _item("Sign-ins", "login", "organizations", "signin"),
            _item("Sessions", "devices", "usersessions", "usersession"),
            _item("Views as a customer", "visibility", "organizations", "supportview"),
            _item("Roles", "shield_person", "auth", "group"),
            _item("Notices", "campaign", "notifications", "notice"),
            _item("Deliveries", "outgoing_mail", "notifications", "delivery"),
            _item("Webhook endpoints", "webhook", "notifications", "webhookendpoint"),
            _item("Changes", "manage_history", "organizations", "recordedchange"),
            _item("Sweeps", "cleaning_services", "notifications", "sweeprun"),
            _item("Periodic tasks", "event_repeat", "django_celery_beat", "periodictask"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Billing back office",
    "SITE_HEADER": "Back office",
    "SITE_SUBHEADER": "Billing for AI voice calls",
    "SITE_URL": "/billing/",
    "SITE_SYMBOL": "account_balance_wallet",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "config.unfold.environment",
    "ENVIRONMENT_TITLE_PREFIX": "config.unfold.environment_prefix",
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("design/favicon.svg")},
    ],
    "STYLES": [lambda request: static("backoffice/admin.css")],
    "SCRIPTS": [lambda request: static("backoffice/keyboard.js")],
    "BORDER_RADIUS": "8px",
    # The neutral scale and the indigo accent of the customer pages' theme.
    "COLORS": {
        "base": {
            "50": "#f6f7f9",
            "100": "#f1f3f6",
            "200": "#e4e7ec",
            "300": "#cbd0d9",
            "400": "#97a0ae",
            "500": "#606875",
            "600": "#474e5a",
            "700": "#3c434e",
            "800": "#282d35",
            "900": "#15181c",
            "950": "#0d0f12",
        },
        "primary": {
            "50": "#f3f3fc",
            "100": "#e6e5f8",
            "200": "#cfcdf2",
            "300": "#b1aeff",
            "400": "#aeabff",
            "500": "#8f8aef",
            "600": "#4a43c4",
            "700": "#3d37a3",
            "800": "#322d84",
            "900": "#292569",
            "950": "#191642",
        },
        "font": {
            "subtle-light": "var(--color-base-500)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-600)",
            "default-dark": "var(--color-base-300)",
            "important-light": "#13161b",
            "important-dark": "#eff1f4",
        },
    },
    "COMMAND": {"search_models": False, "show_history": True},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": NAVIGATION,
    },
}
