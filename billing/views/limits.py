"""Limits: the balance to be told at, the daily cap with what counts towards it today, and the calls at one time.

aipbx.md, 'Limits and notifications'. A threshold above the balance is told of when the balance falls below it again.

A cap that today's spending has reached already stops new calls at once: the page says so and asks before it saves.
What the page calls reached is what authorisation refuses, calls in progress counted as spent.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.models import Wallet
from billing.models.wallet import WalletMode
from billing.selectors.balance import Balance, balance_of
from billing.services.limits import set_alerts, set_limits
from billing.templatetags.moments import in_place
from billing.templatetags.money import SYMBOLS, money_text
from billing.views.channels import channels_of
from billing.views.limits_form import LimitsForm, form_of, read_limits
from billing.views.notices import is_charged
from billing.views.payment_pages import SeeOther
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from organizations.models import OnExhaustion
from organizations.tenancy import Tenant, tenant_page

CAP_REACHED = "daily_limit_reached"
BY_LIMITS = (CAP_REACHED, "concurrency_limit_reached")


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def limits(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; POST saves what is set on it."""
    frame = Frame(request, tenant)
    if request.method == "POST":
        require_payer(tenant)
        return _save(request, frame)
    return show_limits(request, frame, form_of(frame.wallet))


def _save(request: HttpRequest, frame: Frame) -> HttpResponse:
    form = read_limits(request.POST, frame.wallet.currency)
    if form.errors:
        return show_limits(request, frame, form, status=422)
    before = balance_of(frame.wallet)
    stops_calls = form.cap is not None and form.cap != before.daily_cap and _counted(before) >= form.cap
    if form.cap is not None and stops_calls and request.POST.get("agreed") != _agreement(form.cap):
        return _confirm(request, frame, form, before, form.cap)
    try:
        set_limits(
            wallet_id=frame.wallet.pk,
            daily_cap=form.cap,
            concurrency_limit=form.calls,
            user_id=frame.tenant.user.pk,
        )
        if frame.wallet.mode != WalletMode.POSTPAY:
            set_alerts(wallet_id=frame.wallet.pk, alert_below=form.threshold, user_id=frame.tenant.user.pk)
    except ValidationError as error:
        form.refuse(error)
        return show_limits(request, frame, form, status=422)
    messages.success(request, _outcome(frame, before, form.threshold))
    return SeeOther(reverse("limits"))


def _outcome(frame: Frame, before: Balance, threshold: Decimal | None) -> str:
    """What saving did; `before` is the balance before, `frame.wallet` the wallet."""
    after = balance_of(frame.tenant.one(Wallet))
    is_new_threshold = threshold != form_of(frame.wallet).threshold
    if after.refusal is not None and after.refusal.reason == CAP_REACHED:
        words = {"place": in_place(frame.zone)}
        return _("Saved. No new call starts until midnight %(place)s or a higher cap.") % words
    if after.refusal is None and before.refusal is not None and before.refusal.reason in BY_LIMITS:
        return _("Saved. Calls start again.")
    if is_new_threshold and threshold is not None and _unheld(after) < threshold:
        words = {"threshold": money_text(threshold, after.currency)}
        return (
            _("Saved. The balance is below %(threshold)s already: you are told when it falls below it again.") % words
        )
    return _("Saved.")


def _counted(balance: Balance) -> Decimal:
    """What counts towards the cap today: spent, and held by calls in progress."""
    return balance.spent_today + balance.held


def _unheld(balance: Balance) -> Decimal:
    """The balance that alerts look at: what calls in progress hold comes back."""
    return balance.available + balance.held - balance.credit_limit


def _agreement(cap: Decimal) -> str:
    """What a reader agrees to: no new call today beyond this cap."""
    return f"{cap.normalize():f}"


def _confirm(request: HttpRequest, frame: Frame, form: LimitsForm, now: Balance, cap: Decimal) -> HttpResponse:
    """Say that the cap is reached already, and ask."""
    context = {
        "form": form,
        "cap": cap,
        "agreement": _agreement(cap),
        "spending": now,
        "counted": _counted(now),
        "in_place": in_place(frame.zone),
        "is_cut": _is_cut(frame),
    }
    return render_page(request, frame, "billing/limits/confirm.html", context, current="limits")


def show_limits(
    request: HttpRequest, frame: Frame, form: LimitsForm, *, status: int = 200, typed: str = "", error: str = ""
) -> HttpResponse:
    """The page; `typed` and `error` are of an address of alerts that was refused."""
    now = balance_of(frame.wallet)
    counted = _counted(now)
    cap = now.daily_cap
    context: dict[str, Any] = {
        **channels_of(frame, typed=typed, error=error),
        "form": form,
        "spending": now,
        "refusal": now.refusal if is_charged(frame) else None,
        "counted": counted,
        "tells_of_balance": frame.wallet.mode != WalletMode.POSTPAY,
        "threshold": form_of(frame.wallet).threshold,
        "balance_now": _unheld(now),
        "cap": cap,
        "cap_share": min(max(counted, Decimal(0)) / cap, Decimal(1)) if cap else None,
        "left": max(cap - counted, Decimal(0)) if cap is not None else None,
        "most_calls": frame.wallet.concurrency_limit,
        "in_place": in_place(frame.zone),
        "is_cut": _is_cut(frame),
        "has_sandbox": any(project.is_sandbox for project in frame.tenant.projects),
        "symbol": "" if frame.sells_credits else SYMBOLS.get(now.currency, now.currency),
    }
    return render_page(request, frame, "billing/limits.html", context, current="limits", status=status)


def _is_cut(frame: Frame) -> bool:
    """Whether calls in progress end when what the cap leaves them is used up; else they finish."""
    return bool(frame.product_terms.on_exhaustion == OnExhaustion.HANGUP)
