"""Automatic top-up and cards: the rule, its attempts, the saved cards.

Turning the rule on while the balance is below its threshold charges the card at once; the page says so first, with the
amount, and the answer holds for that amount only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.models import AutoTopUp, AutoTopUpStatus, TopUp, TopUpStatus, TopUpTerms
from billing.providers.base import FailureReason, ProviderError
from billing.selectors.auto_top_up import Preview, automatic
from billing.selectors.cards import saved_cards
from billing.services import auto_top_up as rules
from billing.services import cards
from billing.templatetags.money import money_text
from billing.templatetags.stored import said
from billing.views.auto_top_up_form import RuleForm, form_of, preview_of, read_rule, rule_words
from billing.views.payment_pages import SeeOther, moves_no_money
from billing.views.roles import may_pay, require_payer
from billing.views.shell import Frame, render_page
from billing.views.tax_words import treatment_note
from organizations.tenancy import Tenant, tenant_page

ATTEMPTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Attempt:
    """One automatic top-up as its row shows it."""

    top_up: TopUp
    outcome: str
    status: str
    tone: str


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def auto_top_up(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; POST saves the rule. Raises Http404 where the product sells no top-ups."""
    frame = Frame(request, tenant)
    if frame.terms is None:
        raise Http404
    if request.method == "POST":
        require_payer(tenant)
        if not frame.terms.offers_auto_top_up:
            raise Http404
        return _save(request, frame, frame.terms)
    if "card" in request.GET and may_pay(tenant):
        return _card_added(request, frame)
    rule = AutoTopUp.objects.filter(pk=frame.wallet.pk).first()
    return _show(request, frame, frame.terms, rule, form_of(rule, frame.terms))


@require_POST
@tenant_page
def auto_top_up_retry(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Charge the default card now, whatever the rule is waiting for."""
    require_payer(tenant)
    frame = Frame(request, tenant)
    try:
        row = rules.retry(wallet_id=frame.wallet.pk, user_id=tenant.user.pk)
    except (ValidationError, ProviderError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [_("The card could not be charged. Try again.")])))
        return SeeOther(reverse("auto_top_up"))
    return SeeOther(reverse("top_up_result", args=[row.reference]))


def _save(request: HttpRequest, frame: Frame, terms: TopUpTerms) -> HttpResponse:
    form = read_rule(request.POST)
    rule = AutoTopUp.objects.filter(pk=frame.wallet.pk).first()
    ahead = preview_of(frame, form) if form.is_on else None
    if form.values is None or form.errors:
        return _show(request, frame, terms, rule, form, status=422)
    if ahead is not None and ahead.charges_now and request.POST.get("agreed") != _agreement(ahead):
        return _confirm(request, frame, form, ahead)
    threshold, amount, ceiling = form.values
    try:
        rules.save_rule(
            wallet_id=frame.wallet.pk,
            threshold=threshold,
            amount=amount,
            monthly_ceiling=ceiling,
            is_on=form.is_on,
            user_id=frame.tenant.user.pk,
        )
    except ValidationError as error:
        form.refuse(error)
        return _show(request, frame, terms, rule, form, status=422)
    if not form.is_on:
        messages.success(request, _("Saved. Auto top-up is off."))
    elif ahead is not None and ahead.charges_now:
        messages.success(request, _("Saved. The card is being charged."))
    elif not saved_cards(frame.wallet.pk):
        messages.success(request, _("Saved. Add a card: without one nothing can be charged."))
    else:
        below = money_text(threshold, frame.balance.currency)
        messages.success(
            request, _("Saved. The card is charged when the balance is below %(below)s.") % {"below": below}
        )
    return SeeOther(reverse("auto_top_up"))


def _agreement(ahead: Preview) -> str:
    """What a reader agrees to: this much money on this card."""
    assert ahead.quote is not None and ahead.card is not None
    return f"{ahead.quote.total:f} {ahead.quote.price_currency} {ahead.card.pk}"


def _confirm(request: HttpRequest, frame: Frame, form: RuleForm, ahead: Preview) -> HttpResponse:
    """Say what turning it on charges at once, and ask."""
    assert ahead.quote is not None
    context = {
        "form": form,
        "ahead": ahead,
        "tax_note": treatment_note(ahead.quote.tax_treatment),
        "agreement": _agreement(ahead),
        "after": frame.balance.available + ahead.amount_now,
        "is_stand_in": moves_no_money(frame.terms),
    }
    return render_page(request, frame, "billing/auto_top_up/confirm.html", context, current="auto_top_up")


def _show(
    request: HttpRequest,
    frame: Frame,
    terms: TopUpTerms,
    rule: AutoTopUp | None,
    form: RuleForm,
    *,
    status: int = 200,
) -> HttpResponse:
    own_cards = saved_cards(frame.wallet.pk)
    threshold = rule.threshold.amount if rule else None
    is_below = threshold is not None and frame.balance.available < threshold
    context: dict[str, Any] = {
        "terms": terms,
        "rule": rule,
        "form": form,
        "words": rule_words(frame, terms, rule, own_cards[0] if own_cards else None),
        "cards": own_cards,
        "attempts": [_attempt(frame, row) for row in automatic(frame.wallet.pk)[:ATTEMPTS_SHOWN]],
        "is_below": is_below,
        "may_retry": frame.may_pay and is_below and bool(own_cards) and _has_failed(rule),
        "meter_max": (rule.threshold.amount + rule.amount.amount) if rule else None,
        "is_stand_in": moves_no_money(terms),
    }
    return render_page(request, frame, "billing/auto_top_up.html", context, current="auto_top_up", status=status)


def _has_failed(rule: AutoTopUp | None) -> bool:
    """Whether the rule's last attempt failed: its retry stays at hand when the banner that offered it is dismissed."""
    return rule is not None and rule.status != AutoTopUpStatus.OFF and rule.failures > 0


def _attempt(frame: Frame, row: TopUp) -> Attempt:
    if row.status == TopUpStatus.SUCCEEDED:
        added = money_text(row.amount.amount, frame.balance.currency)
        return Attempt(row, _("%(added)s added") % {"added": added}, _("Successful"), "good")
    if row.is_in_flight:
        return Attempt(row, _("Waiting for the bank"), _("Processing"), "warn")
    declined = row.failure_code == FailureReason.CARD_DECLINED
    return Attempt(
        row, said(row.failure_message) or _("Nothing was charged"), _("Declined") if declined else _("Error"), "bad"
    )


def _card_added(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Back from the provider's page: read the cards there, so that a new one is shown without waiting for a webhook."""
    try:
        cards.refresh(wallet_id=frame.wallet.pk)
    except ProviderError:
        messages.error(request, _("The list of cards could not be read. A new card appears here by itself."))
    return SeeOther(reverse("auto_top_up"))
