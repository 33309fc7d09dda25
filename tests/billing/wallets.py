"""A small product and its wallets, for tests of the ledger that need no prices."""

from __future__ import annotations

import itertools
from decimal import Decimal

from billing.models import GrantKind, ProductTerms, TransactionKind, Wallet
from billing.services.credits import credit
from billing.services.wallets import open_wallet
from organizations.models import Account, Product

_numbers = itertools.count(1)


def make_product(*, currency: str = "USD", welcome: str = "0", allotment: str = "0", **terms: object) -> Product:
    """A product with plain terms."""
    product = Product.objects.create(
        slug=f"product-{next(_numbers)}", name="Test", currency=currency, mark="mark-aipbx"
    )
    settings = {"floor": Decimal(0), "hold": Decimal("0.25"), "cost_per_minute": Decimal("0.03"), **terms}
    ProductTerms.objects.create(
        product=product,
        currency=currency,
        welcome_bonus=Decimal(welcome),
        monthly_allotment=Decimal(allotment),
        **settings,
    )
    return product


def make_wallet(product: Product | None = None, *, timezone: str = "UTC", paid: str = "0", promo: str = "0") -> Wallet:
    """A wallet of a new account, with credit in it."""
    account = Account.objects.create(
        product=product or make_product(), external_id=f"account-{next(_numbers)}", name="Acme", timezone=timezone
    )
    wallet = open_wallet(account=account)
    if Decimal(paid):
        give(wallet, GrantKind.PAID, paid)
    if Decimal(promo):
        give(wallet, GrantKind.PROMO, promo)
    return Wallet.objects.get(pk=wallet.pk)


def give(wallet: Wallet, kind: GrantKind, amount: str, **options: object) -> int | None:
    """Credit of one kind."""
    key = str(options.pop("key", f"credit-{next(_numbers)}"))
    return credit(
        wallet_id=wallet.pk,
        kind=kind,
        amount=Decimal(amount),
        key=key,
        transaction_kind=TransactionKind.CREDIT if kind == GrantKind.PAID else TransactionKind.PROMO,
        description="Test credit",
        **options,  # type: ignore[arg-type]
    )


def parts(wallet: Wallet) -> dict[str, Decimal]:
    """The wallet's cached balances, as plain numbers."""
    wallet.refresh_from_db()
    return {name: getattr(wallet, name).amount for name in ("paid", "promo", "allotment", "debt", "held")}
