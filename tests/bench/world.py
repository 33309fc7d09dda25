"""The benchmark's product, its key, and thousands of accounts with money, made set-wise in a few seconds."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal

from tests.bench.events import PRODUCT, PROJECT, account_name

BATCH = 1000  # events in an array, and wallets that one array touches
GROUPS = 4  # clients that send arrays, each for wallets of its own
PRODUCT_WALLETS = BATCH * GROUPS
REFERENCE_WALLETS = BATCH * GROUPS
WALLETS = PRODUCT_WALLETS + REFERENCE_WALLETS
HOT = WALLETS  # the one wallet that everybody charges: the product's, and after it the reference's
DEEP = WALLETS + 2  # wallets with a long history, one for each size of the ledger
SIZES = (10_000, 1_000_000, 10_000_000)  # ledger rows: transactions and transfers
TOTAL_WALLETS = WALLETS + 2 + len(SIZES)
MONEY = Decimal(10_000_000)

MAKE_ACCOUNTS = """
INSERT INTO organizations_account (product_id, external_id, name, email, country, timezone, language, status,
       created_at)
SELECT %s, 'bench-' || n, 'Bench ' || n, '', 'US', 'America/New_York', '', 'active', now()
  FROM generate_series(0, %s - 1) n ORDER BY n
"""
MAKE_PROJECTS = """
INSERT INTO organizations_project (account_id, external_id, name, mode, created_at)
SELECT id, %s, 'Front desk', 'live', now() FROM organizations_account WHERE product_id = %s ORDER BY id
"""
MAKE_LEDGER_ACCOUNTS = """
INSERT INTO billing_ledgeraccount (id, wallet_id, currency, kind)
SELECT w.id * %s + kind, w.id, w.currency, kind FROM billing_wallet w, unnest(%s::int[]) kind ORDER BY 1
"""
FIND = """
SELECT min(w.id), min(a.id) - min(w.id), min(p.id) - min(w.id), min(g.id) - min(w.id),
       count(*), max(w.id) - min(w.id) + 1
  FROM billing_wallet w JOIN organizations_account a ON a.id = w.account_id
  JOIN organizations_project p ON p.account_id = a.id JOIN billing_grant g ON g.wallet_id = w.id
 WHERE a.product_id = %s
"""


@dataclass(frozen=True)
class World:
    """Where everything is. Account, project and grant ids are the wallet's plus a constant."""

    key: str
    product_id: int
    service_id: int
    version_id: int
    first_wallet: int
    account_offset: int
    project_offset: int
    grant_offset: int

    def variables(self) -> dict[str, int]:
        """The ids that the reference scripts take as pgbench variables."""
        return {
            "service": self.service_id,
            "version": self.version_id,
            "account_offset": self.account_offset,
            "project_offset": self.project_offset,
            "grant_offset": self.grant_offset,
        }


def make_world() -> World:
    """Make it all in an empty, migrated database."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from organizations.models import Product, Service, ServiceKey
    from organizations.models.key import Scope
    from usage.models import RateCardVersion

    call_command("load_products", PRODUCT, stdout=io.StringIO())
    product = Product.objects.get(slug=PRODUCT)
    service = Service.objects.filter(product=product).earliest("id")
    _key, raw = ServiceKey.objects.create_key(name="bench", service=service, scopes=list(Scope.values))
    version_id = RateCardVersion.objects.get(card__product=product).pk
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MAKE_ACCOUNTS, [product.pk, TOTAL_WALLETS])
        cursor.execute(MAKE_PROJECTS, [PROJECT, product.pk])
        _open_wallets(product.pk)
    with connection.cursor() as cursor:
        cursor.execute(FIND, [product.pk])
        first, account, project, grant, count, span = cursor.fetchone()
        cursor.execute("ANALYZE")
    if not count == span == TOTAL_WALLETS:
        raise AssertionError("The benchmark counts on ids without gaps in its own, fresh database.")
    return World(raw, product.pk, service.pk, version_id, first, account, project, grant)


def _open_wallets(product_id: int) -> None:
    """Wallets, their ledger accounts and one paid grant each, the grants by way of the ledger itself."""
    from django.db import connection

    from billing.models import GrantKind, LedgerAccountKind, TransactionKind, Wallet
    from billing.models.ledger import KINDS_PER_WALLET
    from billing.services.books import Note
    from billing.services.ledger import open_books, write
    from organizations.models import Account

    accounts = Account.objects.filter(product_id=product_id).order_by("id").values_list("id", flat=True)
    wallets = Wallet.objects.bulk_create([Wallet(account_id=account, currency="USD") for account in accounts])
    with connection.cursor() as cursor:
        cursor.execute(MAKE_LEDGER_ACCOUNTS, [KINDS_PER_WALLET, list(LedgerAccountKind.values)])
    books, _reads = open_books([wallet.pk for wallet in wallets], transactions=len(wallets))
    for wallet in wallets:
        note = Note(TransactionKind.CREDIT.value, "bench", "Credit", "benchmark")
        books.grant(books.wallets[wallet.pk], GrantKind.PAID.value, MONEY, note, source="bench")
    write(books)


def product_account(index: int) -> str:
    """The identifier of one of the product's own wallets."""
    return account_name(index % PRODUCT_WALLETS)
