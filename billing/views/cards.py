"""Saved cards: added on the provider's page, made the default, removed after a question."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.models import Card, Wallet
from billing.providers.base import ProviderError
from billing.selectors.cards import leaves_auto_top_up_without_card
from billing.services import cards
from billing.templatetags.stored import said
from billing.views.payment_pages import SeeOther
from billing.views.roles import require_payer
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page


@require_POST
@tenant_page
def cards_add(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Go to the provider's page that saves a card."""
    require_payer(tenant)
    back = settings.SITE_URL + reverse("auto_top_up")
    try:
        address = cards.add_card(wallet_id=tenant.one(Wallet).pk, success_url=f"{back}?card=added", cancel_url=back)
    except (ProviderError, ValidationError) as error:
        return _failed(request, error)
    return SeeOther(address)


@require_POST
@tenant_page
def cards_default(request: HttpRequest, tenant: Tenant, card_id: int) -> HttpResponse:
    """Charge this card from now on. Raises Http404 for another account's and for a removed one."""
    card = _card(tenant, card_id)
    require_payer(tenant)
    try:
        cards.make_default(wallet_id=card.wallet_id, card_id=card.pk)
    except (ProviderError, ValidationError) as error:
        return _failed(request, error)
    messages.success(request, _("Saved. %(card)s is the default now.") % {"card": said(card)})
    return SeeOther(reverse("auto_top_up"))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def cards_remove(request: HttpRequest, tenant: Tenant, card_id: int) -> HttpResponse:
    """Ask, then remove. Raises Http404 for another account's card and for a removed one."""
    card = _card(tenant, card_id)
    require_payer(tenant)
    if request.method != "POST":
        frame = Frame(request, tenant)
        context = {"card": card, "is_needed": leaves_auto_top_up_without_card(card)}
        return render_page(request, frame, "billing/auto_top_up/remove_card.html", context, current="auto_top_up")
    try:
        cards.remove(wallet_id=card.wallet_id, card_id=card.pk)
    except (ProviderError, ValidationError) as error:
        return _failed(request, error)
    messages.success(request, _("%(card)s is removed.") % {"card": said(card)})
    return SeeOther(reverse("auto_top_up"))


def _card(tenant: Tenant, card_id: int) -> Card:
    return tenant.one(Card, pk=card_id, removed_at__isnull=True)


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """Say that nothing changed, in the service's words where it has some for customers."""
    words = _("The provider did not answer. Nothing was changed; try again in a moment.")
    messages.error(request, " ".join(error.messages) if isinstance(error, ValidationError) else words)
    return SeeOther(reverse("auto_top_up"))
