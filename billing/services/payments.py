"""Where a provider's payment becomes credit: the only place, once for each payment.

The caller has opened the wallet's books and checked that the facts are right. The ledger transaction, the paid lot that
it fills, the `Payment` row and the notice are written together; the unique key of (provider, reference) decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from billing.models import Payment, TopUp, TopUpOrigin, TransactionKind
from billing.providers.base import CardFacts, PaymentFacts
from billing.services import doorbells
from billing.services.books import Books, Note
from billing.services.ledger import write
from billing.services.state import WalletState
from notifications.models import Event
from notifications.services.notices import Told, tell
from organizations.languages import ENGLISH

# As cards call themselves, by Stripe's words for them.
BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "unknown": "Card",
}


@dataclass(frozen=True, slots=True)
class Share:
    """What one payment brings of a top-up: `amount` to the wallet, for `total` with `tax` in the price currency."""

    amount: Decimal
    tax: Decimal
    total: Decimal


def credit_payment(books: Books, top_up: TopUp, facts: PaymentFacts) -> Payment | None:
    """Credit the whole top-up by the payment of `facts`, and write the books; None when it was credited before."""
    share = Share(top_up.amount.amount, top_up.tax.amount, top_up.total.amount)
    return book_payment(books, top_up, facts, share)


def book_payment(books: Books, top_up: TopUp, facts: PaymentFacts, share: Share) -> Payment | None:
    """Credit `share` of the top-up by the payment of `facts`, and write the books; None when it was credited before.

    Nobody else can credit it meanwhile: the wallet is locked. Raises IntegrityError for a payment of another wallet.
    """
    if Payment.objects.filter(provider=top_up.provider, reference=facts.payment_reference, top_up=top_up).exists():
        return None
    wallet = books.wallets[top_up.wallet_id]
    taxed = share.tax if str(top_up.price_currency) == wallet.currency else Decimal(0)
    is_auto = top_up.origin == TopUpOrigin.AUTO
    posting = books.pay_in(
        wallet,
        share.amount,
        Note(
            (TransactionKind.AUTO_TOP_UP if is_auto else TransactionKind.TOP_UP).value,
            f"payment:{top_up.provider}:{facts.payment_reference}",
            description_of(top_up, facts.card),
            actor_id=top_up.created_by_id,
        ),
        tax=taxed,
        source=f"top_up:{top_up.pk}",
    )
    write(books)
    payment = Payment.objects.create(
        provider=top_up.provider,
        reference=facts.payment_reference,
        charge_reference=facts.charge_reference,
        top_up=top_up,
        wallet_id=top_up.wallet_id,
        currency=top_up.currency,
        amount=share.amount,
        price_currency=top_up.price_currency,
        tax=share.tax,
        total=share.total,
        charge_currency=top_up.charge_currency,
        charge_amount=facts.amount,
        grant_id=posting.transfers[0][3],
        transaction_number=posting.number,
        is_live=facts.is_live,
        card=card_words(facts.card) if facts.card else "",
        receipt_url=facts.receipt_url,
        details=dict(facts.details),
        paid_at=facts.paid_at or books.now,
        created_at=books.now,
    )
    _tell(top_up, payment, wallet)
    doorbells.ring("billing.issue_receipt", payment.pk)
    return payment


def description_of(top_up: TopUp, card: CardFacts | None) -> str:
    """What History calls the top-up (aipbx.md, 'Payment history'), in English as all that the ledger keeps."""
    if top_up.origin == TopUpOrigin.AUTO:
        saved = top_up.card if top_up.card_id else None
        words = card_words(card) if card else str(saved) if saved else ""
        return f"Automatic top-up ({words})" if words else "Automatic top-up"
    with translation.override(ENGLISH):
        way = top_up.get_provider_display()
    return f"Top-up ({way[0].lower() + way[1:] if ' ' in way else way})"


def card_words(card: CardFacts) -> str:
    """A card as a customer knows it."""
    return f"{BRANDS.get(card.brand, card.brand)} ending {card.last4}"


def result_url(top_up: TopUp) -> str:
    """The full address of the page that shows what became of a top-up."""
    return str(settings.SITE_URL) + reverse("top_up_result", args=[top_up.reference])


def _tell(top_up: TopUp, payment: Payment, wallet: WalletState) -> None:
    """What was added, what was paid, the balance now (atllasx.md, 'Auto Top-Off'), for `billing.letters.payments`."""
    is_auto = top_up.origin == TopUpOrigin.AUTO
    facts = {
        "top_up": str(top_up.reference),
        "amount": f"{payment.amount.amount:f}",
        "currency": wallet.currency,
        "paid": f"{payment.total.amount:f}",
        "tax": f"{payment.tax.amount:f}",
        "price_currency": str(top_up.price_currency),
        "charged": f"{payment.charge_amount.amount:f}",
        "charge_currency": str(payment.charge_currency),
        "card": payment.card,
        "provider": payment.provider,
        "balance": f"{wallet.balance:f}",
    }
    event = Event.AUTO_TOP_UP_DONE if is_auto else Event.TOPPED_UP
    key = f"payment:{payment.pk}:confirmation"
    tell(Told(wallet.account_id, event, key, subject=f"payment:{payment.pk}", facts=facts))
