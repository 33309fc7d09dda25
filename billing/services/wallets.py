"""A wallet comes into being with its account: with all its ledger accounts, its welcome bonus and first allotment."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from billing.models import GrantKind, LedgerAccount, LedgerAccountKind, ProductTerms, TransactionKind, Wallet
from billing.models.ledger import KINDS_PER_WALLET
from billing.services import calls
from billing.services.books import Books
from billing.services.credits import credit
from billing.services.grants import start_cycle
from billing.services.ledger import open_books, write
from organizations.models import Account


def open_wallet(*, account: Account) -> Wallet:
    """The account's wallet, made on the first call with what the product's terms give a new account.

    letustalk.md, 'Free promo credits': the welcome bonus, once. atllasx.md, 'Monthly Allotment': the first cycle
    starts at once. Raises ProductTerms.DoesNotExist for a product without terms.
    """
    terms = ProductTerms.objects.get(pk=account.product_id)
    with transaction.atomic():
        wallet, is_new = Wallet.objects.get_or_create(
            account=account,
            defaults={
                "currency": account.product.currency,
                "daily_cap": terms.daily_cap,
                "concurrency_limit": terms.concurrency_limit,
                "monthly_allotment": terms.monthly_allotment,
            },
        )
        if is_new:
            LedgerAccount.objects.bulk_create(
                LedgerAccount(
                    id=wallet.pk * KINDS_PER_WALLET + kind.value,
                    wallet=wallet,
                    currency=wallet.currency,
                    kind=kind.value,
                )
                for kind in LedgerAccountKind
            )
            _welcome(wallet, terms)
            if terms.monthly_allotment.amount > 0:
                start_cycle(wallet_id=wallet.pk)
            calls.take_stock(wallet_id=wallet.pk)
    return wallet


def set_frozen(*, wallet_id: int, is_frozen: bool) -> bool:
    """Freeze a wallet, so that no call starts, or let it go; says whether that changed anything.

    Under the wallet's lock: an authorisation either was answered before or sees it.
    """
    with transaction.atomic():
        books, _ = open_books([wallet_id])
        is_changed = freeze(books, wallet_id, is_frozen=is_frozen)
        write(books)
    return is_changed


def freeze(books: Books, wallet_id: int, *, is_frozen: bool) -> bool:
    """The same in open books, which the caller writes: what is told of calls follows from what the books say then."""
    wallet = books.wallets[wallet_id]
    if wallet.is_frozen == is_frozen:
        return False
    wallet.is_frozen = is_frozen
    books.touched.add(wallet_id)
    Wallet.objects.filter(pk=wallet_id).update(is_frozen=is_frozen)
    return True


def _welcome(wallet: Wallet, terms: ProductTerms) -> None:
    if terms.welcome_bonus.amount <= 0:
        return
    days = terms.welcome_bonus_days
    credit(
        wallet_id=wallet.pk,
        kind=GrantKind.PROMO,
        amount=terms.welcome_bonus.amount,
        key="welcome",
        transaction_kind=TransactionKind.WELCOME,
        description="Welcome bonus",
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )
